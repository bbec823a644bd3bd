"""Control tick: from what is known now to the next command; a function of its arguments alone."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core import handover
from robot_runtime.core.chunk_intake import clock_set, take_in
from robot_runtime.core.clearance import cleared
from robot_runtime.core.clock_step import stepped
from robot_runtime.core.control_events import gate_silence, obey, take_over, unusable
from robot_runtime.core.control_state import (
    ControlConfig,
    ControlInputs,
    ControlReport,
    ControlState,
    faulted,
    GateView,
    initial,
    Notes,
)
from robot_runtime.core.driven import driven
from robot_runtime.core.gate_state import COMMAND_LATE
from robot_runtime.core.held_up import coasted, REMEMBERED, slept
from robot_runtime.core.kinds import shape_kinds
from robot_runtime.core.limits import ramp_to_rest, shape, Shaped
from robot_runtime.core.mode import ENGAGED, Event, LISTENING, Mode, next_mode
from robot_runtime.core.schedule import ahead, sample, speaking
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Motion
from robot_runtime.core.velocity_shape import Recent

__all__ = [
    'ControlConfig',
    'ControlInputs',
    'ControlReport',
    'ControlState',
    'GateView',
    'initial',
    'LATE_STOP',
    'step',
]

LATE_STOP = f'the gate is latched: {COMMAND_LATE}'  # such a stop may be let go of by itself
ESTOP = 'e-stop'  # how the reason of the gate then begins
HOME_TOLERANCE = 1e-4  # [rad] or [m]
FOREVER_NS = 1 << 62


def step(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    now_ns: int,
    ros_now_ns: int,
) -> tuple[ControlState, Command | None, ControlReport]:
    """
    Return the state after one tick, the command to send if any, and what happened.

    The motion advances by exactly one period, however late the tick is. After a sleep it follows
    the gate (core/held_up.py), with commands of the missed ticks that are to be sent first.
    """
    notes, before = Notes(), state.mode
    if inputs.clock_step_ns:
        state = clock_set(state, inputs.clock_step_ns, now_ns, ros_now_ns)
        notes.refused.append(stepped(inputs.clock_step_ns))
    state = _watch(config, state, inputs, now_ns)
    for event in inputs.events:
        state = obey(config, state, inputs, event, now_ns, ros_now_ns, notes)
    state, taken = take_over(config, state, inputs.teleop, now_ns, ros_now_ns, notes)
    if state.leaving and state.motion is not None and not state.motion.moves:
        state = replace(state, mode=Mode.IDLE, motion=None, leaving=False)
    if state.mode in LISTENING:
        state = take_in(config, state, inputs.chunks, inputs.misread, now_ns, notes)
    state = _at_home(config, state, now_ns, notes)
    if state.mode is not before:
        state = replace(state, since_ros_ns=ros_now_ns)

    target, chunk_stamp_ns, late, command = None, 0, False, None
    made_up = list[Command]()
    active = np.zeros(config.limits.count, dtype=np.uint8)
    if state.motion is not None:
        motion, target = state.motion, _wanted(config, state, now_ns)
        if state.mode in LISTENING:
            chunk = speaking(state.schedule, now_ns)
            late = target is None and chunk is not None and not config.step
            chunk_stamp_ns = chunk.stamp_ns if chunk is not None and target is not None else 0
        state = _compared(state, inputs, target)
        if late:
            state = replace(state, late=state.late + 1)
        state, commands, target, active = _commands(
            config, state, motion, target, now_ns, inputs
        )
        *made_up, command = commands
    report = ControlReport(
        mode=state.mode, fault=state.fault, target=target, active=active, late=late,
        chunk_stamp_ns=chunk_stamp_ns,
        merged=tuple(notes.merged),
        policy_epoch=state.policy_epoch,
        refused=tuple(notes.refused),
        teleop=taken,
        made_up=tuple(made_up),
    )
    return state, command, report


def _commands(
    config: ControlConfig,
    state: ControlState,
    motion: Motion,
    target: Floats | None,
    now_ns: int,
    inputs: ControlInputs,
) -> tuple[ControlState, tuple[Command, ...], Floats | None, NDArray[np.uint8]]:
    """Return the state, what to send, what was aimed at, and which limits were active."""
    active = np.zeros(config.limits.count, dtype=np.uint8)
    if commands := coasted(config, state, inputs.gate, now_ns):
        periods = slept(config, state, now_ns)
        ticked_ns = state.ticked_ns + periods * config.period_ns if periods else now_ns
        return _sent(state, commands, ticked_ns), commands, target, active
    if state.tick > 0:  # the first command of an epoch is the seed itself
        state, target, shaped = _advance(
            config, state, motion, target, now_ns, inputs.measured
        )
        wanted = None if state.mode is Mode.SHADOW else target
        shaped = driven(config, shaped, wanted, motion, now_ns, inputs)
        motion, active = shaped.motion, shaped.active
    commands = (Command(state.epoch_ns, state.tick, motion),)
    return _sent(state, commands, now_ns), commands, target, active


def _sent(state: ControlState, commands: tuple[Command, ...], ticked_ns: int) -> ControlState:
    """Return the state after `commands`, the last of which was for the tick of `ticked_ns`."""
    begin, last = commands[0].tick, commands[-1]
    kept = tuple(old for old in state.sent if old.tick < begin) if begin else ()
    sent = (*kept, *commands)[-REMEMBERED:]
    return replace(
        state, motion=last.motion, sent=sent, tick=last.tick + 1, ticked_ns=ticked_ns
    )


def _watch(
    config: ControlConfig, state: ControlState, inputs: ControlInputs, now_ns: int
) -> ControlState:
    """Return the state after the detectors: of the gate, the joint state, and those outside."""
    gate = inputs.gate
    if gate is not None and gate.latched:
        # The gate has stopped the robot by itself; anything sent now would be refused.
        event = Event.ESTOP if gate.reason.startswith(ESTOP) else Event.FAULT
        late = state.mode is Mode.POLICY and gate.reason.startswith(COMMAND_LATE)
        stopped = replace(state, motion=None, resumable=state.resumable or late)
        return faulted(stopped, f'the gate is latched: {gate.reason}', event)
    if state.mode in ENGAGED:
        problem = unusable(config, inputs, now_ns) or inputs.trouble
        problem = problem or gate_silence(config, gate, now_ns)
        if problem:
            return faulted(state, problem)
    return state


def _at_home(
    config: ControlConfig, state: ControlState, now_ns: int, notes: Notes
) -> ControlState:
    """Return the state in HOLD when the way home is over and the robot stands."""
    home, motion = state.home, state.motion
    if state.mode is not Mode.HOME or home is None or motion is None:
        return state
    if now_ns < home.end_ns or motion.moves:
        return state
    away = np.abs(motion.position - home.rows[-1])
    joint = int(np.argmax(away))
    if away[joint] > HOME_TOLERANCE:
        name = config.names[joint] if config.names else f'joint {joint}'
        notes.refused.append(f'HOME ended: {name} is {away[joint]:.4g} from home')
    return replace(state, mode=next_mode(state.mode, Event.HOLD))


def _wanted(config: ControlConfig, state: ControlState, now_ns: int) -> Floats | None:
    """Return what the mode wants the robot to be at `now_ns`, (J,), None for a stop."""
    if state.mode in LISTENING:
        return sample(state.schedule, now_ns, config.late_after_ns)
    if state.mode is Mode.TELEOP and state.teleop is not None:
        return state.teleop.at(now_ns)
    if state.mode is Mode.HOME and state.home is not None:
        return state.home.at(now_ns, FOREVER_NS)
    return None


def _compared(state: ControlState, inputs: ControlInputs, target: Floats | None) -> ControlState:
    """Return the state after one more comparison of the policy with the robot, in SHADOW."""
    if state.mode is not Mode.SHADOW or state.shadow is None:
        return state
    if target is None or inputs.measured is None:
        return state
    return replace(state, shadow=state.shadow.added(target, inputs.measured.value))


def _advance(
    config: ControlConfig,
    state: ControlState,
    last: Motion,
    target: Floats | None,
    now_ns: int,
    measured: Sample[Floats] | None,
) -> tuple[ControlState, Floats | None, Shaped]:
    """
    Return the state, what was aimed at, and the motion one period after `last`.

    It goes toward `target`, which fades in where a mode has begun, or to rest without one.
    """
    dt_s = config.period_ns / 1e9
    blind = config.kinds is not None and measured is None
    if target is None or blind or state.mode is Mode.SHADOW:
        motion = ramp_to_rest(last, config.limits, dt_s)
        shaped = Shaped(motion, np.zeros(config.limits.count, dtype=np.uint8))
        return _with(_told(config, state, motion), None, state.fresh), target, shaped
    soon_ns = now_ns + config.period_ns
    if state.mode is Mode.POLICY:
        soon = ahead(state.schedule, now_ns, soon_ns, target, config.late_after_ns)
    else:
        soon = _wanted(config, state, soon_ns)
    fading = state.handover
    if state.fresh:
        length_ns = config.handover_ns
        rates = None if config.kinds is None else config.kinds.velocity.index
        fading = handover.begun(last, config.limits, dt_s, now_ns, length_ns, rates)
    elif fading is not None:
        fading = handover.stepped(fading, config.limits, dt_s)
    if fading is not None and fading.over(now_ns):
        fading = None
    aim = target
    if fading is not None:
        aim = fading.faded(target, now_ns)
        after = handover.stepped(fading, config.limits, dt_s)
        soon = after.faded(target if soon is None else soon, soon_ns)
    drift = None if soon is None else (soon - aim) / dt_s
    if config.kinds is not None and measured is not None:
        recent = _recent(config, state)
        shaped, recent = shape_kinds(
            config.kinds, aim, drift, last, recent, measured, now_ns, dt_s
        )
        return _with(replace(state, recent=recent), fading, fresh=False), aim, shaped
    shaped = shape(aim, last, config.limits, dt_s, config.groups, drift)
    shaped = cleared(config.body, shaped, last, aim, config.limits, dt_s, config.groups)
    return _with(state, fading, fresh=False), aim, shaped


def _recent(config: ControlConfig, state: ControlState) -> Recent:
    """Return what joints that take velocities were told; an engagement begins at rest."""
    assert config.kinds is not None
    if state.recent is not None and state.tick > 1:
        return state.recent
    return Recent.none(config.kinds.velocity, config.period_ns, config.state_timeout_ns)


def _told(config: ControlConfig, state: ControlState, motion: Motion) -> ControlState:
    """Return the state after joints that take velocities were told those of `motion`."""
    if config.kinds is None:
        return state
    told = motion.velocity[config.kinds.velocity.index]
    return replace(state, recent=_recent(config, state).added(told))


def _with(state: ControlState, fading: handover.Handover | None, fresh: bool) -> ControlState:
    """Return the state with a handover; a copy costs time, and most ticks need none."""
    if state.handover is fading and state.fresh is fresh:
        return state
    return replace(state, handover=fading, fresh=fresh)
