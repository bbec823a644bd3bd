"""The gate: passes a command unchanged, or brakes to rest and holds; it never shapes."""

from dataclasses import replace

from robot_runtime.core.effort_joints import pushing
from robot_runtime.core.fence import breach
from robot_runtime.core.gate_entry import has_parted, judge, lost, seeded
from robot_runtime.core.gate_left import run_out, running_out
from robot_runtime.core.gate_state import (
    blocking,
    COMMAND_LATE,
    Counters,
    GateConfig,
    GateState,
    initial,
    late,
    not_following,
    Phase,
    sentence_of,
    too_fast,
    unmeasured,
)
from robot_runtime.core.gate_steps import braking, coasting
from robot_runtime.core.guard import Refusal, verify
from robot_runtime.core.stream import Sample
from robot_runtime.core.tokens import TokenBucket
from robot_runtime.core.types import Command, Floats, Motion

__all__ = [
    'COMMAND_LATE', 'Counters', 'estop', 'GateConfig', 'GateState', 'initial', 'lost',
    'on_command', 'on_tick', 'Phase', 'reset', 'stop',
]  # fmt: skip

_MOST_STEPS = 3  # of its own that the gate sends when its loop woke late


def on_command(
    config: GateConfig,
    state: GateState,
    command: Command,
    measured: Sample[Floats] | None,
    now_ns: int,
) -> tuple[GateState, Motion | None]:
    """
    Return the state after one command, and the motion to send on: the command's own, or None.

    Drain the topic before `on_tick`, so that a loop that woke late finds what came in time.
    """
    if state.latched:
        return _count(state, ignored=1), None
    if command.epoch_ns < state.epoch_ns:
        return _count(state, dropped=1), None
    if command.epoch_ns > state.epoch_ns:
        return _engage(config, state, command, measured, now_ns)
    if state.state not in (Phase.PASS, Phase.COAST):
        return _closed(config, state, now_ns), None
    ticks = command.tick - state.tick
    if ticks < 1:
        return _consumed(config, state, now_ns), None
    if state.state is Phase.COAST and late(config, state, now_ns):
        return _brake(config, state, late(config, state, now_ns), now_ns), None
    if measured is None or unmeasured(config, measured, now_ns):
        return _brake(config, state, unmeasured(config, measured, now_ns), now_ns), None
    verdict, parted, motion = judge(config, state, command.motion, ticks, measured.value)
    if not verdict.ok:
        if parted:
            return _consumed(config, state, now_ns, sentence_of(config, verdict)), None
        return _refuse(config, state, sentence_of(config, verdict), now_ns), None
    bucket, paid = state.bucket.take(now_ns, ticks)
    if not paid:
        return _refuse(config, state, too_fast(config, state, now_ns), now_ns), None
    coasted, last = state.state is Phase.COAST, state.motion
    if coasted:
        state = _count(state, recovered=1)
    if config.body is not None and last is not None:
        verdict = breach(config.body, motion, last, config.limits, config.dt_s)
        if not verdict.ok:
            return _refuse(config, state, sentence_of(config, verdict), now_ns), None
    # Three positions of the sender's make an acceleration that is the sender's again.
    anew = coasted or (has_parted(state) and ticks > 1)
    apart = 2 if anew else max(state.apart - 1, 0)
    state = replace(state, bucket=bucket, apart=apart)
    return _pass(config, state, command, motion if apart else command.motion, now_ns)


def on_tick(
    config: GateConfig,
    state: GateState,
    measured: Sample[Floats] | None,
    estop: Sample[bool] | None,
    now_ns: int,
    lacking: str = '',  # which permit is not given (core/permits.py)
) -> tuple[GateState, tuple[Motion, ...]]:
    """
    Return the state after the watches, and the steps of the gate's own that are due.

    Late commands make it COAST (core/coast.py), then, past the budget, brake. A loop that woke
    late sends at most three steps; what more was slept through is not made up.
    """
    state = _watch(config, state, measured, estop, now_ns, lacking)
    if state.state is Phase.PASS and now_ns >= state.next_emit_ns:
        state = replace(state, state=Phase.COAST, coasting=0)
    if state.motion is None:
        return run_out(config, state, now_ns)
    if state.state is Phase.PASS:
        return state, ()
    motion, sent = state.motion, list[Motion]()
    while state.next_emit_ns <= now_ns and len(sent) < _MOST_STEPS:
        state, motion = _own_step(config, state, motion, now_ns)
        sent.append(motion)
    if state.next_emit_ns <= now_ns:
        state = replace(state, next_emit_ns=now_ns + config.period_ns)
    return state, tuple(sent)


def estop(config: GateConfig, state: GateState, now_ns: int, reason: str) -> GateState:
    """Return the state that brakes, latched, because of the e-stop."""
    return _brake(config, state, f'e-stop: {reason}', now_ns)


def stop(config: GateConfig, state: GateState, now_ns: int, reason: str) -> GateState:
    """Return the state that brakes, latched, because the run ends or a message is unusable."""
    return _brake(config, state, reason, now_ns)


def reset(
    config: GateConfig, state: GateState, measured: Sample[Floats] | None, now_ns: int
) -> tuple[GateState, bool, str]:
    """Return the state with the latch open, or the same state; whether it was; and a sentence."""
    if not state.latched:
        return state, False, f'nothing to reset: the gate is not latched ({state.state.value})'
    if not state.rests:
        return state, False, 'refused: the robot is still braking'
    if state.blocked:
        return state, False, f'refused: {state.blocked}'
    if state.motion is not None:
        problem = unmeasured(config, measured, now_ns)
        if measured is not None and not problem:
            problem = not_following(config, state, measured.value)
        if problem:
            return state, False, f'refused: {problem}'
    bucket = TokenBucket.full(config.period_ns, now_ns, config.burst)
    opened = replace(state, latched=False, reason='', bucket=bucket, lead_since_ns=None)
    return opened, True, 'reset: waiting for a new engagement'


def _engage(
    config: GateConfig,
    state: GateState,
    command: Command,
    measured: Sample[Floats] | None,
    now_ns: int,
) -> tuple[GateState, Motion | None]:
    """Return the state after the first command of a new epoch, which must equal the seed."""
    entered = replace(state, epoch_ns=command.epoch_ns)  # refused once, its next ones are dropped
    problem = state.blocked or running_out(state) or unmeasured(config, measured, now_ns)
    if command.tick != 0:
        problem = f'command refused: {Refusal.EPOCH_START.value}: tick {command.tick}, allowed 0'
    if problem or measured is None:
        return _refuse(config, entered, problem, now_ns), None
    motion = command.motion
    here = Motion.at_rest(motion.position)
    verdict = verify(motion, here, 1, measured.value, config.limits, config.dt_s)
    if verdict.ok:
        verdict = seeded(config, state, motion, measured.value)
    if not verdict.ok:
        return _refuse(config, entered, sentence_of(config, verdict), now_ns), None
    bucket, paid = state.bucket.take(now_ns)
    if not paid:
        return _refuse(config, entered, too_fast(config, entered, now_ns), now_ns), None
    entered = replace(entered, bucket=bucket, reason='', lead_since_ns=None, apart=0)
    return _pass(config, entered, command, motion, now_ns)


def _pass(
    config: GateConfig,
    state: GateState,
    command: Command,
    motion: Motion,
    now_ns: int,
) -> tuple[GateState, Motion]:
    before, ticks = state.told or state.motion, max(command.tick - state.tick, 1)
    change = command.motion.acceleration - (before or motion).acceleration
    after = replace(
        _count(state, passed=1),
        state=Phase.PASS,
        motion=motion,
        left=None,
        unmet='',
        told=command.motion if state.apart else None,
        jerk=change / (ticks * config.dt_s),
        tick=command.tick,
        sent_ns=now_ns,
        last_command_ns=now_ns,
        next_emit_ns=now_ns + config.patience_ns,
    )
    return after, command.motion


def _closed(config: GateConfig, state: GateState, now_ns: int) -> GateState:
    """Return the state after a command of an engagement that has ended: it stays ended."""
    if state.reason.startswith(COMMAND_LATE):
        # it fell silent at rest, which looked like its end, and comes back: its sender hung
        return _brake(config, replace(state, reason=''), state.reason, now_ns)
    return _count(state, dropped=1)


def _consumed(config: GateConfig, state: GateState, now_ns: int, unmet: str = '') -> GateState:
    """
    Return the state after a command that is dropped: its tick is used up, or it is `unmet`.

    It shows that its sender lives, perhaps ticks behind. So a coasting gate waits for the next
    command as long as for any, within the budget; else it would use up each tick just before
    its command comes. The sender hears where the gate is, and goes on there (core/held_up.py).
    """
    state = replace(_count(state, dropped=1), unmet=unmet or state.unmet)
    if state.state is not Phase.COAST:
        return state
    return replace(state, next_emit_ns=max(state.next_emit_ns, now_ns + config.patience_ns))


def _refuse(config: GateConfig, state: GateState, sentence: str, now_ns: int) -> GateState:
    state = _count(state, refused=1)
    if state.motion is None:  # nothing was sent yet, so there is nothing to brake: wait
        return replace(state, reason=sentence)
    return _brake(config, state, sentence, now_ns)


def _brake(config: GateConfig, state: GateState, sentence: str, now_ns: int) -> GateState:
    """Return the state that brakes, latched; the first cause is kept."""
    if state.latched:
        return state
    phase = Phase.IDLE if state.motion is None else Phase.BRAKING
    due_ns = max(now_ns, state.sent_ns + config.period_ns)
    return replace(
        state, state=phase, latched=True, reason=sentence, next_emit_ns=due_ns, stopping=None
    )


def _watch(
    config: GateConfig,
    state: GateState,
    measured: Sample[Floats] | None,
    estop: Sample[bool] | None,
    now_ns: int,
    lacking: str,
) -> GateState:
    """Return the state after the watches: e-stop always, the others while commands steer."""
    blocked = blocking(config, estop, now_ns) or lacking
    state = replace(state, blocked=blocked, looked_ns=now_ns)
    if blocked and (state.motion is not None or (estop is not None and estop.value)):
        state = _brake(config, state, blocked, now_ns)
    motion = state.motion
    if state.state not in (Phase.PASS, Phase.COAST) or motion is None:
        return state
    problem = unmeasured(config, measured, now_ns)
    if problem or measured is None:
        return _brake(config, state, problem, now_ns)
    away = not_following(config, state, measured.value)
    since = now_ns if state.lead_since_ns is None else state.lead_since_ns
    state = replace(state, lead_since_ns=since if away else None)
    if away and now_ns - since >= config.tracking_ns:
        return _brake(config, state, away, now_ns)
    silence = late(config, state, now_ns)
    if not silence:
        return state
    if config.rest_on_silence and not motion.moves and not pushing(config.efforts, motion):
        return replace(state, state=Phase.REST, reason=silence)
    return _brake(config, state, silence, now_ns)


def _own_step(
    config: GateConfig, state: GateState, last: Motion, now_ns: int
) -> tuple[GateState, Motion]:
    """Return the state after the step of its own that is due, and that step."""
    due_ns, bucket = state.next_emit_ns + config.period_ns, state.bucket.spend(now_ns)
    state = replace(state, sent_ns=now_ns, bucket=bucket, next_emit_ns=due_ns)
    if state.state is Phase.COAST:
        number = state.coasting + 1
        motion = coasting(config, state, last, number)
        state = _count(state, coasted=1)
        return replace(state, motion=motion, tick=state.tick + 1, coasting=number), motion
    if state.state is Phase.BRAKING or config.efforts is not None:
        return braking(config, state, last, now_ns)
    motion = Motion.at_rest(last.position)
    return replace(state, motion=motion, told=None), motion


def _count(state: GateState, **more: int) -> GateState:
    counters = {name: getattr(state.counters, name) + value for name, value in more.items()}
    return replace(state, counters=replace(state.counters, **counters))
