"""Pacing: when the next tick is due, and how late the ticks were."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BIN_NS = 1_000
BINS = 20_000  # up to 20 ms; the last bin holds all that is later


@dataclass(slots=True)
class Pacer:
    """When the next tick is due. Knows no clock: it is told the time."""

    period_ns: int
    deadline_ns: int

    def advance(self, now_ns: int) -> int:
        """
        Move to the next deadline after `now_ns` and return how many were missed.

        Missed ticks are dropped, never made up: a burst of late commands is worse than a gap.
        """
        missed = max(0, (now_ns - self.deadline_ns) // self.period_ns)
        self.deadline_ns += (missed + 1) * self.period_ns
        return missed


def _bins() -> NDArray[np.int64]:
    return np.zeros(BINS, dtype=np.int64)


@dataclass(slots=True, eq=False)
class TickStats:
    """Histogram of lateness in bins of 1 µs, allocated once."""

    counts: NDArray[np.int64] = field(default_factory=_bins)
    ticks: int = 0
    missed: int = 0
    worst_ns: int = 0

    def record(self, lateness_ns: int, missed: int = 0) -> None:
        """Count one tick that began `lateness_ns` after its deadline, and the ticks it missed."""
        self.counts[min(max(0, lateness_ns // BIN_NS), BINS - 1)] += 1
        self.ticks += 1
        self.missed += missed
        if lateness_ns > self.worst_ns:
            self.worst_ns = lateness_ns

    def percentile(self, q: float) -> int:
        """
        Return the lateness [ns] that `q` percent of the ticks did not exceed; 0 without ticks.

        It is the upper edge of a bin, and never more than the worst tick.
        """
        if not 0.0 <= q <= 100.0:
            raise ValueError(f'percentile is {q}; allowed: 0 to 100')
        if self.ticks == 0:
            return 0
        rank = max(1.0, q / 100.0 * self.ticks)
        index = int(np.searchsorted(np.cumsum(self.counts), rank - 1e-9))
        # The last bin has no upper edge but the worst tick.
        return self.worst_ns if index >= BINS - 1 else min((index + 1) * BIN_NS, self.worst_ns)
