"""Efforts: what the loop makes of a wish, and what the gate says of a command."""

from dataclasses import replace

from effort_rig import (
    changed,
    DAMPING,
    DT,
    EFFORT,
    effort_joints,
    EffortRobot,
    FASTEST,
    HOME,
    limits,
    MARGIN,
    RATE,
    RESPONSE_S,
    SEED,
    SETTLE_S,
)
import numpy as np
import pytest
from robot_runtime.core import gate
from robot_runtime.core.effort_guard import allowed
from robot_runtime.core.effort_shape import shape_efforts
from robot_runtime.core.limits import POSITION, ramp_to_rest, Shaped, VELOCITY
from robot_runtime.core.setpoint_shape import EFFORT as BY_STATE
from robot_runtime.core.types import Motion

STILL = np.zeros(3)
REST = Motion.at_rest(SEED)
JOINTS = effort_joints()
HORIZON_S = SETTLE_S + RESPONSE_S + EFFORT / RATE


def at(effort):
    return Motion.at_rest(np.append(effort, 0.02))


def shaped(wanted, last=REST, position=HOME, velocity=STILL):
    still = Shaped(ramp_to_rest(last, limits(), DT), np.zeros(3, np.uint8))
    aim = None if wanted is None else np.append(wanted, 0.02)
    known = None if velocity is None else np.array(velocity, dtype=np.float64)
    done = shape_efforts(JOINTS, still, aim, last, np.array(position), known, DT)
    return done.motion.position[:2], done.active[:2].tolist()


def bounds(position, velocity):
    return allowed(JOINTS, np.array(position)[:2], np.array(velocity, dtype=np.float64)[:2])


def test_an_effort_in_reach_is_taken_as_it_is():
    effort, active = shaped([0.9, -2.0])
    assert effort.tolist() == [0.9, -2.0]
    assert active == [0, 0]


def test_one_further_away_is_gone_to_at_its_rate_and_one_beyond_the_limit_is_flagged():
    effort, active = shaped([5.0, -1e308])
    assert effort == pytest.approx([RATE[0] * DT, -RATE[1] * DT])
    assert active == [VELOCITY, POSITION | BY_STATE | VELOCITY]


@pytest.mark.parametrize('sense', [-1.0, 1.0])
def test_no_wish_is_damping_and_none_where_the_joint_stands(sense):
    speed = [sense * 0.05, sense * 0.019, 0.0]
    effort, _ = shaped(None, velocity=speed)
    assert effort == pytest.approx([-sense * 0.5, 0.0])


def test_without_speeds_the_efforts_go_to_zero_at_their_rate():
    effort, _ = shaped([15.0, 15.0], at([15.0, 0.5]), velocity=None)
    assert effort == pytest.approx([15.0 - RATE[0] * DT, 0.0])


@pytest.mark.parametrize('sense', [-1.0, 1.0])
def test_the_allowed_effort_brings_a_joint_just_to_its_greatest_speed(sense):
    speed = sense * 0.5 * FASTEST
    low, high = bounds(STILL, np.append(speed, 0.0))
    effort = high if sense > 0 else -low
    gained = JOINTS.gain / EFFORT * (effort * RESPONSE_S + effort**2 / (2.0 * RATE))
    most = np.minimum(FASTEST, 1.0 / HORIZON_S)  # in the middle of the range
    assert 0.5 * FASTEST + gained == pytest.approx(most)


@pytest.mark.parametrize('sense', [-1.0, 1.0])
def test_near_an_end_a_joint_may_be_as_fast_as_a_stop_by_damping_ends_inside(sense):
    place = np.array([sense * 0.9, sense * 0.9, 0.0])
    most = 0.1 / HORIZON_S
    low, high = bounds(place, np.append(sense * (most - 1e-9), 0.0))
    assert np.abs(high if sense > 0 else low) == pytest.approx([0.0, 0.0], abs=1e-3)
    low, high = bounds(place, np.append(sense * (most + 1e-9), 0.0))
    outwards = high if sense > 0 else -low
    assert outwards == pytest.approx(-DAMPING * most)


def test_a_joint_outside_may_not_be_pushed_out_and_may_be_pushed_back():
    low, high = bounds([1.1, -1.1, 0.0], STILL)
    assert high[0] == 0.0
    assert low[1] == 0.0
    assert low[0] < -1.0
    assert high[1] > 1.0


@pytest.mark.parametrize('place', [-1.2, -0.95, 0.0, 0.95, 1.2])
@pytest.mark.parametrize('speed', [-9.0, -1.0, 0.0, 1.0, 9.0])
def test_damping_is_always_allowed_and_so_is_what_the_loop_makes_of_any_wish(place, speed):
    position, velocity = np.array([place, place, 0.0]), np.array([speed, speed, 0.0])
    low, high = bounds(position, velocity)
    damping = np.clip(-DAMPING * speed, -EFFORT, EFFORT)
    assert (low <= damping).all()
    assert (damping <= high).all()
    for wish in (-EFFORT, 0.0 * EFFORT, EFFORT):
        for last in (-EFFORT, 0.0 * EFFORT, EFFORT):
            effort, _ = shaped(wish, at(last), position, velocity)
            back = np.abs(np.abs(effort - last) - RATE * DT) < 1e-9
            assert (((low - 1e-9 <= effort) & (effort <= high + 1e-9)) | back).all()


def test_the_loop_keeps_its_margin_from_the_end():
    effort, _ = shaped(EFFORT, position=[1.0 - MARGIN, 1.0 - MARGIN, 0.02])
    assert effort == pytest.approx([0.0, 0.0], abs=1e-9)


def test_the_gate_names_the_joint_the_effort_and_what_is_allowed():
    robot = EffortRobot().engaged()
    last, reasons = robot.gate.motion, []
    for by in (RATE[0] * DT * 1.01, np.nan):
        state, out = robot.offer(changed(last, np.array([by, 0.0])))
        assert out is None
        reasons.append(state.reason)
    assert reasons == [
        'command refused: rate of the effort: one 303, allowed 300.0003',
        'command refused: not a finite number: one nan, allowed inf',
    ]
    robot.gate = replace(robot.gate, motion=at(EFFORT))
    state, _ = robot.offer(changed(at(EFFORT), np.array([0.1, 0.0])))
    assert state.reason == 'command refused: effort: one 20.1, allowed 20.00004'


def test_an_effort_that_would_make_its_joint_too_fast_is_refused_by_what_is_measured():
    robot = EffortRobot().engaged()
    robot.speed[0] = FASTEST[0] + 0.01
    robot.history.append(robot.felt())
    for _ in range(4):  # past the grace in which its sender may not know yet
        robot.now += 4_000_000
        robot.history.append(robot.felt())
        robot.senses()
    state, out = robot.offer(changed(robot.gate.motion, np.array([0.1, 0.0])))
    assert out is None
    assert state.reason.startswith('command refused: effort, by where its joint is and how fast')
    assert 'one 0.1, allowed -13.1' in state.reason
    assert robot.send(changed(robot.gate.motion, np.array([-RATE[0] * DT, 0.0])))


def test_an_engagement_begins_without_effort_and_not_with_joints_that_are_too_fast():
    robot = EffortRobot()
    robot.senses()
    assert not robot.send(at([0.1, 0.0]))
    assert 'start of the engagement: one 0.1' in robot.gate.reason
    robot.speed[1] = FASTEST[1] + 0.1
    robot.history[:] = [robot.felt()]
    robot.sample = None
    robot.gate = gate.initial(robot.config, robot.now)
    robot.senses()
    robot.tick = 0
    assert not robot.send(REST, epoch=2)
    assert 'how fast: two 0, allowed -40' in robot.gate.reason
