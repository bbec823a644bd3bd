"""Practice before the first tick: what is computed for the first time takes longest."""

import numpy as np
from robot_runtime.core.body import Body
from robot_runtime.core.clearance import cleared
from robot_runtime.core.limits import shape
from robot_runtime.core.types import Floats, Limits, Motion

TICKS = 40  # speeding up and braking again
SWING = 0.2  # share of the range, to where the motion is meant to go


def practise(
    body: Body | None, limits: Limits, groups: tuple[slice, ...], dt_s: float, home: Floats
) -> None:
    """
    Let the loop work through a motion that nobody sees, from `home` (J,) and back.

    The first look at distances on the way took 8 ms, two ticks of 250 Hz; later ones 0.5 ms.
    """
    if body is None:
        return
    middle = 0.5 * (limits.lower + limits.upper)
    away = home + SWING * (middle - home) + 0.05 * SWING * (limits.upper - limits.lower)
    last = Motion.at_rest(np.clip(home, limits.lower, limits.upper))
    for tick in range(TICKS):
        target = away if tick < TICKS // 2 else home
        shaped = shape(target, last, limits, dt_s, groups)
        last = cleared(body, shaped, last, target, limits, dt_s, groups).motion
