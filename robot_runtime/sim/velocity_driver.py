"""Velocity driver of the simulated joints: the newest velocity, its time-out, the ramp after."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.sim.driver import OnTimeout, SECOND_NS

Floats = NDArray[np.float64]


class VelocityDriver:
    """
    Joints of one group that take velocities; every time is an argument.

    It follows the newest command. `timeout_s` after the last one, `decelerate` slows down at
    `deceleration`, and `hold` stands at once: a driver without a time-out would go on for ever.
    """

    def __init__(
        self,
        most: Floats,
        deceleration: Floats,
        timeout_s: float = 0.05,
        on_timeout: OnTimeout = 'decelerate',
    ) -> None:
        """Take the greatest velocities (J,) and decelerations (J,)."""
        self._most, self._deceleration = most, deceleration
        self._timeout_s, self._on_timeout = timeout_s, on_timeout
        self.timeouts = 0  # how often commands stopped coming while the joints were moving
        self.rest(np.zeros_like(most))

    def rest(self, position: Floats) -> None:
        """Forget all commands and stand, wherever that is."""
        self._velocity = np.zeros_like(self._most)
        self._last_ns: int | None = None
        self._counted = True

    def age_ns(self, now_ns: int) -> int | None:
        """Return how long ago the newest command came; None before the first."""
        return None if self._last_ns is None else now_ns - self._last_ns

    def command(self, velocity: Floats, now_ns: int) -> None:
        """Follow `velocity` (J,); a command that is not finite is dropped, as a fieldbus would."""
        if np.isfinite(velocity).all():
            self._velocity = np.array(velocity, dtype=np.float64)
            self._last_ns, self._counted = now_ns, False

    def target(self, now_ns: int) -> Floats:
        """Return how fast the drives shall be at `now_ns`, (J,)."""
        if self._last_ns is None:
            return self._velocity
        velocity = self._velocity
        late_s = (now_ns - self._last_ns) / SECOND_NS - self._timeout_s
        if late_s > 0.0:
            if not self._counted:
                self._counted = True
                self.timeouts += bool(velocity.any())
            slower = np.maximum(np.abs(velocity) - self._deceleration * late_s, 0.0)
            velocity = np.copysign(slower, velocity) * (self._on_timeout != 'hold')
        return np.minimum(np.maximum(velocity, -self._most), self._most)
