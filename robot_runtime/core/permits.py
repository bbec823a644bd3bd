"""Permits: signals from outside that must be right for the robot to move, each by its own rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from robot_runtime.core.stream import Sample


@dataclass(frozen=True, slots=True)
class Permit:
    """
    One signal: an enabling switch that is held, a heartbeat, a driver that says it is ready.

    The e-stop is another matter: it is heard even where it is not required.
    """

    name: str  # in the words of the robot file: 'deadman', 'heartbeat', 'driver'
    wanted: bool | None = True  # the value that lets the robot move; None: any value, a heartbeat
    timeout_ns: int | None = 200_000_000  # None: it is told once and stays (a latched topic)

    def lacking(self, heard: Sample[bool] | None, now_ns: int) -> str:
        """Return in words why this permit is not given, or ''."""
        if heard is None:
            return f'{self.name}: never heard'
        if self.wanted is not None and heard.value is not self.wanted:
            return f'{self.name}: is {heard.value}, must be {self.wanted}'
        if self.timeout_ns is None or heard.fresh(now_ns, self.timeout_ns):
            return ''
        age_ms = (now_ns - heard.received_ns) / 1e6
        return f'{self.name}: not heard for {age_ms:.1f} ms, allowed {self.timeout_ns / 1e6:g}'


def lacking(
    permits: Sequence[Permit], heard: Sequence[Sample[bool] | None], now_ns: int
) -> str:
    """Return why the first permit that is not given is not, or ''; both in the same order."""
    for permit, sample in zip(permits, heard, strict=True):
        problem = permit.lacking(sample, now_ns)
        if problem:
            return problem
    return ''
