"""Efforts: what the loop makes of a wish, and what the gate says, watches and does."""

from dataclasses import replace

from effort_rig import (
    assert_within,
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
    toward,
)
import numpy as np
import pytest
from robot_runtime.core import gate
from robot_runtime.core.effort_guard import allowed
from robot_runtime.core.effort_shape import shape_efforts
from robot_runtime.core.gate_hang import DRIVER_NS, woken
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.gate_watches import sense
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


def going(ticks=12, share=0.5):
    """Return a robot whose joints are pushed and go."""
    robot = EffortRobot().engaged()
    for _ in range(ticks):
        robot.senses()
        assert robot.send(toward(robot.gate.motion, share * EFFORT)), robot.gate.reason
        robot.pass_time()
    assert (robot.speed[:2] > 0.05).all()
    return robot


def test_an_estop_damps_the_joints_to_rest_and_is_reset_to_no_effort():
    robot = going()
    robot.gate = gate.estop(robot.config, robot.gate, robot.now, 'a test')
    robot.wait(2)
    assert (robot.sent[-1].position[:2] < 0.5 * EFFORT).all()
    assert robot.gate.state is Phase.BRAKING
    robot.wait(300)
    assert robot.gate.state is Phase.REST
    assert np.abs(robot.speed[:2]).max() <= 0.021
    assert not robot.sent[-1].position[:2].any()
    assert_within(robot.sent)
    robot.gate, ok, _ = gate.reset(robot.config, robot.gate, robot.position, robot.now)
    assert ok
    robot.tick = 0
    assert robot.send(REST, epoch=2), robot.gate.reason


def test_a_joint_that_moves_again_while_latched_is_damped_again():
    robot = going()
    robot.gate = gate.estop(robot.config, robot.gate, robot.now, 'a test')
    robot.wait(300)
    robot.push = np.array([4.0, 0.0])
    robot.wait(200)
    assert robot.gate.state is Phase.BRAKING
    assert robot.speed[0] == pytest.approx(4.0 / DAMPING[0], rel=0.1)
    robot.push = np.zeros(2)
    robot.wait(300)
    assert robot.gate.state is Phase.REST


@pytest.mark.parametrize('lame', [False, True])
def test_without_fresh_speeds_the_efforts_go_to_zero_at_their_rate_and_no_damping_is_made_up(lame):
    robot = going()
    known = len(robot.sent)
    if lame:
        felt = replace(robot.sample, value=replace(robot.sample.value, velocity=None))
        robot.history[:] = [replace(felt, received_ns=robot.now)]
        robot.senses()
        for _ in range(16):
            robot.send(Motion.at_rest(robot.gate.motion.position))
            robot.pass_time()
            robot.sample = replace(felt, received_ns=robot.now)
            robot.gate = sense(robot.config, robot.gate, robot.sample, robot.now)
        assert 'velocities nobody has measured' in robot.gate.reason
    else:
        robot.wait(30, sensing=False)
        assert robot.gate.reason.startswith('joint state missing')
    robot.wait(60, sensing=False)
    assert robot.gate.state is Phase.REST
    own = np.array([motion.position[:2] for motion in robot.sent[known - 1:]])
    assert not own[-1].any()
    assert (own >= -DAMPING * 1.5).all()
    assert_within(robot.sent)


def test_a_late_sender_finds_the_effort_where_it_left_it():
    robot = going(share=0.1)
    effort = robot.gate.motion.position
    robot.wait(4)
    assert robot.gate.state is Phase.COAST
    np.testing.assert_array_equal(robot.gate.motion.position, effort)
    robot.tick = robot.gate.tick + 1
    assert robot.send(Motion.at_rest(effort)), robot.gate.reason
    assert robot.gate.counters.recovered == 1


def test_while_nothing_comes_an_effort_that_is_too_much_by_now_goes_back():
    robot = EffortRobot().engaged()
    while robot.send(toward(robot.gate.motion, EFFORT)):
        robot.pass_time()
        robot.senses()
    robot = EffortRobot(budget_ns=10**9).engaged()
    for _ in range(8):
        robot.senses()
        robot.send(toward(robot.gate.motion, EFFORT))
        robot.pass_time()
    robot.wait(60)
    assert robot.gate.state is Phase.COAST
    assert robot.fastest[0] <= FASTEST[0] * 1.01
    assert_within(robot.sent)


def test_a_gate_that_hung_damps_the_joints_from_no_effort_on_and_can_be_reset():
    robot = going()
    robot.now += 2 * DRIVER_NS
    robot.gate = woken(robot.config, robot.gate, robot.now)
    assert (robot.gate.state, robot.gate.motion) == (Phase.IDLE, None)
    known = len(robot.sent)
    robot.history.append(robot.felt())
    robot.wait(1)
    assert (robot.sent[known].position[:2] <= 0.0).all()
    assert (robot.sent[known].position[:2] >= -RATE * DT * (1 + 1e-9)).all()
    assert not gate.reset(robot.config, robot.gate, robot.position, robot.now)[1]
    robot.wait(300)
    assert np.abs(robot.speed[:2]).max() <= 0.021
    robot.gate, ok, _ = gate.reset(robot.config, robot.gate, robot.position, robot.now)
    assert ok
    robot.tick = 0
    assert robot.send(REST, epoch=2), robot.gate.reason


def test_a_robot_that_is_left_in_peace_while_it_pushes_is_not_at_rest():
    robot = EffortRobot(rest_on_silence=True).engaged()
    for _ in range(6):
        robot.senses()
        assert robot.send(toward(robot.gate.motion, row_of(0.1)))
        robot.pass_time()
    robot.wait(40)
    assert robot.gate.latched


def row_of(effort):
    return np.full(2, effort)
