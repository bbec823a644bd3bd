"""Setpoints: what the loop makes of a wish, and what the gate says, watches and does."""

from dataclasses import replace

import numpy as np
import pytest
from robot_runtime.core import gate
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.limits import POSITION, ramp_to_rest, Shaped, VELOCITY
from robot_runtime.core.setpoint_shape import EFFORT as BY_EFFORT
from robot_runtime.core.setpoint_shape import shape_setpoints
from robot_runtime.core.types import Motion
from setpoint_rig import (
    assert_within,
    DT,
    EFFORT,
    HOME,
    lame,
    limits,
    MS,
    RATE,
    setpoint_joints,
    SetpointRobot,
    stepped,
    STIFFNESS,
    toward,
)

STILL = np.zeros(3)
REST = Motion.at_rest(HOME)
FAR = HOME + [0.5, 0.0, 0.0]
BEARABLE = 0.5 * EFFORT / STIFFNESS  # [rad] ahead of a joint that stands


def shaped(wanted, last=REST, position=HOME, velocity=STILL):
    still = Shaped(ramp_to_rest(last, limits(), DT), np.zeros(3, np.uint8))
    return shape_setpoints(
        setpoint_joints(), still, np.array(wanted), last, np.array(position),
        np.array(velocity), limits(), DT,
    )  # fmt: skip


def test_a_setpoint_within_reach_is_taken_as_it_is_whatever_its_acceleration():
    wish = HOME + [0.005, -0.01, 0.0]
    done = shaped(wish, last=REST)
    np.testing.assert_array_equal(done.motion.position, wish)
    assert done.motion.acceleration[0] > 300.0
    assert not done.active.any()


def test_one_further_away_is_gone_to_at_the_rate_of_each_joint_alone():
    done = shaped(HOME + [0.05, 0.001, 0.0])
    assert done.motion.position[:2] == pytest.approx(HOME[:2] + [RATE[0] * DT, 0.001])
    assert done.active.tolist() == [VELOCITY, 0, 0]


@pytest.mark.parametrize('joint', [0, 1])
@pytest.mark.parametrize('sense', [-1.0, 1.0])
def test_one_beyond_its_range_ends_there(joint, sense):
    here = HOME.copy()
    here[joint] = sense * 0.999
    wish = here.copy()
    wish[joint] = sense * 1.05
    done = shaped(wish, Motion.at_rest(here), here)
    assert done.motion.position[joint] == sense
    assert done.active[joint] == POSITION


@pytest.mark.parametrize('sense', [-1.0, 1.0])
def test_one_that_asks_too_much_of_its_drive_stays_where_the_share_of_the_effort_is(sense):
    last = Motion.at_rest(HOME + [sense * (BEARABLE[0] - 0.001), 0.0, 0.0])
    done = shaped(HOME + [sense, 0.0, 0.0], last)
    assert done.motion.position[0] == pytest.approx(HOME[0] + sense * BEARABLE[0])
    assert done.active[0] == BY_EFFORT


def test_the_damping_of_the_drive_counts_so_a_moving_joint_may_be_led_further():
    last = Motion.at_rest(HOME + [BEARABLE[0], 0.0, 0.0])
    done = shaped(FAR, last, velocity=[0.01, 0.0, 0.0])
    assert done.motion.position[0] == pytest.approx(HOME[0] + BEARABLE[0] + 0.01 * 20 / 100)


def test_a_joint_that_was_pushed_away_draws_its_setpoint_after_it_at_the_rate():
    done = shaped(HOME, position=HOME - [0.5, 0.0, 0.0])
    assert done.motion.position[0] == pytest.approx(HOME[0] - RATE[0] * DT)


def test_the_gate_names_the_joint_the_effort_and_what_is_allowed():
    robot = SetpointRobot().engaged()
    robot.blocked = True
    assert not robot.follow(FAR, 200)
    ahead = robot.gate.motion.position[0] - HOME[0]
    assert ahead <= EFFORT[0] / STIFFNESS[0] < ahead + RATE[0] * DT
    assert robot.gate.reason == (
        'command refused: effort that its drive would make of the setpoint: one 20.28, allowed 20'
    )
    assert robot.gate.latched


def pushed(by=0.25):
    """Return a robot whose first joint was pushed further from its setpoint than it may be."""
    robot = SetpointRobot().engaged()
    robot.blocked = True
    robot.place = robot.place - [by, 0.0, 0.0]
    robot.history.append(robot.felt())
    robot.senses()
    return robot


@pytest.mark.parametrize(('way', 'passes'), [(-0.001, True), (0.0, True), (0.001, False)])
def test_a_setpoint_that_is_beyond_already_may_stay_or_come_back_and_never_go_on(way, passes):
    robot = pushed()
    assert robot.send(stepped(robot.gate.motion, np.array([way, 0.0]))) is passes


def test_one_that_stays_beyond_for_50_ms_brakes_and_then_goes_to_its_joint():
    robot = pushed()
    for _ in range(12):
        robot.send(stepped(robot.gate.motion, np.zeros(2)))
        robot.pass_time()
        robot.senses()
    assert robot.gate.state is Phase.PASS
    for _ in range(3):
        robot.send(stepped(robot.gate.motion, np.zeros(2)))
        robot.pass_time()
    assert 'one is asked for 25, allowed 20' in robot.gate.reason
    robot.wait(200)
    assert robot.gate.state is Phase.REST
    assert robot.gate.motion.position[0] == HOME[0] - 0.25


def test_a_sender_that_stands_is_met_again_after_a_silence():
    robot = SetpointRobot().engaged()
    assert robot.follow(FAR, 200)
    robot.wait(10)
    assert robot.gate.state is Phase.COAST
    robot.tick = robot.gate.tick + 1
    assert robot.send(Motion.at_rest(robot.gate.motion.position)), robot.gate.reason
    assert robot.gate.counters.recovered == 1


def test_a_sender_that_went_on_meanwhile_is_not_followed_beyond_the_rate():
    robot = SetpointRobot().engaged()
    assert robot.follow(FAR, 10)
    last, told = robot.gate.motion, []
    for _ in range(4):
        last = toward(last, FAR)
        told.append(last)
    robot.wait(4)
    robot.tick = robot.gate.tick + 1
    known = len(robot.sent)
    assert not robot.send(told[-1])
    assert robot.gate.unmet.startswith('command refused: velocity: ')
    assert (robot.gate.latched, len(robot.sent)) == (False, known)


def test_ticks_that_were_lost_are_filled_in_within_the_rate():
    robot = SetpointRobot().engaged()
    assert robot.follow(FAR, 10)
    before, last = robot.gate, robot.gate.motion
    for _ in range(3):
        last = toward(last, FAR)
    robot.now += 8 * MS
    robot.senses()
    robot.tick += 2
    assert robot.send(last), robot.gate.reason
    command = gate.Command(1, before.tick + 3, last)
    way = [before.motion, *gate.lost(robot.config, before, command), last]
    steps = np.diff([motion.position[0] for motion in way])
    assert steps == pytest.approx(np.full(3, RATE[0] * DT))


@pytest.mark.parametrize('known', [True, False])
def test_without_a_measurement_a_stop_stays_where_it_is(known):
    robot = SetpointRobot().engaged()
    assert robot.follow(FAR, 30)
    robot.gate = gate.stop(robot.config, robot.gate, robot.now, 'a reason')
    if not known:
        robot.now += 51 * MS
    measured, sent = robot.sample.value.position[0], robot.sent[-1].position[0]
    robot.wait(1, sensing=False)
    robot.wait(60, sensing=False)
    assert robot.gate.state is Phase.REST
    assert robot.sent[-1].position[0] == (measured if known else sent)
    assert measured < sent - 0.01


def test_joints_whose_velocities_nobody_measures_are_not_moved_and_it_is_said():
    robot = SetpointRobot()
    robot.senses()
    robot.sample = lame(robot.sample)
    robot.senses()
    assert not robot.send(REST)
    assert 'joints whose velocities nobody has measured' in robot.gate.reason
    robot = SetpointRobot().engaged()
    robot.gate = replace(robot.gate, felt=lame(robot.sample))
    assert not robot.send(Motion.at_rest(HOME))
    assert 'joints whose velocities nobody has measured' in robot.gate.reason


def test_a_velocity_that_is_no_number_is_no_measurement():
    robot = SetpointRobot().engaged()
    robot.speed = np.array([np.nan, 0.0, 0.0])
    robot.history.append(robot.felt())
    robot.senses()
    assert not robot.send(Motion.at_rest(robot.gate.motion.position))
    assert robot.gate.latched


def test_an_engagement_begins_where_the_joints_are_measured_and_at_no_effort_beyond():
    robot = SetpointRobot()
    robot.speed = np.array([1.1, 0.0, 0.0])  # 22 N m by damping alone
    robot.history = [robot.felt()]
    robot.senses()
    assert not robot.send(REST)
    assert 'one -22, allowed 20' in robot.gate.reason


def test_a_reset_is_refused_while_a_drive_would_be_asked_for_too_much():
    robot = SetpointRobot().engaged()
    robot.gate = gate.estop(robot.config, robot.gate, robot.now, 'e-stop')
    robot.wait(5)
    assert robot.gate.state is Phase.REST
    robot.place = robot.place + [0.0, 0.3, 0.0]
    robot.history.append(robot.felt())
    robot.senses()
    robot.gate, ok, said = gate.reset(robot.config, robot.gate, robot.position, robot.now)
    assert not ok
    assert 'two is asked for -6' in said


def test_each_stop_goes_to_where_the_joints_are_then():
    robot = SetpointRobot(rest_on_silence=True).engaged()
    places = []
    for _ in range(2):
        robot.place = robot.place + [0.05, 0.0, 0.0]
        robot.speed[:] = 0.0
        robot.history.append(robot.felt())
        robot.blocked = True
        robot.senses()
        robot.gate = gate.estop(robot.config, robot.gate, robot.now, 'e-stop')
        robot.wait(60)
        assert robot.gate.state is Phase.REST
        places.append(robot.gate.motion.position[0])
        robot.gate, ok, said = gate.reset(robot.config, robot.gate, robot.position, robot.now)
        assert ok, said
    assert places == pytest.approx([HOME[0] + 0.05, HOME[0] + 0.10])


def stopped_by_damping(push=0.0, sensing=True):
    """Return a robot that is stopped while it goes, where it was, and how long it took."""
    robot = SetpointRobot(setpoint_joints(follows=True)).engaged()
    assert robot.follow(FAR, 60)
    assert robot.speed[0] > 0.5
    place, begun = robot.place[0], robot.now
    robot.gate = gate.estop(robot.config, robot.gate, robot.now, 'a test')
    robot.push = np.array([push, 0.0])
    while robot.gate.state is not Phase.REST and robot.now < begun + 5_000 * MS:
        robot.wait(1, sensing)
    return robot, place, (robot.now - begun) / 1e9


def test_a_stop_by_damping_follows_the_joint_until_it_stands_and_then_stays():
    robot, place, seconds = stopped_by_damping()
    assert robot.gate.state is Phase.REST
    assert seconds < 1.0
    assert place < robot.place[0] < place + 0.1
    assert abs(robot.sent[-1].position[0] - robot.place[0]) < 1e-3
    assert_within(robot.sent)
    known = robot.sent[-1].position.copy()
    robot.wait(100)
    np.testing.assert_array_equal(robot.sent[-1].position, known)


def test_a_joint_that_is_pulled_on_goes_by_the_damping_of_its_drive_for_2_s_and_is_then_held():
    robot, place, seconds = stopped_by_damping(push=4.0)
    assert 2.0 <= seconds <= 2.1
    assert 0.3 < robot.place[0] - place < 0.6
    assert robot.speed[0] < 4.0 / 20.0 * 1.01
    robot.wait(300)
    held = robot.sent[-1].position[0]
    assert robot.place[0] == pytest.approx(held + 4.0 / STIFFNESS[0], abs=0.005)


def test_a_stop_by_damping_without_a_joint_state_stays_where_it_is():
    robot = SetpointRobot(setpoint_joints(follows=True)).engaged()
    assert robot.follow(FAR, 60)
    known = robot.sent[-1].position.copy()
    robot.wait(40, sensing=False)
    assert robot.gate.latched
    np.testing.assert_array_equal(robot.sent[-1].position, known)
    assert robot.gate.state is Phase.REST
