"""Delays of chunks: how many ticks ran from an observation until its chunk could be followed."""

from dataclasses import dataclass
import math

KEPT = 100


@dataclass(frozen=True, slots=True)
class Delays:
    """The newest delays [ticks]: what was consumed meanwhile, and no estimate."""

    ticks: tuple[int, ...] = ()  # at most KEPT, the newest last

    def added(self, observed_ns: int, now_ns: int, period_ns: int) -> 'Delays':
        """Return them with a chunk that came at the tick of `now_ns`."""
        ran = max(0, -(-(now_ns - observed_ns) // period_ns))
        return Delays((*self.ticks[1 - KEPT:], ran))

    def quantile(self, share: float) -> int:
        """Return the delay [ticks] that `share` of them do not exceed; 0 without any."""
        if not 0.0 <= share <= 1.0:
            raise ValueError(f'share is {share}; allowed: 0 to 1')
        if not self.ticks:
            return 0
        rank = math.ceil(share * len(self.ticks) - 1e-9)
        return sorted(self.ticks)[max(rank, 1) - 1]
