"""Coast step: what the gate sends while a command is late and may still come."""

import numpy as np
from robot_runtime.core.brake import slow_down, stop_step
from robot_runtime.core.guard import rules
from robot_runtime.core.types import Limits, Motion

_RAMP_TICKS = 4  # from the held speed to the full stop


def coast_step(last: Motion, number: int, hold: int, limits: Limits, dt_s: float) -> Motion:
    """
    Return the coast step `number`, from 1, which keeps the return of a late command possible.

    For `hold` steps each joint keeps its speed, or loses it as fast as it did in `last`; then
    a ramp of four steps leads to the full stop. So a sender of constant speed or constant
    deceleration is met again exactly within the hold, at most one step into the ramp below the
    highest speed, and not later: braking for a step and catching up costs more than the
    acceleration that is allowed. A joint whose stop from the gentle step would end outside, or
    cross the velocity curve, takes a step of the full stop at once.
    """
    share = min(max(number - hold, 0) / _RAMP_TICKS, 1.0)
    losing = -last.acceleration * np.sign(last.velocity)
    loss = np.minimum(np.maximum(losing, share * limits.acceleration), limits.acceleration)
    gentle, full = slow_down(last, loss, dt_s), stop_step(last, limits, dt_s)
    safe = np.ones(np.shape(last.position), dtype=np.bool_)
    for rule in rules(gentle, last, 1, None, limits, dt_s):
        safe &= rule.kept
    return Motion(
        np.where(safe, gentle.position, full.position),
        np.where(safe, gentle.velocity, full.velocity),
        np.where(safe, gentle.acceleration, full.acceleration),
    )
