"""Reset from measured: the confirmed act that gives up the place where the gate stopped."""

from dataclasses import replace

from robot_runtime.core.gate_state import GateConfig, GateState, Phase, unmeasured
from robot_runtime.core.stream import Sample
from robot_runtime.core.tokens import TokenBucket
from robot_runtime.core.types import Floats


def reset_from_measured(
    config: GateConfig, state: GateState, measured: Sample[Floats] | None, now_ns: int
) -> tuple[GateState, bool, str]:
    """
    Return the state with the latch open, or the same one; whether it was; and a sentence.

    The next engagement begins where the robot is, as the first one did, and not where it was
    commanded to be. So this is not the answer to a reset that was refused, unless somebody has
    looked why the robot is not where it should be.
    """
    if not state.latched:
        return state, False, f'nothing to reset: the gate is not latched ({state.state.value})'
    if not state.rests:
        return state, False, 'refused: the robot is still braking'
    problem = state.blocked or unmeasured(config, measured, now_ns)
    if problem:
        return state, False, f'refused: {problem}'
    opened = replace(
        state, state=Phase.IDLE, motion=None, told=None, latched=False, reason='',
        bucket=TokenBucket.full(config.period_ns, now_ns, config.burst), lead_since_ns=None,
    )  # fmt: skip
    return opened, True, 'reset: the next engagement begins where the robot is'
