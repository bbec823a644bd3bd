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
    active = shaped.active.copy()
    active[k] = flags
    return Shaped(shaped.motion.with_part(k, last.part(k).onto(place, dt_s)), active)
