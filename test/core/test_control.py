"""Tests of the control tick: epochs, faults, time."""

from dataclasses import replace

from control_rig import CONFIG, gate, HOME, in_policy, Loop, moving, MS, PERIOD, ROS
import numpy as np
import pytest
from robot_runtime.core.control import (
    ControlState,
    initial,
)
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample


def test_idle_sends_nothing():
    loop = Loop()
    assert loop.ticks(3) == [None, None, None]
    assert loop.report.mode is Mode.IDLE


def test_the_first_command_of_an_epoch_is_the_measured_position_at_rest():
    loop = Loop()
    loop.tick()
    command = loop.tick(Event.ENABLE)
    assert (command.tick, command.epoch_ns) == (0, ROS + loop.now - PERIOD)
    np.testing.assert_array_equal(command.motion.position, HOME)
    assert not command.motion.velocity.any()
    assert not command.motion.acceleration.any()


def test_hold_keeps_the_position_and_counts_ticks_over_one_epoch():
    loop = Loop()
    loop.tick(Event.ENABLE)
    loop.ticks(5)
    assert [c.tick for c in loop.commands] == [0, 1, 2, 3, 4, 5]
    assert len({c.epoch_ns for c in loop.commands}) == 1
    assert all((c.motion.position == HOME).all() for c in loop.commands)


@pytest.mark.parametrize(
    ('measured', 'reason'),
    [(None, 'never'), (Sample(900 * MS, 0, HOME), 'allowed: 50.0 ms'),
     (Sample(1_000 * MS, 0, np.array([np.nan, 0.0])), 'not finite'),
     (Sample(1_000 * MS, 0, np.zeros(3)), 'shape')],
)
def test_enable_without_a_usable_joint_state_is_refused_with_the_reason(measured, reason):
    loop = Loop()
    assert loop.tick(Event.ENABLE, measured=measured) is None
    assert loop.state.mode is Mode.IDLE
    assert reason in loop.report.refused[0]


def test_a_gate_that_has_sent_seeds_the_epoch_and_an_idle_one_does_not():
    for state, seed in (('PASS', [0.3, 0.3]), ('REST', [0.3, 0.3]), ('IDLE', HOME)):
        loop = Loop()
        loop.gate = gate(state, [0.3, 0.3])
        np.testing.assert_array_equal(loop.tick(Event.ENABLE).motion.position, seed)


def test_a_gate_that_still_moves_refuses_a_new_epoch():
    loop = Loop()
    loop.gate = gate('COAST', velocity=0.1)
    assert loop.tick(Event.ENABLE) is None
    assert 'not at rest' in loop.report.refused[0]


def test_a_latched_gate_is_a_fault_in_which_nothing_is_sent():
    loop = moving()
    loop.gate = gate('BRAKING', latched=True)
    assert loop.ticks(2) == [None, None]
    assert loop.report.mode is Mode.FAULT
    assert 'command late' in loop.report.fault


def test_reset_waits_for_the_gate_and_begins_a_new_epoch_where_the_gate_stopped():
    loop = moving()
    first = loop.commands[0].epoch_ns
    loop.gate = gate('REST', [0.25, -0.2], latched=True)
    assert loop.tick(Event.RESET) is None
    assert loop.state.mode is Mode.FAULT
    loop.gate = gate('REST', [0.25, -0.2])
    command = loop.tick(Event.RESET)
    assert (command.tick, loop.state.mode, loop.report.fault) == (0, Mode.HOLD, '')
    assert command.epoch_ns > first
    np.testing.assert_array_equal(command.motion.position, [0.25, -0.2])
    assert not command.motion.velocity.any()


def test_the_first_cause_of_a_fault_is_kept():
    loop = moving()
    loop.tick(Event.FAULT)
    loop.gate = gate('REST', latched=True)
    loop.tick()
    assert loop.report.fault == 'a fault was reported to control'


def test_a_reported_fault_ramps_to_rest_and_only_reset_at_rest_leaves_it():
    loop = moving()
    loop.tick(Event.FAULT)
    loop.tick(Event.RESET, Event.HOLD, Event.POLICY, Event.ENABLE, Event.DISABLE)
    assert loop.state.mode is Mode.FAULT
    assert 'not at rest' in loop.report.refused[0]
    loop.ticks(45)
    held = loop.state.motion.position
    command = loop.tick(Event.RESET)
    assert (loop.state.mode, command.tick) == (Mode.HOLD, 0)
    np.testing.assert_array_equal(command.motion.position, held)


def test_a_lost_joint_state_ramps_to_rest_and_latches():
    loop = moving()
    loop.measured = None
    after = loop.ticks(40)
    assert loop.state.mode is Mode.FAULT
    assert 'joint state' in loop.report.fault
    assert all(command is not None for command in after)
    assert not loop.state.motion.velocity.any()
    loop.measured = HOME
    loop.tick()
    assert loop.state.mode is Mode.FAULT


@pytest.mark.parametrize(('age_ms', 'mode'), [(50, Mode.HOLD), (51, Mode.FAULT)])
def test_a_joint_state_may_be_as_old_as_the_timeout(age_ms, mode):
    loop = Loop()
    loop.tick(Event.ENABLE)
    loop.tick(measured=Sample(loop.now - age_ms * MS, 0, HOME))
    assert loop.state.mode is mode


def test_hold_stops_where_the_ramp_ends_and_policy_starts_again_with_an_empty_schedule():
    loop = moving()
    loop.tick(Event.HOLD)
    loop.ticks(60)
    held = loop.state.motion.position
    loop.tick(Event.POLICY)
    assert loop.state.schedule.chunks == ()
    loop.ticks(5)
    np.testing.assert_array_equal(loop.state.motion.position, held)
    assert len({c.epoch_ns for c in loop.commands}) == 1


def test_each_entry_into_policy_is_a_new_policy_epoch():
    loop = in_policy()
    first = loop.report.policy_epoch
    loop.tick(Event.POLICY)
    assert loop.report.policy_epoch == first == ROS + loop.state.policy_since_ns
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    assert loop.report.policy_epoch > first


@pytest.mark.parametrize('slept_ms', [4, 40, 400])
def test_each_command_of_a_late_tick_moves_by_one_period_only(slept_ms):
    loop = moving()
    loop.now += slept_ms * MS
    late = loop.tick()
    sent = [*loop.commands[-2:-1], *loop.report.made_up, late]
    for last, command in zip(sent, sent[1:], strict=False):
        moved = command.motion.position - last.motion.position
        np.testing.assert_allclose(command.motion.velocity * 0.004, moved, atol=1e-15)
        assert command.tick == last.tick + 1
        assert np.abs(command.motion.acceleration).max() <= 5.0 + 1e-9


def test_commands_of_missed_ticks_are_made_up_unless_the_gate_has_long_given_up():
    made_up = []
    for slept_ms in (0, 1, 4, 8, 44, 48, 400):
        loop = moving()
        loop.now += slept_ms * MS
        loop.tick()
        made_up.append(len(loop.report.made_up))
    assert made_up == [0, 0, 1, 2, 11, 0, 0]


def test_disable_at_rest_ends_at_once_and_while_moving_comes_to_rest_first():
    loop = moving()
    assert loop.tick(Event.DISABLE) is not None
    loop.ticks(40)
    assert loop.state.mode is Mode.IDLE
    assert not loop.commands[-1].motion.velocity.any()
    assert loop.tick() is None
    loop.tick(Event.ENABLE)
    assert loop.tick(Event.DISABLE) is None
    assert loop.state.mode is Mode.IDLE


def test_a_wish_to_go_on_cancels_a_disable_that_is_not_done():
    loop = moving()
    loop.tick(Event.DISABLE)
    loop.tick(Event.DISABLE)
    assert loop.state.leaving
    loop.tick(Event.POLICY)
    loop.ticks(60)
    assert loop.state.mode is Mode.POLICY


def test_a_coasting_gate_does_not_change_the_sequence_of_control():
    alone, watched = moving(), moving()
    watched.gate = gate('COAST', [0.9, 0.9])
    expected, command = alone.tick(), watched.tick()
    np.testing.assert_array_equal(command.motion.position, expected.motion.position)


@pytest.mark.parametrize('kind', ['latest', 'blend', 'sync', 'ensemble'])
def test_the_same_inputs_give_the_same_commands_bit_for_bit_and_within_every_bound(kind):
    def run():
        loop = in_policy(replace(CONFIG, schedule_kind=kind))
        rng = np.random.default_rng(11)
        for n in range(600):
            chunks = []
            if n % 17 == 0:
                chunks = [loop.chunk(rng.uniform(-2.0, 2.0, (6, 2)))]
            loop.tick(chunks=chunks)
        return loop.commands
    first, second = run(), run()
    assert len(first) == 602
    for n, (one, two) in enumerate(zip(first, second, strict=True)):
        assert one.tick == two.tick == n
        assert one.motion.position.tobytes() == two.motion.position.tobytes()
        assert (np.abs(one.motion.position) <= 1.0 + 1e-9).all()
        assert (np.abs(one.motion.velocity) <= 1.5 + 1e-9).all()
        assert (np.abs(one.motion.acceleration) <= 5.0 + 1e-9).all()


def test_the_initial_state_has_the_schedule_of_the_configuration():
    state = initial(replace(CONFIG, schedule_kind='blend', blend_ns=7))
    assert isinstance(state, ControlState)
    assert (state.schedule.kind, state.schedule.blend_ns) == ('blend', 7)
