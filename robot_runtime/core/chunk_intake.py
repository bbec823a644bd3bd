"""Chunk intake: which chunks of a policy may steer, and what becomes of its silence."""

from dataclasses import replace

from robot_runtime.core.chunk import checked, Chunk, ChunkError
from robot_runtime.core.control_state import ControlConfig, ControlState, Notes
from robot_runtime.core.mode import Event, Mode, next_mode
from robot_runtime.core.schedule import ended_for, merge, sample


def take_in(
    config: ControlConfig,
    state: ControlState,
    chunks: tuple[Chunk, ...],
    now_ns: int,
    notes: Notes,
) -> ControlState:
    """Return the state with the chunks that may steer; in HOLD when none comes."""
    fit = []
    for proposed in chunks:
        chunk = proposed.at_speed(config.speed)
        problem = unfit(config, state, chunk, now_ns)
        if problem:
            notes.refused.append(f'chunk {chunk.stamp_ns}: {problem}')
        elif config.kinds is None:
            fit.append(chunk)
        else:
            fit.append(replace(chunk, rows=config.kinds.at_speed(chunk.rows, config.speed)))
    if config.step and state.mode is Mode.POLICY:
        state = _held(state, fit, now_ns, config.late_after_ns)
        silent = state.stepping.silent(now_ns, config.silence_ns)
    else:
        state = _merged(state, fit, now_ns, notes)
        silent = ended_for(state.schedule, now_ns) > config.silence_ns
    if not silent:
        return state
    # Whoever comes back after that, a new process perhaps, is not to move the robot at once.
    ended = f'{state.mode.name} ended: no chunk for {config.silence_ns / 1e9:g} s'
    notes.refused.append(ended)
    return replace(state, mode=next_mode(state.mode, Event.HOLD))


def confirmed(config: ControlConfig, state: ControlState, now_ns: int) -> ControlState:
    """Return the state that replays the waiting chunk from its first row on."""
    pending = state.stepping.pending
    assert pending is not None
    chunk = replace(pending, start_ns=now_ns)
    schedule = merge(config.empty_schedule, chunk, now_ns)
    stepping = state.stepping.moved(now_ns)
    return replace(state, schedule=schedule, stepping=stepping, fresh=True)


def unfit(config: ControlConfig, state: ControlState, chunk: Chunk, now_ns: int) -> str:
    """Return why `chunk` may not steer, '' if it may."""
    try:
        checked(chunk.rows, config.limits.count)
    except ChunkError as error:
        return str(error)
    if chunk.step_ns <= 0:
        return f'its rows are {chunk.step_ns} ns apart; it must be more than 0'
    if chunk.start_ns < state.policy_since_ns:
        return f'its observation is older than the start of {state.mode.name}'
    ahead_ns = chunk.start_ns - now_ns
    if ahead_ns > config.chunk_max_future_ns:
        allowed_ms = config.chunk_max_future_ns / 1e6
        return f'it starts {ahead_ns / 1e6:.1f} ms in the future; allowed: {allowed_ms:.1f} ms'
    if chunk.end_ns <= now_ns:
        return f'it ended {(now_ns - chunk.end_ns) / 1e6:.1f} ms ago'
    return ''


def _merged(
    state: ControlState, chunks: list[Chunk], now_ns: int, notes: Notes
) -> ControlState:
    schedule = state.schedule
    for chunk in chunks:
        before, schedule = schedule, merge(schedule, chunk, now_ns)
        if schedule is not before:
            notes.merged.append(chunk.stamp_ns)
    return state if schedule is state.schedule else replace(state, schedule=schedule)


def _held(
    state: ControlState, chunks: list[Chunk], now_ns: int, grace_ns: int | None
) -> ControlState:
    """Return the state in which the newest chunk waits, seen since the robot stands."""
    stepping = state.stepping
    replayed = sample(state.schedule, now_ns, grace_ns) is not None
    if replayed or (state.motion is not None and state.motion.moves):
        stepping = stepping.moved(now_ns)
    for chunk in chunks:
        stepping = stepping.offered(chunk, now_ns)
    return replace(state, stepping=stepping)
