"""Chunks that a policy has sent, and what will be left of them when a new one is to follow."""

from dataclasses import dataclass, replace

import numpy as np
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.types import Floats

KEPT = 8
HEARD_WITHIN_NS = 300_000_000  # what control has taken stands in its status by then


@dataclass(frozen=True, slots=True, eq=False)
class Leftover:
    """What is executed from an observation on, at the instants of the rows of its chunk."""

    rows: Floats  # (H, J); past the end the last one is held
    length: int  # of them that are left
    delay: int  # of them that will have passed when the new chunk comes


@dataclass(frozen=True, slots=True, eq=False)
class SentChunks:
    """
    The newest chunks sent in this engagement, on the senders' ROS clock, and what control says.

    What is executed is the newest one, unless control has had time to say that it took another.
    """

    chunks: tuple[Chunk, ...] = ()  # `start_ns` and `stamp_ns` are those of the observation
    sent_ns: tuple[int, ...] = ()  # our steady clock
    taken_ns: int = 0  # stamp of the newest that control has taken
    delay_ns: int = 0  # from an observation to its chunk, as it is to be expected
    speed: float = 1.0  # of the chunks' clock

    def restarted(self) -> 'SentChunks':
        """Return it for a new engagement, which goes on from nothing."""
        return replace(self, chunks=(), sent_ns=(), taken_ns=0)

    def added(self, chunk: Chunk, now_ns: int) -> 'SentChunks':
        """Return it with a chunk that was sent at `now_ns`."""
        return replace(
            self, chunks=(*self.chunks, chunk)[-KEPT:], sent_ns=(*self.sent_ns, now_ns)[-KEPT:]
        )

    def heard(self, taken_ns: int, delay_ns: int, speed: float) -> 'SentChunks':
        """Return it after a status of control; a delay of 0 was not measured yet."""
        return replace(self, taken_ns=taken_ns, delay_ns=delay_ns or self.delay_ns, speed=speed)

    def executed(self, now_ns: int) -> Chunk | None:
        """Return the chunk that control executes, as it runs there; None: nothing."""
        for chunk, sent_ns in zip(reversed(self.chunks), reversed(self.sent_ns), strict=True):
            if chunk.stamp_ns <= self.taken_ns or now_ns - sent_ns < HEARD_WITHIN_NS:
                return chunk.at_speed(self.speed)
        return None

    def leftover(self, stamp_ns: int, now_ns: int, count: int) -> Leftover | None:
        """
        Return what is executed from an observation at `stamp_ns` on, in `count` rows.

        Rows are found by the clock, so that they fit the new chunk however the two are apart.
        None when nothing is left.
        """
        chunk = self.executed(now_ns)
        if chunk is None or not chunk.start_ns <= stamp_ns:
            return None
        last_ns = chunk.end_ns - chunk.step_ns
        left = (last_ns - stamp_ns) // chunk.step_ns + 1
        if left <= 0:
            return None
        times = [min(stamp_ns + i * chunk.step_ns, last_ns) for i in range(count)]
        rows = [row for row in map(chunk.at, times) if row is not None]
        length = min(left, count)
        delay = min(-(-self.delay_ns // chunk.step_ns), length)
        return Leftover(np.array(rows), length, delay)


def reanchored(rows: Floats, place: Floats) -> Floats:
    """Return rows (H, J) of positions as ways from `place`, (J,): of the new observation."""
    return rows - place
