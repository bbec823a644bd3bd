"""Effort shaper: the effort nearest to that wanted which keeps its joint slow and inside."""

from math import copysign, inf, sqrt

import numpy as np
from robot_runtime.core.effort_joints import EffortJoints, STILL
from robot_runtime.core.limits import POSITION, Shaped, VELOCITY
from robot_runtime.core.setpoint_shape import EFFORT
from robot_runtime.core.types import Floats, Motion

SHARE = 0.8  # of the speed that the gate allows: the rest is for what it measures later


def shape_efforts(
    joints: EffortJoints,
    shaped: Shaped,
    wanted: Floats | None,
    last: Motion,
    position: Floats,
    velocity: Floats | None,
    dt_s: float,
) -> Shaped:
    """
    Return `shaped` with the efforts one tick after `last` that come nearest to `wanted`, (J,).

    None for `wanted` is a stop by damping. `position` and `velocity` are measured; without a
    velocity the efforts go to zero. Speed is kept to a share of what the gate allows: from
    there on a joint is braked, with the whole of its damping where the gate asks for it.
    """
    k, active = joints.index, shaped.active.copy()
    efforts = np.zeros(len(k))
    for n, joint in enumerate(k.tolist()):
        here, step = float(last.position[joint]), float(joints.rate[n]) * dt_s
        wish, flags = 0.0, 0
        if velocity is not None:
            speed = float(velocity[joint])
            most = float(joints.effort[n])
            brake = min(max(-float(joints.damping[n]) * speed, -most), most)
            wish = brake if abs(speed) > STILL else 0.0
            if wanted is not None:
                wish = float(wanted[joint])
            low, high = _reach(joints, n, float(position[joint]), speed, brake)
            flags = POSITION * (abs(wish) > most) | EFFORT * (not low <= wish <= high)
            wish = min(max(wish, low), high)
        if abs(wish - here) > step:
            wish, flags = here + copysign(step, wish - here), flags | VELOCITY
        efforts[n], active[joint] = wish, flags
    return Shaped(shaped.motion.with_part(k, last.part(k).onto(efforts, dt_s)), active)


def _reach(
    joints: EffortJoints, n: int, place: float, speed: float, brake: float
) -> tuple[float, float]:
    """Return the lowest and the highest effort of one joint, of which `brake` is its damping."""
    ends, fastest = (float(joints.lower[n]), float(joints.upper[n])), float(joints.fastest[n])
    margin, most = float(joints.margin[n]), float(joints.effort[n])
    rate, response = float(joints.rate[n]), joints.response_s
    time_s = joints.settle_s + response + most / rate
    bounds = []
    for sense, gap in ((-1.0, place - ends[0]), (1.0, ends[1] - place)):
        limit = min((gap - margin) / time_s, fastest)
        along, cruise = sense * speed, SHARE * limit if limit > 0.0 else limit
        if along <= cruise:
            more = 2.0 * (cruise - along) * most / float(joints.gain[n]) / rate
            reach = min(rate * (sqrt(response * response + more) - response), most)
        else:
            band = max(limit - cruise, 0.0)
            harder = min((along - cruise) / band if band > 0.0 else inf, 1.0)
            reach = sense * brake * harder
        bounds.append(max(reach, sense * brake))
    return -bounds[0], bounds[1]
