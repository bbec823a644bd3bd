"""Efforts under way: how the gate stops them, and what it does when something does not come."""

from dataclasses import replace

from effort_rig import (
    assert_within,
    DAMPING,
    DT,
    EFFORT,
    EffortRobot,
    FASTEST,
    RATE,
    SEED,
    toward,
)
import numpy as np
import pytest
from robot_runtime.core import gate
from robot_runtime.core.gate_hang import DRIVER_NS, woken
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.gate_watches import sense
from robot_runtime.core.types import Command, Motion

REST = Motion.at_rest(SEED)


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


def test_ticks_that_were_lost_are_filled_in_at_the_rate_and_judged_as_well():
    robot = EffortRobot().engaged()
    robot.senses()
    one = toward(robot.gate.motion, EFFORT)
    two, before, tick = toward(one, EFFORT), robot.gate, robot.tick + 1
    state, out = robot.offer(two, tick=tick)
    assert out is two, state.reason
    filled, = gate.lost(robot.config, before, Command(1, tick, two))
    np.testing.assert_allclose(filled.position, one.position)
    robot.speed[0] = FASTEST[0] + 0.01
    for _ in range(4):
        robot.now += 1_000_000
        robot.gate = replace(robot.gate, felts=())
        robot.history.append(robot.felt())
        robot.senses()
    assert robot.offer(two, tick=tick)[1] is None


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
