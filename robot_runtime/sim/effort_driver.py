"""Effort driver of the simulated joints: the newest effort, its time-out, the damping after."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from robot_runtime.sim.driver import OnTimeout, SECOND_NS

Floats = NDArray[np.float64]

DAMPED_AT = 2.0  # [rad/s] at which its own damping is all of its effort


class EffortDriver:
    """
    Joints of one group that take efforts; every time is an argument.

    It follows the newest command. `timeout_s` after the last one, `decelerate` damps the joints,
    whose velocities `felt` returns, and `hold` pushes no more: joints without friction then go
    on as they were.
    """

    def __init__(
        self,
        most: Floats,
        felt: Callable[[], Floats],
        timeout_s: float = 0.05,
        on_timeout: OnTimeout = 'decelerate',
    ) -> None:
        """Take the greatest efforts (J,)."""
        self._most, self._felt = most, felt
        self._timeout_s, self._on_timeout = timeout_s, on_timeout
        self.timeouts = 0  # how often commands stopped coming while the joints were pushed
        self.rest(np.zeros_like(most))

    def rest(self, position: Floats) -> None:
        """Forget all commands and push no more, wherever that is."""
        self._effort = np.zeros_like(self._most)
        self._last_ns: int | None = None
        self._counted = True

    def age_ns(self, now_ns: int) -> int | None:
        """Return how long ago the newest command came; None before the first."""
        return None if self._last_ns is None else now_ns - self._last_ns

    def command(self, effort: Floats, now_ns: int) -> None:
        """Follow `effort` (J,); a command that is not finite is dropped, as a fieldbus would."""
        if np.isfinite(effort).all():
            self._effort = np.array(effort, dtype=np.float64)
            self._last_ns, self._counted = now_ns, False

    def target(self, now_ns: int) -> Floats:
        """Return how hard the drives shall push at `now_ns`, (J,)."""
        if self._last_ns is None:
            return self._effort
        effort = self._effort
        if now_ns - self._last_ns > self._timeout_s * SECOND_NS:
            if not self._counted:
                self._counted = True
                self.timeouts += bool(effort.any())
            damped = -self._most / DAMPED_AT * self._felt()
            effort = damped * (self._on_timeout != 'hold')
        return np.minimum(np.maximum(effort, -self._most), self._most)
