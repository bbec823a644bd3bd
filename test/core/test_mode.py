"""Tests of the mode table."""

from itertools import product

import pytest
from robot_runtime.core.mode import Event, Mode, MOVES, next_mode

PAIRS = list(product(Mode, Event))


@pytest.mark.parametrize('mode', Mode)
def test_a_fault_wins_from_anywhere(mode):
    assert next_mode(mode, Event.FAULT) is Mode.FAULT


@pytest.mark.parametrize('event', Event)
def test_only_reset_leaves_a_fault_and_it_leads_to_hold(event):
    expected = Mode.HOLD if event is Event.RESET else Mode.FAULT
    assert next_mode(Mode.FAULT, event) is expected


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_policy_is_reached_only_from_hold_by_its_own_event(mode, event):
    reached = next_mode(mode, event) is Mode.POLICY and mode is not Mode.POLICY
    assert reached == ((mode, event) == (Mode.HOLD, Event.POLICY))


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_idle_is_left_only_by_enable_or_a_fault(mode, event):
    left = mode is Mode.IDLE and next_mode(mode, event) is not Mode.IDLE
    assert left == (mode is Mode.IDLE and event in (Event.ENABLE, Event.FAULT))


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_a_pair_that_is_not_listed_changes_nothing(mode, event):
    if event is not Event.FAULT:
        assert next_mode(mode, event) is MOVES.get((mode, event), mode)


@pytest.mark.parametrize('mode', [Mode.HOLD, Mode.POLICY])
def test_disable_leads_to_idle(mode):
    assert next_mode(mode, Event.DISABLE) is Mode.IDLE


def test_hold_stops_the_policy():
    assert next_mode(Mode.POLICY, Event.HOLD) is Mode.HOLD
