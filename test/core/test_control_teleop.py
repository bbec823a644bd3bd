"""Tests of the control tick: a person takes over, is followed, and falls silent."""

from dataclasses import replace

from control_rig import CONFIG, gate, HOME, in_policy, Loop, moving, MS, ROS
import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.limits import ramp_to_rest
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample
from robot_runtime.core.teleop import follow

TIMEOUT = CONFIG.teleop_timeout_ns


def hand(loop, position, age=0, stamp=None):
    """Return what a person sent `age` ns ago."""
    value = np.array(position, dtype=np.float64)
    at = loop.now - age
    return Sample(at, ROS + at if stamp is None else stamp, value)


def held():
    loop = Loop()
    loop.tick(Event.ENABLE)
    return loop


def in_shadow():
    loop = held()
    loop.tick(Event.SHADOW)
    return loop


def going_home():
    loop = held()
    home = Chunk(0, 4 * MS, HOME + np.linspace(0.0, 0.3, 200)[:, None], 0)
    loop.tick(Event.HOME, home=home)
    loop.ticks(30)
    return loop


def in_teleop(position=HOME + 0.1):
    loop = held()
    loop.tick(teleop=hand(loop, position))
    return loop


@pytest.mark.parametrize('begin', [held, moving, in_shadow, going_home])
def test_a_person_takes_over_whatever_the_robot_does_without_a_step(begin):
    loop = begin()
    before = loop.state.motion
    loop.tick(teleop=hand(loop, HOME - 0.3))
    assert (loop.state.mode, loop.report.teleop) == (Mode.TELEOP, True)
    stop = ramp_to_rest(before, CONFIG.limits, 0.004)
    np.testing.assert_allclose(loop.report.target, stop.position, atol=1e-12)
    change = loop.commands[-1].motion.velocity - before.velocity
    assert (np.abs(change) <= 5.0 * 0.004 + 1e-12).all()
    assert loop.commands[-1].epoch_ns == loop.commands[-2].epoch_ns


def test_a_stream_of_positions_is_followed_within_the_limits_to_where_it_ends():
    loop = held()
    places = HOME + np.sin(np.arange(80) * 0.04)[:, None] * np.array([0.3, -0.2])
    for place in places:
        loop.tick(teleop=hand(loop, place))
        loop.ticks(4)
    for _ in range(20):
        loop.tick(teleop=hand(loop, places[-1]))
        loop.ticks(9)
    np.testing.assert_allclose(loop.state.motion.position, places[-1], atol=1e-9)
    accelerations = np.array([c.motion.acceleration for c in loop.commands])
    assert np.abs(accelerations).max() <= 5.0 + 1e-9


def test_a_steady_slow_stream_is_a_steady_motion_and_not_one_stop_after_the_other():
    loop = held()
    speeds = []
    for n in range(30):
        loop.tick(teleop=hand(loop, HOME + n * np.array([0.01, 0.0])))
        loop.ticks(9)  # 25 messages a second, 0.25 rad/s
        speeds += [command.motion.velocity[0] for command in loop.commands[-10:]]
    assert np.ptp(speeds[150:]) < 0.01
    assert speeds[-1] == pytest.approx(0.25, abs=0.01)


def test_silence_ends_in_hold_at_rest_and_the_policy_does_not_come_back():
    loop = moving()
    loop.tick(teleop=hand(loop, HOME + 0.4))
    loop.ticks(TIMEOUT // (4 * MS))
    assert loop.state.mode is Mode.TELEOP
    loop.tick()
    assert loop.state.mode is Mode.HOLD
    assert loop.report.refused == ('TELEOP ended: no message for 0.2 s',)
    loop.tick(chunks=[loop.chunk([HOME] * 50)])
    loop.ticks(100)
    assert loop.state.mode is Mode.HOLD
    assert not loop.state.motion.velocity.any()


def test_after_silence_a_new_message_takes_over_again():
    loop = in_teleop()
    loop.ticks(60)
    assert loop.state.mode is Mode.HOLD
    loop.tick(teleop=hand(loop, HOME))
    assert loop.state.mode is Mode.TELEOP


@pytest.mark.parametrize(
    ('changed', 'reason'),
    [({'position': [np.nan, 0.0]}, 'it has nan for joint 0'),
     ({'position': [0.0, np.inf]}, 'it has inf for joint 1'),
     ({'position': [0.0]}, 'shape'),
     ({'stamp': 0}, 'no stamp'),
     ({'stamp': ROS + 1_000 * MS - TIMEOUT}, 'ms old; allowed: 200 ms'),
     ({'age': TIMEOUT + MS, 'stamp': ROS + 1_004 * MS}, 'ms old; allowed: 200 ms'),
     ({'stamp': ROS + 1_100 * MS}, 'in the future; allowed: 5 ms')],
)
def test_a_bad_message_is_refused_in_a_sentence_and_moves_nothing(changed, reason):
    loop = held()
    loop.tick(teleop=hand(loop, **{'position': HOME + 0.1, **changed}))
    assert (loop.state.mode, loop.report.teleop) == (Mode.HOLD, False)
    assert reason in loop.report.refused[0]
    assert loop.report.refused[0].startswith('teleop: ')
    np.testing.assert_array_equal(loop.state.motion.position, HOME)


def test_bad_messages_do_not_keep_a_person_in_command():
    loop = in_teleop()
    for _ in range(60):
        loop.tick(teleop=hand(loop, [np.nan, 0.0]))
    assert loop.state.mode is Mode.HOLD


def test_a_message_that_is_not_newer_is_refused():
    loop = in_teleop()
    old = loop.state.teleop.stamp_ns
    loop.tick(teleop=hand(loop, HOME - 0.5, stamp=old))
    assert loop.report.refused == ('teleop: it is not newer than the last one',)


def test_a_robot_that_is_idle_latched_or_about_to_be_left_is_not_taken_over():
    loop = Loop()
    loop.tick(teleop=hand(loop, HOME))
    assert loop.state.mode is Mode.IDLE
    assert 'teleop: mode is IDLE' in loop.report.refused[0]
    loop = moving()
    loop.tick(Event.DISABLE)
    loop.tick(teleop=hand(loop, HOME))
    assert loop.state.mode is Mode.HOLD
    loop = moving()
    loop.gate = gate('BRAKING', latched=True)
    loop.tick(teleop=hand(loop, HOME))
    assert loop.state.mode is Mode.FAULT


def test_hold_and_faults_end_teleop():
    loop = in_teleop()
    loop.tick(Event.HOLD)
    assert loop.state.mode is Mode.HOLD
    loop = in_teleop()
    loop.measured = None
    loop.tick(measured=Sample(loop.now - 51 * MS, 0, HOME), teleop=hand(loop, HOME))
    assert loop.state.mode is Mode.FAULT


def test_the_way_to_the_next_message_takes_as_long_as_it_took_to_come():
    first = follow(None, Sample(0, 1, HOME), 10, 200)
    assert (first.at(10) == HOME).all()
    second = follow(first, Sample(100, 2, HOME + 1.0), 110, 200)
    assert (second.at(110) == HOME).all()
    np.testing.assert_allclose(second.at(160), HOME + 0.5)
    assert (second.at(210) == HOME + 1.0).all()
    late = follow(second, Sample(900, 3, HOME), 1000, 200)
    assert late.end_ns == 1200


def test_policy_is_entered_again_by_its_own_event_only():
    loop = in_policy()
    loop.tick(teleop=hand(loop, HOME))
    loop.tick(Event.POLICY)
    assert loop.state.mode is Mode.TELEOP
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    assert loop.state.mode is Mode.POLICY


def test_after_a_silence_a_clock_that_was_set_back_does_not_keep_a_person_out():
    loop = in_teleop()
    newest = loop.state.teleop.stamp_ns
    loop.state = replace(loop.state, teleop=replace(loop.state.teleop, stamp_ns=newest + 10**12))
    loop.tick(teleop=hand(loop, HOME - 0.1))
    assert loop.report.refused == ('teleop: it is not newer than the last one',)
    loop.ticks(60)
    assert loop.state.mode is Mode.HOLD
    loop.tick(teleop=hand(loop, HOME - 0.1))
    assert loop.state.mode is Mode.TELEOP
