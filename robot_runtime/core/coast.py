"""Coast step: what the gate sends while a command is late and may still come."""

import numpy as np
from robot_runtime.core.brake import changed, landing, stop_step
from robot_runtime.core.guard import kept, rules
from robot_runtime.core.types import Floats, Limits, Motion


def hold_ticks(budget_ns: int, period_ns: int) -> int:
    """Return how many coast steps go on as the sender did: half the budget, at least two."""
    return max(2, budget_ns // (2 * period_ns))


def coast_step(
    last: Motion, jerk: Floats, number: int, hold: int, limits: Limits, dt_s: float
) -> Motion:
    """
    Return the coast step `number`, from 1, which keeps the return of a late command possible.

    For `hold` steps each joint goes on as the last command was going, at its `jerk`, until its
    acceleration is gone; then comes the full stop. So a sender that kept its speed, its
    acceleration or its jerk is met again exactly within the hold. Another one is refused: the
    way back to it would cost more jerk than is allowed. A joint whose stop from there would end
    outside, cross the velocity curve or turn round takes a step of the full stop at once. So does
    a joint that one tick of jerk can stop: a setpoint stays where it is.
    """
    full = stop_step(last, limits, dt_s)
    if number > hold:
        return full
    jump = limits.jerk * (dt_s * dt_s)
    most, gain = limits.acceleration * dt_s, last.acceleration * dt_s
    onward = np.clip(gain + np.clip(jerk * (dt_s * dt_s), -jump, jump), -most, most)
    onward = np.where(onward * gain > 0.0, onward, 0.0)  # once it is gone it does not come back
    gentle = changed(last, np.clip(onward, gain - jump, gain + jump), jump, dt_s)
    safe = kept(rules(gentle, last, 1, None, limits, dt_s))
    safe &= jump < limits.velocity
    safe &= -np.sign(gentle.velocity) * onward <= landing(np.abs(gentle.velocity), jump) + jump
    return gentle.where(safe, full)
