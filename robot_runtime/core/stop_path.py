"""Path of the gate's own stop: where it is after any number of ticks, without stepping there."""

import numpy as np
from robot_runtime.core.brake import (
    first_sense,
    held_ticks,
    landing,
    ramp_ticks,
    ticks_to_turn,
)
from robot_runtime.core.types import Floats, Limits, Motion


class StopPath:
    """Stop from one motion (J,), in four parts: let go and turn, brake harder, hold, let go."""

    def __init__(self, motion: Motion, limits: Limits, dt_s: float) -> None:
        """Take the motion that the stop begins with."""
        self._begin, self._dt_s = motion.position, dt_s
        self._jump = jump = limits.jerk * (dt_s * dt_s)
        self._most = most = limits.acceleration * dt_s
        self._sign = first_sense(motion.velocity, motion.acceleration)
        self._speed = np.abs(motion.velocity)
        self._gain = self._sign * motion.acceleration * dt_s
        self._turn = n = ticks_to_turn(self._speed, self._gain, jump)
        after = self._speed + n * (self._gain + 0.5 * jump * (n + 1.0))
        self._after = np.abs(after)
        gain = self._gain + n * jump
        self._braking = np.minimum(np.where(n > 0.0, gain, -gain), most)
        self._ramp = n = ramp_ticks(self._after, self._braking / jump, most, jump)
        left = self._after - n * self._braking - 0.5 * jump * n * (n + 1.0)
        self._held = n = held_ticks(left, most, jump)
        self._last = np.maximum(left - n * most, 0.0)
        self._landing = landing(self._last, jump)
        self._release = np.floor(self._landing / jump) + 1.0

    @property
    def ticks(self) -> int:
        """Return after how many ticks every joint stands."""
        if not (self._speed.any() or self._gain.any()):
            return 0
        return int((self._turn + self._ramp + self._held + self._release).max())

    @property
    def turns(self) -> Floats:
        """Return the ticks just before and after which a joint turns round."""
        turn = self._turn[self._turn > 0.0]
        return np.concatenate((turn - 1.0, turn))

    def after(self, ticks: Floats) -> Floats:
        """Return the positions (K, J) after each of `ticks` (K,)."""
        t = ticks[:, np.newaxis]
        n = np.minimum(t, self._turn)
        there = _way(n, self._speed, -self._gain - self._jump, -self._jump)
        t = t - n
        n = np.minimum(t, self._ramp)
        way = _way(n, self._after, self._braking + self._jump, self._jump)
        speed = self._after - self._ramp * (self._braking + 0.5 * self._jump * (self._ramp + 1.0))
        t = t - n
        n = np.minimum(t, self._held)
        way = way + _way(n, speed, self._most, 0.0)
        n = np.minimum(t - n, self._release)
        way = way + _way(n, self._last, self._landing, -self._jump)
        sign = np.where(self._turn > 0.0, -self._sign, self._sign)
        position: Floats = self._begin + (self._sign * there + sign * way) * self._dt_s
        return position


def _way(ticks: Floats, speed: Floats, loss: Floats, more: Floats | float) -> Floats:
    """Return the sum of the first speeds when the first loss grows by `more` from tick to tick."""
    pairs = 0.5 * ticks * (ticks + 1.0)
    way: Floats = ticks * speed - pairs * loss - pairs * (ticks - 1.0) / 3.0 * more
    return way
