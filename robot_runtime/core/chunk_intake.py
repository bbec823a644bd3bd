"""Chunk intake: which chunks of a policy may steer, and what becomes of its silence."""

from dataclasses import replace

from robot_runtime.core.chunk import checked, Chunk, ChunkError
from robot_runtime.core.clock_step import stepped
from robot_runtime.core.control_state import ControlConfig, ControlState, faulted, Notes
from robot_runtime.core.mode import Event, Mode, next_mode
from robot_runtime.core.schedule import ended_for, merge, playing

SETTLE_NS = 1_000_000_000  # after a step of the clock: what was observed before it has come


def take_in(
    config: ControlConfig,
    state: ControlState,
    chunks: tuple[Chunk, ...],
    misread: tuple[str, ...],
    now_ns: int,
    notes: Notes,
) -> ControlState:
    """
    Return the state with the chunks that may steer; in HOLD when none comes.

    One that cannot be followed, whatever the time, is bad, and so is one that was `misread`:
    it was no chunk. After some of them in a row the state is FAULT.
    """
    fit, bad = [], state.bad_chunks + len(misread)
    notes.refused += [f'chunk: {problem}' for problem in misread]
    why = misread[-1] if misread else ''
    for proposed in chunks:
        problem = unusable(config, proposed)
        bad, why = (bad + 1, problem) if problem else (0, why)
        if not problem:
            proposed = proposed.at_speed(config.speed)
            if config.kinds is not None:
                rows = config.kinds.at_speed(proposed.rows, config.speed)
                proposed = replace(proposed, rows=rows)
            if config.efforts is not None:
                proposed = replace(proposed, rows=config.efforts.bounded(proposed.rows))
            problem = untimely(config, state, proposed, now_ns)
        if problem:
            notes.refused.append(f'chunk {proposed.stamp_ns}: {problem}')
        else:
            fit.append(proposed)
    if bad != state.bad_chunks:
        state = replace(state, bad_chunks=bad)
    if bad >= config.bad_chunks:
        cause = f'{bad} chunks in a row were refused; the last one: {why}'
        return faulted(replace(state, bad_chunks=0), cause)
    if config.step and state.mode is Mode.POLICY:
        state = _held(state, fit, now_ns, config.late_after_ns)
        silent = state.stepping.silent(now_ns, config.silence_ns)
    else:
        state = _merged(state, fit, now_ns, config.period_ns, notes)
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


def clock_set(state: ControlState, step_ns: int, now_ns: int, ros_now_ns: int) -> ControlState:
    """
    Return the state after the ROS clock was set by `step_ns`; the steady clock goes on.

    What is kept has its stamps moved along, so that what comes is still told apart as newer.
    """
    schedule, stepping, teleop = state.schedule, state.stepping, state.teleop
    chunks = tuple(_moved(chunk, step_ns) for chunk in schedule.chunks)
    if stepping.pending is not None:
        stepping = replace(stepping, pending=_moved(stepping.pending, step_ns))
    if teleop is not None:
        teleop = replace(teleop, stamp_ns=teleop.stamp_ns + step_ns)
    return replace(
        state, schedule=replace(schedule, chunks=chunks), stepping=stepping, teleop=teleop,
        stepped_ns=now_ns, stepped_ros_ns=max(ros_now_ns, ros_now_ns - step_ns),
        clock_step_ns=step_ns,
    )  # fmt: skip


def unusable(config: ControlConfig, chunk: Chunk) -> str:
    """Return why `chunk` cannot be followed at any time, '' if it can."""
    try:
        checked(chunk.rows, config.limits.count)
    except ChunkError as error:
        return str(error)
    if chunk.step_ns <= 0:
        return f'its rows are {chunk.step_ns} ns apart; it must be more than 0'
    return ''


def untimely(config: ControlConfig, state: ControlState, chunk: Chunk, now_ns: int) -> str:
    """Return why `chunk` may not steer now, '' if it may."""
    since_ns = None if state.stepped_ns is None else now_ns - state.stepped_ns
    if config.stamped and since_ns is not None and since_ns < SETTLE_NS:
        if chunk.stamp_ns <= state.stepped_ros_ns:
            return (
                f'{stepped(state.clock_step_ns)} {since_ns / 1e6:.0f} ms ago, and it may be from '
                f'before'
            )
    if chunk.start_ns < state.policy_since_ns:
        return f'its observation is older than the start of {state.mode.name}'
    ahead_ns = chunk.start_ns - now_ns
    if ahead_ns > config.chunk_max_future_ns:
        allowed_ms = config.chunk_max_future_ns / 1e6
        return f'it starts {ahead_ns / 1e6:.1f} ms in the future; allowed: {allowed_ms:.1f} ms'
    if chunk.end_ns <= now_ns:
        return f'it ended {(now_ns - chunk.end_ns) / 1e6:.1f} ms ago'
    return ''


def _moved(chunk: Chunk, step_ns: int) -> Chunk:
    return replace(chunk, stamp_ns=chunk.stamp_ns + step_ns)


def _merged(
    state: ControlState, chunks: list[Chunk], now_ns: int, period_ns: int, notes: Notes
) -> ControlState:
    schedule, delays = state.schedule, state.delays
    for chunk in chunks:
        before, schedule = schedule, merge(schedule, chunk, now_ns)
        if schedule is before:
            continue
        notes.merged.append(chunk.stamp_ns)
        if before.chunks:  # a first one has a graph that was asleep, and uses nothing up
            delays = delays.added(chunk.seen_ns, now_ns, period_ns)
    if schedule is state.schedule:
        return state
    return replace(state, schedule=schedule, delays=delays)


def _held(
    state: ControlState, chunks: list[Chunk], now_ns: int, grace_ns: int | None
) -> ControlState:
    """Return the state in which the newest chunk waits, seen since the robot stands."""
    stepping = state.stepping
    replayed = playing(state.schedule, now_ns, grace_ns)
    if replayed or (state.motion is not None and state.motion.moves):
        stepping = stepping.moved(now_ns)
    for chunk in chunks:
        stepping = stepping.offered(chunk, now_ns)
    return replace(state, stepping=stepping)
