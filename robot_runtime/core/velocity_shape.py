"""Velocity shaper: the velocities nearest to those wanted that the limits allow one tick later."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.limits import Shaped, steer, VELOCITY
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion
from robot_runtime.core.velocity_joints import VelocityJoints

SAME_SPEED = 1e-9  # [rad/s] or [m/s] as far as rounding goes


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Velocities (N, K) commanded in the last ticks, oldest first."""

    velocities: Floats

    @classmethod
    def none(cls, joints: VelocityJoints, period_ns: int, oldest_ns: int) -> 'Recent':
        """Return those of joints that stood, as long as a measurement may be old."""
        ticks = -(-(oldest_ns + joints.response_ns) // period_ns) + 1
        return cls(np.zeros((ticks, len(joints.index))))

    def added(self, velocity: Floats) -> 'Recent':
        """Return them one tick later."""
        return Recent(np.vstack((self.velocities[1:], velocity)))

    def way(self, ticks: float) -> Floats:
        """Return the sum over the last `ticks`, which need not be whole, (K,)."""
        whole = min(int(ticks), len(self.velocities))
        way: Floats = self.velocities[len(self.velocities) - whole:].sum(axis=0)
        if whole < len(self.velocities):
            way = way + (ticks - whole) * self.velocities[len(self.velocities) - whole - 1]
        return way


def shape_velocity(
    joints: VelocityJoints,
    wanted: Floats,
    last: Motion,
    recent: Recent,
    measured: Sample[Floats],
    now_ns: int,
    dt_s: float,
) -> Shaped:
    """
    Return the motion (K,) one tick after `last` (K,) that takes up the velocities `wanted` (K,).

    Where a joint is: its measured position (J,), and the way that it was told to go since then
    and had not gone yet. At its speed of now it may be further: the longer way counts. A group
    changes its velocity in one direction. Raise ValueError for a velocity that is not finite.
    """
    if not np.isfinite(wanted).all():
        raise ValueError(f'velocity {wanted} is not finite')
    ticks = max(now_ns - measured.received_ns + joints.response_ns, 0) / (dt_s * 1e9)
    told, going = recent.way(ticks) * dt_s, last.velocity * (ticks * dt_s)
    ahead = np.where(told + going >= 0.0, np.maximum(told, going), np.minimum(told, going))
    place = measured.value[joints.index] + ahead
    here = Motion(place, last.velocity, last.acceleration)
    still = np.zeros_like(wanted)
    steered = steer(wanted, still, here, joints.kept, dt_s, joints.groups)
    velocity = steered.velocity
    motion = Motion(last.position + velocity * dt_s, velocity, steered.acceleration)
    flags = (np.abs(velocity - wanted) > SAME_SPEED) * np.uint8(VELOCITY)
    return Shaped(motion, flags.astype(np.uint8))
