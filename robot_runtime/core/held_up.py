"""A loop or a gate that was held up: both know by which rule the gate has gone on meanwhile."""

import numpy as np
from robot_runtime.core.coast import coast_step
from robot_runtime.core.control_state import ControlConfig, ControlState, GateView
from robot_runtime.core.types import Command

MOST = 12  # periods that are made up; after more the gate has given the engagement up
REMEMBERED = MOST + 2
LOOKED_BACK = 3  # commands that may have been on their way when the gate spoke


def slept(config: ControlConfig, state: ControlState, now_ns: int) -> int:
    """Return for how many periods the loop has sent nothing, 0 if the gate did not miss it."""
    period_ns, silent_ns = config.period_ns, now_ns - state.ticked_ns
    if silent_ns < period_ns * 11 // 8:  # the gate coasts after 12 eighths, and time is told late
        return 0
    count = (silent_ns + period_ns // 8) // period_ns
    return count if count <= MOST else 0


def coasted(
    config: ControlConfig, state: ControlState, gate: GateView | None, now_ns: int
) -> tuple[Command, ...]:
    """
    Return the commands to send where the gate has coasted or may have, () where it has not.

    A gate that misses commands goes on by a rule that both know (core/coast.py), one step in
    each period. The loop takes the same steps, from the last command that the gate had: whatever
    part of them the gate has sent, the next command continues it.
    """
    # Else the gate's steps depend on what it measured, or on distances, which take too long.
    known = config.kinds is None and config.body is None
    if not known or state.motion is None or len(state.sent) < 2 or state.tick < 2:
        return ()
    count, common = slept(config, state, now_ns), parted(config, state, gate)
    if not count and common is None:
        return ()
    index = len(state.sent) - 1 if common is None else common
    steps = state.tick + max(count, 1) - 1 - state.sent[index].tick
    return _coast(config, state, index, steps) if index > 0 and steps <= MOST else ()


def parted(config: ControlConfig, state: ControlState, gate: GateView | None) -> int | None:
    """Return which of the commands sent was the last before the gate coasted, None if none."""
    if gate is None or gate.latched or gate.epoch_ns != state.epoch_ns:
        return None
    index, known = gate.tick - state.sent[0].tick, len(state.sent)
    if not 0 < index < known + MOST:
        return None
    place = gate.motion.position
    if index < known and np.array_equal(state.sent[index].motion.position, place):
        return None
    newest = min(index, known) - 1  # the gate may be ahead of a loop that slept
    for last in range(newest, max(newest - LOOKED_BACK, 0), -1):
        own = _coast(config, state, last, index - last)[-1].motion.position
        if np.allclose(own, place, rtol=0.0, atol=1e-12):
            return last
    return None


def _coast(
    config: ControlConfig, state: ControlState, index: int, steps: int
) -> tuple[Command, ...]:
    """Return what the gate sends when command `index` of those sent is the last that came."""
    before, last = state.sent[index - 1].motion, state.sent[index].motion
    dt_s, tick = config.period_ns / 1e9, state.sent[index].tick
    jerk, commands = (last.acceleration - before.acceleration) / dt_s, list[Command]()
    for number in range(1, steps + 1):
        last = coast_step(last, jerk, number, config.coast_ticks, config.limits, dt_s)
        commands.append(Command(state.epoch_ns, tick + number, last))
    return tuple(commands)
