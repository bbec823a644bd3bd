"""Drift: a joint that was told to stand and moves is a fault."""

from dataclasses import replace

import numpy as np
from robot_runtime.core import gate
from robot_runtime.core.gate import Phase
from robot_runtime.core.types import Motion
from velocity_rig import after, DT, HOME, toward, VelocityRobot

SETTLE = 30  # ticks of 4 ms: the response of 20 ms and 100 ms


def standing(ticks):
    """Return a robot that is held by commands of zero velocity."""
    robot = VelocityRobot().engaged()
    hold(robot, ticks)
    return robot


def hold(robot, ticks, slip=0.0):
    """Go on for some ticks while the first joint slips by `slip` in each."""
    for _ in range(ticks):
        robot.place[0] += slip
        robot.senses()
        robot.send(Motion.at_rest(robot.gate.motion.position))
        robot.pass_time()


def test_a_joint_that_slips_while_told_to_stand_is_named_and_latches():
    robot = standing(SETTLE + 2)
    hold(robot, 20, slip=0.0006)
    assert robot.gate.state is Phase.REST
    assert robot.gate.latched
    reason = robot.gate.reason
    assert reason.startswith('drift: one moved by 0.010')
    assert reason.endswith('while told to stand, allowed 0.01')


def test_what_is_allowed_may_move_and_so_may_a_joint_that_still_settles():
    robot = standing(SETTLE + 2)
    hold(robot, 20, slip=0.0004)
    assert robot.gate.state is Phase.PASS
    settling = standing(2)
    hold(settling, SETTLE - 5, slip=0.01)
    hold(settling, 50)
    assert settling.gate.state is Phase.PASS


def test_a_joint_that_is_told_to_move_may_and_is_watched_once_more_when_it_stands():
    robot = standing(SETTLE + 2)
    for share in (0.3, 0.0):
        for _ in range(100):
            robot.senses()
            assert robot.send(toward(robot.gate.motion, share * np.array([1.0, 1.0, 0.0])))
            robot.pass_time()
    hold(robot, SETTLE + 2)
    assert robot.place[0] > HOME[0] + 0.1
    hold(robot, 40, slip=0.0006)
    assert robot.gate.reason.startswith('drift: one')


def test_a_stop_that_the_drives_do_not_obey_is_told_beside_what_stopped_it():
    robot = VelocityRobot().engaged()
    for _ in range(60):
        robot.senses()
        robot.send(after(robot.gate.motion, np.array([1.0, 0.0, 0.0])))
        robot.pass_time()
    robot.gate = gate.stop(robot.config, robot.gate, robot.now, 'a reason')
    for _ in range(400):
        robot.senses()
        robot.pass_time()
        robot.place[0] += 0.1 * DT
    assert robot.gate.state is Phase.REST
    assert robot.gate.reason.startswith('a reason; drift: one moved by')
    assert robot.gate.reason.count('drift') == 1


def test_after_a_reset_the_joints_stand_where_they_are():
    robot = standing(SETTLE + 2)
    hold(robot, 20, slip=0.0006)
    robot.gate, ok, said = gate.reset(robot.config, robot.gate, robot.position, robot.now)
    assert ok, said
    robot.tick = 0
    robot.senses()
    assert robot.send(Motion.at_rest(robot.gate.motion.position), epoch=2), robot.gate.reason
    for _ in range(100):
        robot.pass_time()
        robot.senses()
        robot.send(Motion.at_rest(robot.gate.motion.position), epoch=2)
    assert robot.gate.state is Phase.PASS


def test_a_command_is_refused_by_where_the_joint_is_measured():
    for place, allowed in ((0.9, True), (0.985, False)):
        robot = VelocityRobot().engaged()
        robot.place[0] = place
        while robot.gate.state is Phase.PASS and robot.gate.motion.velocity[0] < 0.25:
            robot.senses()
            robot.send(after(robot.gate.motion, np.array([5.0, 0.0, 0.0])))
            robot.pass_time()
        assert (robot.gate.state is Phase.PASS) is allowed
        place = 'end of a stop from here: one by its measured position'
        assert allowed or place in robot.gate.reason


def test_joints_that_nobody_has_measured_do_not_move():
    robot = VelocityRobot().engaged()
    robot.gate = replace(robot.gate, felt=None)
    robot.senses()
    robot.gate = replace(robot.gate, felt=None)
    assert not robot.send(after(robot.gate.motion, np.array([5.0, 0.0, 0.0])))
    assert 'joints that nobody has measured' in robot.gate.reason
