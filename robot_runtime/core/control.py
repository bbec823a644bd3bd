"""Control tick: from what is known now to the next command; a function of its arguments alone."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import checked, Chunk, ChunkError
from robot_runtime.core.limits import ramp_to_rest, shape, Shaped
from robot_runtime.core.mode import Event, Mode, next_mode
from robot_runtime.core.schedule import ended_for, merge, sample, Schedule, speaking
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Limits, Motion


@dataclass(frozen=True, slots=True, eq=False)
class ControlConfig:
    """What does not change while the loop runs."""

    limits: Limits
    groups: tuple[slice, ...]  # joints that slow down together
    period_ns: int
    state_timeout_ns: int = 50_000_000
    schedule_kind: str = 'latest'
    blend_ns: int = 100_000_000
    chunk_max_future_ns: int = 5_000_000
    late_after_ns: int | None = None  # grace after a chunk's last row; None: one row
    silence_ns: int = 2_000_000_000  # after the end of the last chunk: POLICY ends in HOLD
    speed: float = 1.0  # operator's scale of the chunk's clock; `limits` hold it already

    def __post_init__(self) -> None:
        """Refuse a speed that is not a share."""
        if not 0.0 < self.speed <= 1.0:
            raise ValueError(f'speed is {self.speed}; allowed: above 0, at most 1')


@dataclass(frozen=True, slots=True, eq=False)
class GateView:
    """What the gate last said of itself."""

    state: str  # 'IDLE', 'PASS', 'COAST', 'BRAKING' or 'REST'
    motion: Motion  # last sent to the robot
    latched: bool
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ControlInputs:
    """What came in since the last tick; `measured` and `gate` are the newest known."""

    measured: Sample[Floats] | None = None
    chunks: tuple[Chunk, ...] = ()
    events: tuple[Event, ...] = ()
    gate: GateView | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ControlState:
    """What one tick leaves to the next."""

    mode: Mode
    schedule: Schedule
    motion: Motion | None = None  # last commanded; None: nothing is being sent
    epoch_ns: int = 0  # ROS time at which this engagement began
    tick: int = 0  # of the next command
    fault: str = ''  # first cause, until RESET
    policy_since_ns: int = 0  # steady clock: when POLICY was entered
    policy_epoch: int = 0  # ROS time of the same moment
    late: int = 0  # ticks without a target after a chunk ran out
    leaving: bool = False  # DISABLE came while moving: IDLE as soon as at rest


@dataclass(frozen=True, slots=True, eq=False)
class ControlReport:
    """What one tick did, for the journal and for people."""

    mode: Mode
    fault: str
    target: Floats | None  # raw, before any limit
    active: NDArray[np.uint8]  # (J,) flags of core/limits.py
    late: bool
    chunk_stamp_ns: int  # of the chunk that steered; 0: none
    merged: tuple[int, ...]  # stamps of the chunks merged in this tick
    policy_epoch: int  # ROS time at which POLICY was entered; a change restarts the policy
    refused: tuple[str, ...] = ()  # events and chunks not obeyed, and why


@dataclass(slots=True)
class _Notes:
    """What the parts of one tick have to say for its report."""

    merged: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def initial(config: ControlConfig) -> ControlState:
    """Return the state before the first tick: IDLE, nothing known."""
    return ControlState(Mode.IDLE, Schedule(config.schedule_kind, config.blend_ns))


def step(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    now_ns: int,
    ros_now_ns: int,
) -> tuple[ControlState, Command | None, ControlReport]:
    """
    Return the state after one tick, the command to send if any, and what happened.

    The motion advances by exactly one period, however late the tick is.
    """
    notes = _Notes()
    state = _watch(config, state, inputs, now_ns)
    for event in inputs.events:
        state = _obey(config, state, inputs, event, now_ns, ros_now_ns, notes)
    if state.leaving and state.motion is not None and not state.motion.moves:
        state = replace(state, mode=Mode.IDLE, motion=None, leaving=False)
    if state.mode is Mode.POLICY:
        state = _merged(config, state, inputs.chunks, now_ns, notes)

    target, chunk_stamp_ns, late, command = None, 0, False, None
    active = np.zeros(config.limits.count, dtype=np.uint8)
    if state.motion is not None:
        motion = state.motion
        if state.mode is Mode.POLICY:
            target = sample(state.schedule, now_ns, config.late_after_ns)
            chunk = speaking(state.schedule, now_ns)
            late = target is None and chunk is not None
            chunk_stamp_ns = chunk.stamp_ns if chunk is not None and target is not None else 0
        if state.tick > 0:  # the first command of an epoch is the seed itself
            shaped = _advance(config, state.schedule, motion, target, now_ns)
            motion, active = shaped.motion, shaped.active
        command = Command(state.epoch_ns, state.tick, motion)
        state = replace(state, motion=motion, tick=state.tick + 1, late=state.late + late)
    report = ControlReport(
        mode=state.mode,
        fault=state.fault,
        target=target,
        active=active,
        late=late,
        chunk_stamp_ns=chunk_stamp_ns,
        merged=tuple(notes.merged),
        policy_epoch=state.policy_epoch,
        refused=tuple(notes.refused),
    )
    return state, command, report


def _watch(
    config: ControlConfig, state: ControlState, inputs: ControlInputs, now_ns: int
) -> ControlState:
    """Return the state after the detectors: a latched gate, a joint state that is missing."""
    gate = inputs.gate
    if gate is not None and gate.latched:
        # The gate has stopped the robot by itself; anything sent now would be refused.
        return replace(_faulted(state, f'the gate is latched: {gate.reason}'), motion=None)
    if state.mode in (Mode.HOLD, Mode.POLICY):
        problem = _unusable(config, inputs.measured, now_ns)
        if problem:
            return _faulted(state, problem)
    return state


def _unusable(config: ControlConfig, measured: Sample[Floats] | None, now_ns: int) -> str:
    """Return why the joint state may not be used, '' if it may."""
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
    return ''


def _faulted(state: ControlState, cause: str) -> ControlState:
    """Return the state in FAULT; the first cause is kept."""
    mode = next_mode(state.mode, Event.FAULT)
    return replace(state, mode=mode, fault=state.fault or cause, leaving=False)


def _obey(
    config: ControlConfig,
    state: ControlState,
    inputs: ControlInputs,
    event: Event,
    now_ns: int,
    ros_now_ns: int,
    notes: _Notes,
) -> ControlState:
    """Return the state after `event`, or unchanged with a note of why not."""
    if event is Event.FAULT:
        return _faulted(state, 'a fault was reported to control')
    mode = next_mode(state.mode, event)
    if mode is state.mode:
        # A second DISABLE changes nothing; any other wish, obeyed or not, ends the leaving.
        return replace(state, leaving=state.leaving and event in (Event.DISABLE, Event.HOLD))
    if event in (Event.ENABLE, Event.RESET):
        seed, problem = _seed(config, state, inputs, now_ns)
        if seed is None:
            notes.refused.append(f'{event.value}: {problem}')
            return state
        motion = Motion.at_rest(seed)
        return replace(state, mode=mode, motion=motion, epoch_ns=ros_now_ns, tick=0, fault='')
    if event is Event.POLICY:
        empty = Schedule(config.schedule_kind, config.blend_ns)
        state = replace(state, policy_since_ns=now_ns, policy_epoch=ros_now_ns)
        return replace(state, mode=mode, schedule=empty, leaving=False)
    if event is Event.DISABLE:
        # Silence would make the gate brake and latch, so control comes to rest by itself first.
        return replace(state, mode=Mode.HOLD, leaving=True)
    return replace(state, mode=mode)


def _seed(
    config: ControlConfig, state: ControlState, inputs: ControlInputs, now_ns: int
) -> tuple[Floats | None, str]:
    """Return the position an epoch begins at, or None and why there is none."""
    gate = inputs.gate
    if gate is not None and gate.latched:
        return None, f'the gate is latched: {gate.reason}'
    problem = _unusable(config, inputs.measured, now_ns)
    if problem or inputs.measured is None:
        return None, problem
    sent = state.motion if gate is None else None if gate.state == 'IDLE' else gate.motion
    if sent is None:
        return inputs.measured.value, ''
    if sent.moves:
        return None, 'the last motion sent is not at rest yet'
    return sent.position, ''


def _merged(
    config: ControlConfig,
    state: ControlState,
    chunks: tuple[Chunk, ...],
    now_ns: int,
    notes: _Notes,
) -> ControlState:
    """Return the state with the chunks merged that may steer; in HOLD when none comes."""
    schedule = state.schedule
    for proposed in chunks:
        chunk = proposed.at_speed(config.speed)
        problem = _unfit(config, state, chunk, now_ns)
        if problem:
            notes.refused.append(f'chunk {chunk.stamp_ns}: {problem}')
            continue
        before, schedule = schedule, merge(schedule, chunk, now_ns)
        if schedule is not before:
            notes.merged.append(chunk.stamp_ns)
    mode = state.mode
    if ended_for(schedule, now_ns) > config.silence_ns:
        # Whoever comes back after that, a new process perhaps, is not to move the robot at once.
        mode = next_mode(mode, Event.HOLD)
        notes.refused.append(f'POLICY ended: no chunk for {config.silence_ns / 1e9:g} s')
    return replace(state, schedule=schedule, mode=mode)


def _unfit(config: ControlConfig, state: ControlState, chunk: Chunk, now_ns: int) -> str:
    """Return why `chunk` may not steer, '' if it may."""
    try:
        checked(chunk.rows, config.limits.count)
    except ChunkError as error:
        return str(error)
    if chunk.step_ns <= 0:
        return f'its rows are {chunk.step_ns} ns apart; it must be more than 0'
    if chunk.start_ns < state.policy_since_ns:
        return 'its observation is older than the start of POLICY'
    ahead_ns = chunk.start_ns - now_ns
    if ahead_ns > config.chunk_max_future_ns:
        allowed_ms = config.chunk_max_future_ns / 1e6
        return f'it starts {ahead_ns / 1e6:.1f} ms in the future; allowed: {allowed_ms:.1f} ms'
    if chunk.end_ns <= now_ns:
        return f'it ended {(now_ns - chunk.end_ns) / 1e6:.1f} ms ago'
    return ''


def _advance(
    config: ControlConfig, schedule: Schedule, last: Motion, target: Floats | None, now_ns: int
) -> Shaped:
    """Return the motion one period after `last`: toward `target`, or to rest without one."""
    dt_s = config.period_ns / 1e9
    if target is None:
        motion = ramp_to_rest(last, config.limits, dt_s)
        return Shaped(motion, np.zeros(config.limits.count, dtype=np.uint8))
    soon = sample(schedule, now_ns + config.period_ns, config.late_after_ns)
    chunk = speaking(schedule, now_ns)
    # A step between two held rows is a jump of the target, not a velocity to follow.
    flat = soon is None or chunk is None or chunk.interpolation == 'zoh'
    drift = None if flat or soon is None else (soon - target) / dt_s
    return shape(target, last, config.limits, dt_s, config.groups, drift)
