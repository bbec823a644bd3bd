"""Tests of the gate's own resets: after a rest, three a minute, for lateness alone."""

from dataclasses import replace

from gate_robot import config
import pytest
from robot_runtime.core.gate_state import COMMAND_LATE, GateState, initial, Phase
from robot_runtime.core.own_resets import A_MINUTE, AFTER_NS, MINUTE_NS, OwnResets

SECOND = 1_000_000_000


def latched(reason: str = COMMAND_LATE, phase: Phase = Phase.REST) -> GateState:
    return replace(initial(config(), 0), latched=True, reason=reason, state=phase)


def test_it_is_due_once_the_robot_has_rested_for_a_while() -> None:
    resets = OwnResets()
    assert not resets.due(latched(phase=Phase.BRAKING), 5 * SECOND)
    assert not resets.due(latched(), 5 * SECOND + AFTER_NS - 1)
    assert resets.due(latched(), 5 * SECOND + AFTER_NS)


@pytest.mark.parametrize('state', [
    latched('e-stop: pressed'), latched(phase=Phase.BRAKING), initial(config(), 0),
])
def test_no_other_stop_is_let_go_of(state: GateState) -> None:
    resets = OwnResets()
    assert not any(resets.due(state, second * SECOND) for second in range(10))


def test_there_are_three_a_minute_and_one_that_was_refused_does_not_count() -> None:
    resets, done = OwnResets(), []
    for now in range(0, 2 * MINUTE_NS, AFTER_NS // 3):
        if resets.due(latched(), now):
            ok = now > SECOND
            resets.done(ok, now)
            done += [now] if ok else []
    assert len(done) == 2 * A_MINUTE
    assert done[A_MINUTE - 1] < 2 * SECOND
    assert done[A_MINUTE] >= done[0] + MINUTE_NS
