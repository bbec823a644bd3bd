"""Setpoint shaper: the setpoint nearest to that wanted in its range, its rate and its effort."""

import numpy as np
from robot_runtime.core.limits import POSITION, Shaped, VELOCITY
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.core.types import Floats, Limits, Motion

EFFORT = 64  # flag, beside those of core/nearest.py


def shape_setpoints(
    joints: SetpointJoints,
    shaped: Shaped,
    wanted: Floats,
    last: Motion,
    position: Floats,
    velocity: Floats,
    limits: Limits,
    dt_s: float,
) -> Shaped:
    """
    Return `shaped` with the setpoints one tick after `last` that come nearest to `wanted`.

    All are of all joints, (J,); `position` and `velocity` are measured. A setpoint stays where
    its drive would make at most its share of the effort; one that is beyond, because the joint
    was pushed, comes back as fast as its rate lets it. No joint waits for another one.
    """
    k = joints.index
    here, aim, most = last.position[k], wanted[k], limits.velocity[k] * dt_s
    reach = joints.share * joints.effort / joints.stiffness
    centre = position[k] + joints.damping * velocity[k] / joints.stiffness
    bearable = np.clip(aim, centre - reach, centre + reach)
    inside = np.clip(bearable, limits.lower[k], limits.upper[k])
    near = np.abs(inside - here) <= most
    place = np.where(near, inside, here + np.copysign(most, inside - here))
    flags = (bearable != aim) * EFFORT | (inside != bearable) * POSITION | ~near * VELOCITY
    return _replaced(shaped, joints, last, place, flags.astype(np.uint8), dt_s)


def _replaced(
    shaped: Shaped,
    joints: SetpointJoints,
    last: Motion,
    place: Floats,
    flags: Floats,
    dt_s: float,
) -> Shaped:
    """Return `shaped` with the setpoints `place` (K,) and their derivatives."""
    k, active = joints.index, shaped.active.copy()
    motion = shaped.motion
    position, velocity = motion.position.copy(), motion.velocity.copy()
    acceleration = motion.acceleration.copy()
    position[k], active[k] = place, flags
    velocity[k] = (place - last.position[k]) / dt_s
    acceleration[k] = (velocity[k] - last.velocity[k]) / dt_s
    return Shaped(Motion(position, velocity, acceleration), active)
