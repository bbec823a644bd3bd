"""A loop that was held up: it goes on where the gate has taken the robot in the meantime."""

from robot_runtime.core.coast import coast_step
from robot_runtime.core.control_state import ControlConfig, ControlState
from robot_runtime.core.types import Command

MOST = 12  # periods that are made up; after more the gate has given the engagement up


def due(config: ControlConfig, state: ControlState, now_ns: int) -> int:
    """Return how many commands are due for a loop that the gate has missed, 0 if it has not."""
    period_ns, slept_ns = config.period_ns, now_ns - state.ticked_ns
    known = config.kinds is None and config.body is None  # else the gate's step holds more
    if state.motion is None or state.before is None or state.tick < 2 or not known:
        return 0
    if slept_ns < period_ns * 11 // 8:  # the gate coasts after 12 eighths, and time is told late
        return 0
    count = (slept_ns + period_ns // 8) // period_ns
    return count if count <= MOST else 0


def coasted(config: ControlConfig, state: ControlState, count: int) -> tuple[Command, ...]:
    """
    Return the `count` commands that are due.

    A gate that misses commands goes on by a rule that both know (core/coast.py), one step in
    each period. The loop takes the same steps, so that whatever part of them the gate has sent,
    the next command continues it.
    """
    last, before = state.motion, state.before
    assert last is not None
    assert before is not None
    dt_s = config.period_ns / 1e9
    jerk, commands = (last.acceleration - before.acceleration) / dt_s, list[Command]()
    for number in range(1, count + 1):
        last = coast_step(last, jerk, number, config.coast_ticks, config.limits, dt_s)
        commands.append(Command(state.epoch_ns, state.tick + number - 1, last))
    return tuple(commands)
