"""Stepping: a chunk waits until the operator confirms it."""

from dataclasses import dataclass, replace

from robot_runtime.core.chunk import Chunk


@dataclass(frozen=True, slots=True, eq=False)
class Stepping:
    """The chunk that waits, and what is known of the policy meanwhile; times are steady."""

    pending: Chunk | None = None
    rest_ns: int = 0  # when the robot was last seen to move, or a chunk to be replayed
    heard_ns: int = 0  # when the last chunk came; 0: none has

    def moved(self, now_ns: int) -> 'Stepping':
        """Return it while the robot moves: what was seen before is of no use afterwards."""
        return replace(self, pending=None, rest_ns=now_ns)

    def offered(self, chunk: Chunk, now_ns: int) -> 'Stepping':
        """Return it with a chunk that came; it waits if it was seen since the robot stands."""
        stands = chunk.start_ns >= self.rest_ns
        newer = self.pending is None or chunk.stamp_ns > self.pending.stamp_ns
        pending = chunk if stands and newer else self.pending
        return replace(self, pending=pending, heard_ns=now_ns)

    def silent(self, now_ns: int, silence_ns: int) -> bool:
        """Return whether the policy has stopped sending chunks."""
        return bool(self.heard_ns) and now_ns - self.heard_ns > silence_ns
