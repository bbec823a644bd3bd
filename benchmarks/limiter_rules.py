"""
Rules of the limiters of LeRobot and of ros2_control, stated anew for joint positions.

Stated from what each does, with none of its code; read at these commits:

* LeRobot (huggingface/lerobot 7427f3180), `robots/utils.py`: a goal is at most
  `max_relative_target` away from the measured position.
* ros2_control (ros-controls/ros2_control 53b9999d1), `joint_limits/src`: the saturation and the
  soft limiter of a position interface, and the saturation limiter of trajectory points, which
  looks ahead for a stop.

Each is configured for the robot as well as its rule allows, and drives a robot that is one tick
later exactly where it was sent, so that no lag of a drive counts against it.
"""

from typing import Protocol

import numpy as np
from robot_runtime.core.types import Floats, Limits

NOTHING = 1e-10  # what ros2_control takes for zero


class Limiter(Protocol):
    """What stands between the target of a policy and the robot."""

    name: str

    def command(self, target: Floats) -> Floats | None:
        """Return what is sent to the robot in this tick, (J,) positions; None: nothing."""


class Follower:
    """What every peer knows: the limits, the period, and where its robot is and how fast."""

    def __init__(self, limits: Limits, start: Floats, dt_s: float) -> None:
        """Begin at rest at `start` (J,)."""
        self.limits, self.dt_s = limits, dt_s
        self.q, self.v = start.copy(), np.zeros(limits.count)

    def fits(self, target: Floats) -> bool:
        """Return whether the target has one value for each joint."""
        return target.shape == self.q.shape

    def followed(self, command: Floats, velocity: Floats | None = None) -> Floats:
        """Let the robot go to `command`; a joint whose value is not finite stays."""
        finite = np.isfinite(command)
        step = np.where(finite, command, self.q) - self.q
        self.v = step / self.dt_s if velocity is None else np.where(finite, velocity, 0.0)
        self.q = self.q + step
        return command

    def stayed(self) -> None:
        """Let the robot keep its last command, as a position controller does without one."""
        self.v = np.zeros_like(self.v)


class Unlimited(Follower):
    """The targets as they come, to show what was asked."""

    name = 'none'

    def command(self, target: Floats) -> Floats | None:
        """Pass the target on."""
        return self.followed(target) if self.fits(target) else self.stayed()


class RelativeTarget(Follower):
    """LeRobot's `max_relative_target`, with v_max * dt for each joint."""

    name = 'LeRobot max_relative_target'

    def command(self, target: Floats) -> Floats | None:
        """Cap the distance from the measured position; a wrong set of joints raises there."""
        if not self.fits(target):
            return self.stayed()
        cap, step = self.limits.velocity * self.dt_s, target - self.q
        step = np.where(step > cap, cap, step)  # what is not a number is no more than the cap
        step = np.where(step < -cap, -cap, step)
        return self.followed(self.q + step)


class Saturation(Follower):
    """ros2_control's default on a position interface."""

    name = 'ros2_control saturation'

    def command(self, target: Floats) -> Floats | None:
        """Clamp around the last command; the forward controller drops a wrong length."""
        if not self.fits(target):
            return self.stayed()
        low, high = self.reachable()
        return self.followed(np.clip(target, low, high))  # NaN stays NaN, as there

    def reachable(self) -> tuple[Floats, Floats]:
        """Return the least and the greatest position: speed plus what one tick may add to it."""
        limits = self.limits
        speed = np.minimum(limits.velocity, np.abs(self.v) + limits.acceleration * self.dt_s)
        low = np.maximum(np.minimum(self.q - speed * self.dt_s, limits.upper), limits.lower)
        high = np.minimum(np.maximum(self.q + speed * self.dt_s, low), limits.upper)
        return np.minimum(low, high), np.maximum(low, high)


class SoftLimits(Saturation):
    """
    ros2_control's soft limiter: the speed toward an end is k times what is left to it.

    Its soft range is the whole one, and k = a_max / v_max, so that the first braking is a_max.
    """

    name = 'ros2_control soft limits'

    def reachable(self) -> tuple[Floats, Floats]:
        """Return the bounds of saturation within those of the soft limits."""
        limits, k = self.limits, self.limits.acceleration / self.limits.velocity
        slowest = np.clip(k * (limits.lower - self.q), -limits.velocity, limits.velocity)
        fastest = np.clip(k * (limits.upper - self.q), -limits.velocity, limits.velocity)
        soft_low = np.clip(self.q + slowest * self.dt_s, limits.lower, limits.upper)
        soft_high = np.clip(self.q + fastest * self.dt_s, soft_low, limits.upper)
        low, high = super().reachable()
        low, high = np.maximum(low, soft_low), np.minimum(high, soft_high)
        empty = low > high
        return np.where(empty, soft_low, low), np.where(empty, soft_high, high)


class PointSaturation(Follower):
    """ros2_control's limiter of trajectory points, deceleration = acceleration."""

    name = 'ros2_control trajectory point'

    def command(self, target: Floats) -> Floats | None:
        """Limit velocity, then acceleration; all joints brake when one could not stop in time."""
        if not self.fits(target):
            return self.stayed()
        limits, dt, most = self.limits, self.dt_s, self.limits.acceleration
        position = np.clip(target, limits.lower, limits.upper)
        way = position - self.q
        velocity = np.where(np.abs(way) <= NOTHING, 0.0, way / dt)
        fast = np.abs(velocity) > limits.velocity
        velocity = np.where(fast, np.copysign(limits.velocity, velocity), velocity)
        position = np.where(fast, self.q + velocity * dt, position)
        gain = (velocity - self.v) / dt
        hard = np.abs(gain) > most
        gain = np.where(hard, np.copysign(most, gain), gain)
        velocity = np.where(hard, self.v + gain * dt, velocity)
        position = np.where(hard, self._after(gain), position)
        stop = velocity * velocity / (2.0 * most)
        near = (velocity < 0.0) & (self.q - limits.lower < stop)
        near |= (velocity > 0.0) & (limits.upper - self.q < 2.0 * stop)
        if near.any():
            gain = np.clip(-self.v / dt, -most, most)
            velocity, position = self.v + gain * dt, self._after(gain)
        return self.followed(position, velocity)

    def _after(self, gain: Floats) -> Floats:
        return self.q + self.v * self.dt_s + 0.5 * gain * self.dt_s**2
