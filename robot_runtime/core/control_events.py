"""Control events: what becomes of a wish of an operator, a person's hand or a detector."""

from dataclasses import replace

import numpy as np
from robot_runtime.core import teleop
from robot_runtime.core.chunk_intake import confirmed
from robot_runtime.core.control_state import (
    ControlConfig,
    ControlInputs,
    ControlState,
    faulted,
    GateView,
    Notes,
)
from robot_runtime.core.mode import allowed_from, Event, Mode, next_mode
from robot_runtime.core.shadow import ShadowError
from robot_runtime.core.stepping import Stepping
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion

GOAL = {
    Event.ENABLE: Mode.HOLD, Event.HOLD: Mode.HOLD, Event.DISABLE: Mode.IDLE,
    Event.POLICY: Mode.POLICY, Event.SHADOW: Mode.SHADOW, Event.HOME: Mode.HOME,
    Event.TELEOP: Mode.TELEOP,
}  # fmt: skip


def obey(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    event: Event,
    now_ns: int,
    ros_now_ns: int,
    notes: Notes,
) -> ControlState:
    """Return the state after `event`, or unchanged with a note of why not."""
    if event in (Event.FAULT, Event.ESTOP):
        word = 'an e-stop' if event is Event.ESTOP else 'a fault'
        return faulted(state, f'{word} was reported to control', event)
    problem = refusal(config, state, inputs, event, now_ns)
    if problem:
        notes.refused.append(f'{event.value}: {problem}')
    mode = next_mode(state.mode, event)
    if event is Event.STEP and not problem:
        pending = state.stepping.pending
        assert pending is not None
        notes.merged.append(pending.stamp_ns)
        return confirmed(config, state, now_ns)
    if mode is state.mode:
        # A second DISABLE changes nothing; any other wish, obeyed or not, ends the leaving.
        return replace(state, leaving=state.leaving and event in (Event.DISABLE, Event.HOLD))
    if problem:
        return state
    return _entered(config, state, inputs, mode, event, now_ns, ros_now_ns)


def refusal(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    event: Event,
    now_ns: int,
) -> str:
    """Return why `event` would not be obeyed, '' if it would, or if it is so already."""
    if event is Event.STEP:
        return _no_step(config, state)
    if GOAL.get(event) is state.mode:
        return ''
    if next_mode(state.mode, event) is state.mode:
        return f'mode is {state.mode.name}; allowed from {allowed_from(event)}'
    if event in (Event.ENABLE, Event.RESET):
        return seed(config, state, inputs, now_ns)[1]
    if event in (Event.HOME, Event.SHADOW) and (takes := _placeless(config)):
        return f'{event.name} is for joints that take positions, and {takes}'
    if event is Event.HOME and inputs.home is None:
        return 'no way home is known'
    if event is Event.POLICY and config.start is not None and not state.resumable:
        problem = unusable(config, inputs, now_ns)
        if problem or inputs.measured is None:
            return problem
        return config.start.outside(inputs.measured.value, config.names)
    return ''


def take_over(
    config: ControlConfig,
    state: ControlState,
    sample: Sample[Floats] | None,
    now_ns: int,
    ros_now_ns: int,
    notes: Notes,
) -> tuple[ControlState, bool]:
    """
    Return the state after what a person sent, if anything, and whether it was taken.

    Silence ends TELEOP in HOLD: what went on before does not come back by itself.
    """
    if sample is not None and not state.leaving:
        before = state.teleop
        if before is not None and before.silent(now_ns, config.teleop_timeout_ns):
            before = None  # of a clock that may have been set back since
        problem = teleop.refusal(
            sample, before, config.names, config.limits.count, now_ns, ros_now_ns,
            config.teleop_timeout_ns, config.chunk_max_future_ns,
        )  # fmt: skip
        takes = _placeless(config)
        if not problem and takes:
            problem = f'it has positions, and {takes}'
        mode = next_mode(state.mode, Event.TELEOP)
        if not problem and mode is not Mode.TELEOP:
            problem = f'mode is {state.mode.name}; allowed from {allowed_from(Event.TELEOP)}'
        if not problem:
            entered = mode is not state.mode
            before = None if entered else state.teleop
            way = teleop.follow(before, sample, now_ns, config.teleop_timeout_ns)
            state = replace(
                state, mode=mode, teleop=way, fresh=state.fresh or entered, resumable=False
            )
            return state, True
        notes.refused.append(f'teleop: {problem}')
    timeout_ns = config.teleop_timeout_ns
    silent = state.teleop is None or state.teleop.silent(now_ns, timeout_ns)
    if state.mode is Mode.TELEOP and silent:
        notes.refused.append(f'TELEOP ended: no message for {timeout_ns / 1e9:g} s')
        state = replace(state, mode=next_mode(state.mode, Event.HOLD))
    return state, False


def unusable(config: ControlConfig, inputs: ControlInputs, now_ns: int) -> str:
    """Return why the joint state may not be used, '' if it may."""
    measured, velocities = inputs.measured, inputs.velocities
    if measured is None:
        return 'joint state has never come'
    if not measured.fresh(now_ns, config.state_timeout_ns):
        age_ms = (now_ns - measured.received_ns) / 1e6
        allowed_ms = config.state_timeout_ns / 1e6
        return f'joint state is {age_ms:.1f} ms old; allowed: {allowed_ms:.1f} ms'
    if measured.value.shape != (config.limits.count,):
        return f'joint state has shape {measured.value.shape}; allowed: {config.limits.count}'
    if not np.isfinite(measured.value).all():
        return f'joint state is not finite: {measured.value}'
    for driven, what in ((config.setpoints, 'setpoints'), (config.efforts, 'efforts')):
        if driven is not None and (
            velocities is None or not np.isfinite(velocities[driven.index]).all()
        ):
            return f'joint state has the velocities {velocities}; joints with {what} need them all'
    return ''


def gate_silence(config: ControlConfig, gate: GateView | None, now_ns: int) -> str:
    """Return in words for how long the gate has said nothing, '' if that is not too long."""
    if gate is None or gate.heard_ns is None:
        return ''
    silence_ns = now_ns - gate.heard_ns
    if silence_ns <= config.gate_timeout_ns:
        return ''
    return (
        f'the gate is silent for {silence_ns / 1e6:.0f} ms, allowed '
        f'{config.gate_timeout_ns / 1e6:g}: it hangs or has died'
    )


def seed(
    config: ControlConfig, state: ControlState, inputs: ControlInputs, now_ns: int
) -> tuple[Floats | None, str]:
    """Return the position an epoch begins at, or None and why there is none."""
    gate = inputs.gate
    if gate is not None and gate.latched:
        return None, f'the gate is latched: {gate.reason}'
    problem = gate_silence(config, gate, now_ns) or unusable(config, inputs, now_ns)
    if problem or inputs.measured is None:
        return None, problem
    sent = state.motion if gate is None else None if gate.state == 'IDLE' else gate.motion
    if sent is None:
        place = inputs.measured.value
        return place if config.efforts is None else config.efforts.seed(place), ''
    if sent.moves:
        return None, 'the last motion sent is not at rest yet'
    return sent.position, ''


def _entered(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    mode: Mode,
    event: Event,
    now_ns: int,
    ros_now_ns: int,
) -> ControlState:
    """Return the state in `mode`, to which `event` leads and nothing objects."""
    if event in (Event.ENABLE, Event.RESET):
        place, _ = seed(config, state, inputs, now_ns)
        assert place is not None
        motion, resumable = Motion.at_rest(place), state.resumable and event is Event.RESET
        # The gate drops what is of an older engagement, also after the clock was set back.
        last_ns = max(state.epoch_ns, -1 if inputs.gate is None else inputs.gate.epoch_ns)
        return replace(
            state, mode=mode, motion=motion, epoch_ns=max(ros_now_ns, last_ns + 1), tick=0,
            fault='', resumable=resumable,
        )  # fmt: skip
    if event in (Event.POLICY, Event.SHADOW):
        shadow = ShadowError.none(config.limits.count) if event is Event.SHADOW else state.shadow
        return replace(
            state, mode=mode, policy_since_ns=now_ns, policy_epoch=ros_now_ns,
            schedule=config.empty_schedule, leaving=False, fresh=True, shadow=shadow,
            stepping=Stepping(), resumable=False, bad_chunks=0,
        )  # fmt: skip
    if event is Event.HOME:
        assert inputs.home is not None
        home = replace(inputs.home, start_ns=now_ns)
        return replace(state, mode=mode, home=home, leaving=False, fresh=False, resumable=False)
    if event is Event.DISABLE:
        # Silence would make the gate brake and latch, so control comes to rest by itself first.
        return replace(state, mode=Mode.HOLD, leaving=True)
    return replace(state, mode=mode)


def _placeless(config: ControlConfig) -> str:
    """Return in words which joint takes no position, '' if all do."""
    if config.kinds is not None:
        joint, what = int(config.kinds.velocity.index[0]), 'velocities'
    elif config.efforts is not None:
        joint, what = int(config.efforts.index[0]), 'efforts'
    else:
        return ''
    return f'{config.names[joint] if config.names else f"joint {joint}"} takes {what}'


def _no_step(config: ControlConfig, state: ControlState) -> str:
    """Return why no chunk can be confirmed, '' if one can."""
    if not config.step:
        return 'chunks are not confirmed one by one in this run; start it with --step'
    if state.mode is not Mode.POLICY:
        return f'mode is {state.mode.name}; chunks wait for their confirmation in POLICY'
    if state.stepping.pending is None:
        return 'no chunk waits: the last one is still replayed, or none has come since'
    return ''
