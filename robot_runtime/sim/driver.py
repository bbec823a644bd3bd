"""Driver layer of the simulated joints: the newest command, its time-out and the stop after it."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OnTimeout = Literal['decelerate', 'hold']

SECOND_NS = 1_000_000_000
LATE_PERIODS = 2.0  # a command may come this late before the driver goes on by itself
RETURN_S = 0.02  # how quickly the target goes back to the commands after such a gap


class Driver:
    """
    Joints of one group, as the driver of a real robot treats them; every time is an argument.

    It follows the newest command. Is a command late, `decelerate` goes on at the last commanded
    velocity and, `timeout_s` after the last command, slows down at `deceleration`; `hold` keeps
    the last position at once. Either way it stays inside `lower` and `upper`.
    """

    def __init__(
        self,
        start: Floats,
        lower: Floats,
        upper: Floats,
        deceleration: Floats,
        period_s: float,
        timeout_s: float = 0.05,
        on_timeout: OnTimeout = 'decelerate',
    ) -> None:
        self._lower, self._upper, self._deceleration = lower, upper, deceleration
        self._period_s, self._timeout_s, self._on_timeout = period_s, timeout_s, on_timeout
        self._last_ns: int | None = None
        self.timeouts = 0  # how often commands stopped coming while the joints were moving
        self.rest(start)

    def rest(self, position: Floats) -> None:
        """Forget all commands and stand at `position` (J,)."""
        self._position = np.array(position, dtype=np.float64)
        self._velocity = np.zeros_like(self._position)
        self._target = self._position.copy()
        self._offset = np.zeros_like(self._position)
        self._offset_ns = 0
        self._plan: tuple[Floats, Floats, Floats | None] | None = None
        self._counted = True
        self._last_ns = None

    def age_ns(self, now_ns: int) -> int | None:
        """Return how long ago the newest command came; None before the first."""
        return None if self._last_ns is None else now_ns - self._last_ns

    def command(self, position: Floats, now_ns: int) -> None:
        """Follow `position` (J,); a command that is not finite is dropped, as a fieldbus would."""
        if not np.isfinite(position).all():
            return
        gone_on = self._last_ns is not None and self._late_s(now_ns) > 0.0
        if gone_on and self._on_timeout == 'decelerate' and self._plan is None:
            self._offset, self._offset_ns = self._follow(now_ns) - position, now_ns
        resumed = self._last_ns is None or now_ns - self._last_ns > self._timeout_s * SECOND_NS
        step = position - self._position
        self._velocity = np.zeros_like(step) if resumed else step / self._period_s
        self._position = np.array(position, dtype=np.float64)
        self._plan, self._last_ns, self._counted = None, now_ns, False

    def trajectory(
        self, times_s: Floats, positions: Floats, now_ns: int, velocities: Floats | None = None
    ) -> None:
        """
        Follow points (T, J) at `times_s` (T,) from now; the last is held, not timed out.

        As joint_trajectory_controller does: cubic between points that have velocities, else
        linear, and up to a first point that is still to come from where the joints are.
        """
        points = [positions] if velocities is None else [positions, velocities]
        if not all(np.isfinite(values).all() for values in (times_s, *points)):
            return
        start, speed = self.target(now_ns), self._speed(now_ns)
        if times_s[0] > 0.0:
            times_s = np.concatenate(([0.0], times_s))
            positions = np.vstack((start, positions))
            velocities = None if velocities is None else np.vstack((speed, velocities))
        self._plan = (times_s, positions, velocities)
        self._last_ns, self._counted = now_ns, True
        self._offset = np.zeros_like(start)
        self._position, self._velocity = positions[-1].copy(), np.zeros_like(start)

    def target(self, now_ns: int) -> Floats:
        """Return where the drives shall be at `now_ns`, (J,)."""
        wish = self._follow(now_ns)
        if self._offset_ns and self._offset.any():
            left = 1.0 - (now_ns - self._offset_ns) / SECOND_NS / RETURN_S
            wish = wish + max(0.0, left) ** 2 * self._offset
        return np.minimum(np.maximum(wish, self._lower), self._upper)

    def _late_s(self, now_ns: int) -> float:
        assert self._last_ns is not None
        return (now_ns - self._last_ns) / SECOND_NS - LATE_PERIODS * self._period_s

    def _follow(self, now_ns: int) -> Floats:
        if self._last_ns is None:
            return self._position
        if self._plan is not None:
            return self._on_plan((now_ns - self._last_ns) / SECOND_NS)[0]
        late_s = self._late_s(now_ns)
        if late_s <= 0.0:
            return self._position
        coast_s = self._timeout_s - LATE_PERIODS * self._period_s
        if late_s > coast_s and not self._counted:
            self._counted = True
            self.timeouts += bool(self._velocity.any())
        if self._on_timeout == 'hold':
            return self._position
        velocity = self._velocity
        stop_s = np.minimum(max(0.0, late_s - coast_s), np.abs(velocity) / self._deceleration)
        slowed = 0.5 * np.sign(velocity) * self._deceleration * stop_s * stop_s
        return self._position + velocity * (min(late_s, coast_s) + stop_s) - slowed

    def _speed(self, now_ns: int) -> Floats:
        """Return the velocity of the target."""
        if self._plan is None or self._last_ns is None:
            return self._velocity
        return self._on_plan((now_ns - self._last_ns) / SECOND_NS)[1]

    def _on_plan(self, at_s: float) -> tuple[Floats, Floats]:
        """Return position and velocity on the trajectory."""
        assert self._plan is not None
        times, points, speeds = self._plan
        k = int(np.searchsorted(times, at_s, side='right'))
        if k == 0 or k == len(times):
            return points[min(k, len(times) - 1)], np.zeros_like(self._position)
        span, s = times[k] - times[k - 1], (at_s - times[k - 1]) / (times[k] - times[k - 1])
        step, start = points[k] - points[k - 1], points[k - 1]
        if speeds is None:
            return start + s * step, step / span
        v0, v1 = speeds[k - 1] * span, speeds[k] * span
        c2, c3 = 3.0 * step - 2.0 * v0 - v1, v0 + v1 - 2.0 * step
        position = start + s * (v0 + s * (c2 + s * c3))
        return position, (v0 + s * (2.0 * c2 + 3.0 * s * c3)) / span
