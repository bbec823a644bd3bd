"""Trail: what the gate had sent at each moment of the last while."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """Positions of K joints as the gate had sent them when it looked, oldest first."""

    times_ns: NDArray[np.int64]  # (N,) steady clock
    places: Floats  # (N, K)

    @classmethod
    def begun(cls, now_ns: int, place: Floats) -> 'Trail':
        """Return the trail that begins now."""
        return cls(np.array([now_ns], np.int64), place[np.newaxis].copy())

    def added(self, now_ns: int, place: Floats, keep_ns: int) -> 'Trail':
        """Return the trail with one more place; of those older than `keep_ns`, one stays."""
        first = max(int(np.searchsorted(self.times_ns, now_ns - keep_ns, side='right')) - 1, 0)
        return Trail(
            np.append(self.times_ns[first:], now_ns), np.vstack((self.places[first:], place))
        )

    def between(self, from_ns: int, to_ns: int) -> tuple[Floats, Floats]:
        """
        Return the lowest and the highest place that was in force from one moment to another.

        What had been sent before the first one was in force as well; a trail that is too short
        begins with a joint that stood.
        """
        first = max(int(np.searchsorted(self.times_ns, from_ns, side='right')) - 1, 0)
        end = max(int(np.searchsorted(self.times_ns, to_ns, side='right')), first + 1)
        seen = self.places[first:end]
        return seen.min(axis=0), seen.max(axis=0)
