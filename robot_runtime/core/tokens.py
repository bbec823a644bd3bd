"""Token bucket that keeps the time told by commands from running ahead of the gate's clock."""

from dataclasses import dataclass, replace

MOST_WAITED = 5  # periods; more than that is never sent at once


def burst_of(budget_ns: int, period_ns: int) -> int:
    """
    Return how many commands may have waited for a gate that was held up within its budget.

    One more may be under way at either end, as both loops wake at times of their own.
    """
    return min(budget_ns // period_ns, MOST_WAITED) + 2


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """
    Credit of message time; one period is earned per period of the gate's steady clock.

    A command costs as many periods as its tick is ahead of the last one, so that skipping ticks
    buys no speed: over any time T at most T / period + max(burst, ticks of one command) ticks
    pass. Integers only, hence no drift between two processes on the clock of one host.
    """

    period_ns: int
    burst: int
    credit_ns: int
    updated_ns: int

    @classmethod
    def full(cls, period_ns: int, now_ns: int, burst: int = 3) -> 'TokenBucket':
        """Return a bucket from which `burst` commands may be taken at once."""
        return cls(period_ns, burst, burst * period_ns, now_ns)

    def take(self, now_ns: int, ticks: int = 1) -> tuple['TokenBucket', bool]:
        """Return the bucket without `ticks` periods, and whether it held as many."""
        # a command that skips lost ticks may use the time that those ticks left behind
        credit = self._earned(now_ns, max(self.burst, ticks)) - ticks * self.period_ns
        if credit < 0:
            return self._holding(self._earned(now_ns, self.burst), now_ns), False
        return self._holding(credit, now_ns), True

    def spend(self, now_ns: int) -> 'TokenBucket':
        """Return the bucket after a tick of the gate's own, which needs no leave."""
        return self._holding(max(self._earned(now_ns, self.burst) - self.period_ns, 0), now_ns)

    def _earned(self, now_ns: int, most: int) -> int:
        elapsed = max(now_ns - self.updated_ns, 0)
        return min(self.credit_ns + elapsed, most * self.period_ns)

    def _holding(self, credit_ns: int, now_ns: int) -> 'TokenBucket':
        credit = min(credit_ns, self.burst * self.period_ns)
        return replace(self, credit_ns=credit, updated_ns=max(now_ns, self.updated_ns))
