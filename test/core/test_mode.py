"""Tests of the mode table, over the whole product of modes and events."""

from itertools import product

import pytest
from robot_runtime.core.mode import (
    allowed_from,
    ENGAGED,
    Event,
    LATCHED,
    LISTENING,
    Mode,
    MOVES,
    MOVING,
    next_mode,
)

PAIRS = list(product(Mode, Event))
EVENT_OF = {
    Mode.POLICY: Event.POLICY, Mode.SHADOW: Event.SHADOW, Mode.HOME: Event.HOME,
    Mode.TELEOP: Event.TELEOP,
}  # fmt: skip
TAKEN_OVER = (Mode.HOLD, Mode.POLICY, Mode.SHADOW, Mode.HOME)


@pytest.mark.parametrize('mode', Mode)
def test_an_estop_wins_from_anywhere_and_a_fault_from_anywhere_but_an_estop(mode):
    assert next_mode(mode, Event.ESTOP) is Mode.ESTOP
    assert next_mode(mode, Event.FAULT) is (Mode.ESTOP if mode is Mode.ESTOP else Mode.FAULT)


@pytest.mark.parametrize(('mode', 'event'), list(product(LATCHED, Event)))
def test_only_reset_leaves_a_latched_mode_and_it_leads_to_hold(mode, event):
    reached = next_mode(mode, event)
    if event is Event.RESET:
        assert reached is Mode.HOLD
    else:
        assert reached in LATCHED


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_a_mode_in_which_the_policy_or_home_speaks_is_reached_only_from_hold_by_its_own_event(
    mode, event
):
    reached = next_mode(mode, event)
    if reached is not mode and reached in (Mode.POLICY, Mode.SHADOW, Mode.HOME):
        assert (mode, event) == (Mode.HOLD, EVENT_OF[reached])
    if mode is Mode.HOLD and event in EVENT_OF.values():
        assert EVENT_OF[reached] is event


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_a_person_takes_over_whatever_moves_or_holds_and_nothing_else(mode, event):
    reached = next_mode(mode, event) is Mode.TELEOP and mode is not Mode.TELEOP
    assert reached == (event is Event.TELEOP and mode in TAKEN_OVER)


@pytest.mark.parametrize('event', Event)
def test_teleop_never_leads_back_to_the_policy(event):
    assert next_mode(Mode.TELEOP, event) not in (Mode.POLICY, Mode.SHADOW, Mode.HOME)


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_idle_is_left_only_by_enable_or_a_stop(mode, event):
    left = mode is Mode.IDLE and next_mode(mode, event) is not Mode.IDLE
    wanted = event in (Event.ENABLE, Event.FAULT, Event.ESTOP)
    assert left == (mode is Mode.IDLE and wanted)


@pytest.mark.parametrize(('mode', 'event'), PAIRS)
def test_a_pair_that_is_not_listed_changes_nothing(mode, event):
    if event not in (Event.FAULT, Event.ESTOP):
        assert next_mode(mode, event) is MOVES.get((mode, event), mode)


@pytest.mark.parametrize('mode', ENGAGED)
def test_hold_stops_whatever_is_engaged_and_disable_leads_to_idle(mode):
    assert next_mode(mode, Event.HOLD) is Mode.HOLD
    assert next_mode(mode, Event.DISABLE) is Mode.IDLE


@pytest.mark.parametrize('mode', Mode)
def test_each_mode_is_either_idle_engaged_or_latched(mode):
    assert (mode is Mode.IDLE) + (mode in ENGAGED) + (mode in LATCHED) == 1
    assert not (mode in MOVING and mode not in ENGAGED)


@pytest.mark.parametrize('mode', Mode)
def test_a_confirmed_chunk_changes_no_mode(mode):
    assert next_mode(mode, Event.STEP) is mode


def test_the_policy_is_listened_to_in_policy_and_shadow():
    assert LISTENING == (Mode.POLICY, Mode.SHADOW)


def test_recordings_tell_the_modes_apart_by_their_order():
    names = ['IDLE', 'HOLD', 'POLICY', 'FAULT', 'TELEOP', 'SHADOW', 'HOME', 'ESTOP']
    assert [mode.name for mode in Mode] == names
    assert [event.name for event in Event] == [
        'ENABLE', 'POLICY', 'HOLD', 'DISABLE', 'FAULT', 'RESET', 'TELEOP', 'SHADOW', 'HOME',
        'ESTOP', 'STEP',
    ]


@pytest.mark.parametrize('one', [*Mode, *Event])
def test_modes_and_events_are_told_by_their_names(one):
    assert one.value == one.name


def test_a_refusal_can_say_from_where_an_event_leads():
    assert allowed_from(Event.HOME) == 'HOLD'
    assert allowed_from(Event.RESET) == 'FAULT, ESTOP'
