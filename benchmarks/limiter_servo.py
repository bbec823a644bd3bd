"""
Rules of MoveIt Servo, stated anew for targets of joint positions.

Stated from what moveit/moveit2 8fcb5d232 does (`moveit_servo/src/servo.cpp`,
`moveit_core/online_signal_smoothing`), with none of its code: joint jog is scaled to the velocity
limits, halted before a position limit, and then smoothed by one of three plugins.
"""

from benchmarks.limiter_rules import Follower
import numpy as np
from robot_runtime.core.types import Floats, Limits
import ruckig

BUTTERWORTH = 1.5  # coefficient of the filter, Servo's default
SAME = 1e-4  # norm of a change that the acceleration plugin leaves out
MARGIN = 0.1  # [rad] Servo's default; more where a joint needs more to stop


class Servo(Follower):
    """
    MoveIt Servo's joint jog; a target becomes the velocity that reaches it in one period.

    Without a plugin for smoothing. Margins are wide enough for a stop within acceleration and
    jerk, and a joint at its margin halts alone.
    """

    name = 'Servo'

    def __init__(self, limits: Limits, start: Floats, dt_s: float) -> None:
        """Begin at rest at `start` (J,)."""
        super().__init__(limits, start, dt_s)
        ramp_s = limits.acceleration / limits.jerk
        stop = 0.5 * limits.velocity * (limits.velocity / limits.acceleration + ramp_s)
        self._margin = np.minimum(np.maximum(MARGIN, stop), 0.25 * (limits.upper - limits.lower))
        self.reset()

    def command(self, target: Floats) -> Floats | None:
        """Scale, halt, smooth; a NaN or a wrong length is invalid, and nothing is published."""
        wish = (target - self.q) / self.dt_s if self.fits(target) else np.array(np.nan)
        if np.isnan(wish).any():
            self.stayed()
            return self.reset()
        limits, moving = self.limits, wish != 0.0
        bounded = np.clip(wish, -limits.velocity, limits.velocity)
        share = min(1.0, (bounded[moving] / wish[moving]).min(initial=1.0))
        velocity = wish * share  # what is infinite, times zero, is NaN
        position = self.q + velocity * self.dt_s
        halt = (velocity < 0.0) & (position < limits.lower + self._margin)
        halt |= (velocity > 0.0) & (position > limits.upper - self._margin)
        position = np.where(halt, self.q, position)
        return self.followed(*self.smoothed(position, np.where(halt, 0.0, velocity)))

    def reset(self) -> None:
        """Let the plugin begin where the robot is."""

    def smoothed(self, position: Floats, velocity: Floats) -> tuple[Floats, Floats | None]:
        """Return what the plugin makes of a step."""
        return position, velocity


class ButterworthServo(Servo):
    """Servo with its default plugin, a low pass of first order on positions."""

    name = 'Servo, Butterworth'

    def reset(self) -> None:
        """Let the filter begin where the robot is."""
        self._input, self._output = self.q.copy(), self.q.copy()

    def smoothed(self, position: Floats, velocity: Floats) -> tuple[Floats, Floats | None]:
        """Return the filtered position."""
        kept = (BUTTERWORTH - 1.0) * self._output
        self._output = (position + self._input + kept) / (1.0 + BUTTERWORTH)
        self._input = position
        return self._output, None


class AccelerationServo(Servo):
    """Servo with the plugin that limits acceleration along the way to the step's end."""

    name = 'Servo, acceleration limit'

    def reset(self) -> None:
        """Let the plugin begin where the robot is."""
        self._q, self._v = self.q.copy(), self.v.copy()

    def smoothed(self, position: Floats, velocity: Floats) -> tuple[Floats, Floats | None]:
        """Return the point nearest to `position` on the way there that a_max allows, or brake."""
        q, v, dt, most = self._q, self._v, self.dt_s, self.limits.acceleration
        back = q - position  # times alpha is what is added to `position`
        if max(_norm(back), _norm(v - velocity)) < SAME:
            return q, v
        reach, middle = most * dt * dt, q + v * dt - position
        with np.errstate(divide='ignore'):
            ends = np.stack((middle - reach, middle + reach)) / back
        still = (back == 0.0) & (np.abs(middle) <= reach)  # any alpha will do
        least = np.where(still, 0.0, ends.min(axis=0)).max(initial=0.0)
        greatest = np.where(still, 1.0, ends.max(axis=0)).min(initial=1.0)
        if least <= greatest:
            self._q = position + least * back
            self._v = (self._q - q) / dt
        else:
            gain = -v / dt
            share = most / np.maximum(np.abs(gain), most)
            self._v = v + gain * share.min() * dt
            self._q = q + self._v * dt
        return self._q, self._v


class RuckigServo(Servo):
    """Servo with the plugin that calls Ruckig, the only one that limits jerk."""

    name = 'Servo, Ruckig'

    def reset(self) -> None:
        """Let Ruckig begin where the robot is, without acceleration."""
        limits, joints = self.limits, self.limits.count
        self._ruckig, self._out = ruckig.Ruckig(joints, self.dt_s), ruckig.OutputParameter(joints)
        wanted = self._in = ruckig.InputParameter(joints)
        wanted.max_velocity = limits.velocity.tolist()
        wanted.max_acceleration = limits.acceleration.tolist()
        wanted.max_jerk = limits.jerk.tolist()
        wanted.synchronization = ruckig.Synchronization.Phase
        wanted.current_position, wanted.current_velocity = self.q.tolist(), self.v.tolist()
        wanted.current_acceleration = [0.0] * joints
        self._goes_on = False

    def smoothed(self, position: Floats, velocity: Floats) -> tuple[Floats, Floats | None]:
        """Return Ruckig's next step to `position`; what it cannot plan passes as it is."""
        wanted, out = self._in, self._out
        if self._goes_on:
            out.pass_to_input(wanted)
        wanted.target_position = position.tolist()
        wanted.target_velocity = (
            np.array(wanted.current_velocity) + np.array(wanted.current_acceleration) * self.dt_s
        ).tolist()
        try:
            result = self._ruckig.update(wanted, out)
            good = (ruckig.Result.Working, ruckig.Result.Finished)
            self._goes_on = result in (*good, ruckig.Result.ErrorSynchronizationCalculation)
        except ruckig.RuckigError:
            self._goes_on = False
        if not self._goes_on:
            return position, velocity
        return np.array(out.new_position), np.array(out.new_velocity)


def _norm(x: Floats) -> float:
    return float(np.sqrt((x * x).sum()))
