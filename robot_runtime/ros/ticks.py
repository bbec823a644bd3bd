"""Ticks of a loop: its grid on a clock, and what to do when the clock is silent or set back."""

from collections.abc import Callable, Iterator

from robot_runtime.core.pacing import Pacer, TickStats
from robot_runtime.runtime.clock import Clock


def ticks(
    clock: Clock,
    period_ns: int,
    stats: TickStats,
    on_silence: Callable[[], bool],
    on_set_back: Callable[[int], None],
) -> Iterator[int]:
    """
    Yield the time of each tick; a tick that was slept through is counted, and not made up.

    Only a simulated clock is ever silent or set back. `on_silence` is then called ten times a
    second and says whether to go on; `on_set_back` is told the new time.
    """
    while not clock.now_ns() and not clock.sleep_until(1):
        if not on_silence():
            return
    now = clock.now_ns()
    pacer = Pacer(period_ns, now + period_ns)
    while True:
        if not clock.sleep_until(pacer.deadline_ns):
            if not on_silence():
                return
            continue
        now = clock.now_ns()
        if now < pacer.deadline_ns:
            on_set_back(now)
            pacer = Pacer(period_ns, now + period_ns)
            continue
        stats.record(now - pacer.deadline_ns)
        yield now
        stats.missed += pacer.advance(clock.now_ns())
