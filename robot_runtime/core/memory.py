"""Memory of a policy: what one inference hands to the next, and nothing else does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray
from robot_runtime.core.types import Floats

SECOND = 1_000_000_000
Frames = Mapping[str, tuple[NDArray[Any], ...]]  # of an input or a part of one, oldest first


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """
    What a policy knows of the observations before this one, in one engagement.

    It is handed in with an observation and comes back as a new one, so that the same inputs give
    the same chunks wherever they are computed. A new engagement begins with `Memory()`.
    """

    begun_ns: int | None = None  # stamp of the first observation of the engagement
    stamp_ns: int = 0  # of the last one
    steps: int = 0  # observations since the memory began
    action: Floats | None = None  # the graph's last row, before it was made into SI units
    frames: Frames = field(default_factory=dict)
    recurrent: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # by the graph's input
    lapses: int = 0  # how often it was given up because of a gap

    def at(self, stamp_ns: int, most_gap_ns: int) -> 'Memory':
        """
        Return what of it may be used for an observation at `stamp_ns`.

        After a gap above `most_gap_ns`, or a step back, only the time since the beginning is
        left: old frames would steer as if they were of just now.
        """
        if self.begun_ns is None:
            return replace(self, begun_ns=stamp_ns, stamp_ns=stamp_ns)
        if 0 <= stamp_ns - self.stamp_ns <= most_gap_ns:
            return self
        return Memory(min(self.begun_ns, stamp_ns), stamp_ns, lapses=self.lapses + 1)

    def time_s(self, stamp_ns: int) -> float:
        """Return the time since the first observation of the engagement [s]."""
        begun_ns = stamp_ns if self.begun_ns is None else self.begun_ns
        return (stamp_ns - begun_ns) / SECOND

    def then(
        self, stamp_ns: int, action: Floats, frames: Frames, recurrent: Mapping[str, NDArray[Any]]
    ) -> 'Memory':
        """Return the memory after an inference on the observation at `stamp_ns`."""
        return Memory(
            self.begun_ns, stamp_ns, self.steps + 1, action, frames, recurrent, self.lapses
        )
