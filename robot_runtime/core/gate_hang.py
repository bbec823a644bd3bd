"""A gate that hung: how long it slept it knows, and not where the driver took the robot."""

from dataclasses import replace

from robot_runtime.core.gate_left import left_over
from robot_runtime.core.gate_state import COMMAND_LATE, GateConfig, GateState, Phase

DRIVER_NS = 60_000_000  # after a longer silence a driver may have begun to stop by itself
HUNG_NS = 500_000_000  # a busy machine holds nobody up for so long


def woken(config: GateConfig, state: GateState, now_ns: int) -> GateState:
    """
    Return the state after a sleep of the gate's own loop, to be asked before it takes a command.

    After a sleep in which the driver may have stopped a moving robot, the motion last sent is
    given up and nothing is sent: anything that goes on from it would be a jump. Only joints that
    take velocities or efforts are told to come to rest (core/gate_left.py). The gate is latched,
    and its next engagement begins from where the robot is then measured.
    """
    slept_ns, motion = now_ns - state.looked_ns, state.motion
    if slept_ns <= max(config.budget_ns, DRIVER_NS):
        return state
    if motion is None:
        return replace(state, coasting=0) if state.left is not None else state
    # without an effort a joint goes on as it was
    if motion.moves or (config.efforts is not None and state.state is not Phase.REST):
        reason = state.reason  # the first cause
        if not state.latched or reason.startswith(COMMAND_LATE):
            reason = slept(state, now_ns, 'and what stopped the robot is its driver')
        return replace(
            state, state=Phase.IDLE, motion=None, told=None, apart=0, latched=True,
            reason=reason, left=left_over(config, motion), coasting=0, next_emit_ns=now_ns,
        )  # fmt: skip
    if slept_ns <= HUNG_NS or state.latched or state.state is Phase.REST:
        return state
    return replace(
        state, state=Phase.REST, latched=True, next_emit_ns=now_ns,
        reason=slept(state, now_ns, 'while the robot stood'),
    )  # fmt: skip


def slept(state: GateState, now_ns: int, what: str) -> str:
    """Return in words how long the gate slept; a short sleep is one more cause of lateness."""
    slept_ns = now_ns - state.looked_ns
    if slept_ns <= HUNG_NS:
        return f'{COMMAND_LATE}: the gate itself slept {slept_ns / 1e6:.1f} ms, {what}'
    return f'the gate hung for {slept_ns / 1e9:.1f} s, {what}'
