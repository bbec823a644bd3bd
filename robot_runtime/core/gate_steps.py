"""Steps of the gate's own: while a command is late, and on the way to rest."""

from dataclasses import replace

import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.coast import coast_step
from robot_runtime.core.effort_stop import damped, held_back
from robot_runtime.core.fence import fenced
from robot_runtime.core.gate_state import felt_now, GateConfig, GateState, Phase
from robot_runtime.core.setpoint_guard import bearable
from robot_runtime.core.setpoint_stop import begun, followed, stop_setpoints
from robot_runtime.core.types import Motion
from robot_runtime.core.velocity_guard import held_inside


def coasting(config: GateConfig, state: GateState, last: Motion, number: int) -> Motion:
    """Return the coast step `number`, from 1, as far as place and surroundings let it."""
    jerk = np.zeros_like(last.position) if state.jerk is None else state.jerk
    motion = coast_step(last, jerk, number, config.hold_ticks, config.limits, config.dt_s)
    if config.body is not None:
        motion = fenced(config.body, motion, last, config.limits, config.dt_s)
    if config.velocity is not None:
        motion = held_inside(
            config.velocity, state.trail, motion, last, state.felt, config.dt_s, config.limits
        )
    if config.efforts is not None:
        motion = held_back(config.efforts, motion, last, state.felts, config.dt_s)
    return motion


def braking(
    config: GateConfig, state: GateState, last: Motion, now_ns: int
) -> tuple[GateState, Motion]:
    """
    Return the state after the next step of the stop, at REST once nothing moves, and it.

    Joints that take efforts may move again after that: then the stop goes on.
    """
    motion, joints = stop_step(last, config.limits, config.dt_s), config.setpoints
    goes_on, stopping, acts = motion.moves, state.stopping, False
    measured = felt_now(config, state, now_ns)
    if config.efforts is not None:
        motion, acts = damped(config.efforts, motion, last, measured, config.dt_s)
        goes_on = motion.moves or acts
    if joints is not None:
        if stopping is None:
            place = None if measured is None else measured.position
            stopping = begun(joints, last, place, config.limits, now_ns)
        stopping = followed(joints, stopping, last, measured, config.limits)
        reach = None if measured is None else bearable(joints, measured)
        motion = stop_setpoints(
            joints, stopping, motion, last, reach, config.limits, now_ns, config.dt_s
        )
        goes_on = motion.moves or not stopping.over(joints, motion, now_ns)
    phase = Phase.BRAKING if goes_on else Phase.REST
    return replace(
        state, state=phase, motion=motion, told=None, stopping=stopping, acts=acts
    ), motion
