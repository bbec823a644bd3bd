"""Velocities that a gate left when it hung: it ends them, and sends nothing but that."""

from dataclasses import replace

import numpy as np
import pytest
from robot_runtime.core.gate import Phase, reset
from robot_runtime.core.gate_hang import DRIVER_NS, woken
from robot_runtime.core.gate_reset import reset_from_measured
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Motion
from velocity_rig import DT, PERIOD, toward, VelocityRobot

LONG = 200  # periods: longer than any stop
LATE = 10**9


def going():
    """Return a robot whose joints go at a third of what they may, and whose gate then hung."""
    robot = VelocityRobot().engaged()
    for _ in range(60):
        robot.senses()
        assert robot.send(toward(robot.sent[-1], 0.3)), robot.gate.reason
        robot.pass_time()
    assert (np.abs(robot.sent[-1].velocity[:2]) > 0.3).all()
    hang(robot)
    return robot


def hang(robot, length_ns=2 * DRIVER_NS):
    robot.now += length_ns
    robot.gate = woken(robot.config, robot.gate, robot.now)


def told(robot, count, velocity=None, age_ns=0):
    """Return what the gate sends in `count` periods, while joints are felt to go at `velocity`."""
    known = len(robot.sent)
    for _ in range(count):
        at = robot.now - age_ns
        robot.history.append((robot.now, robot.place.copy()))
        robot.sample = Sample(at, at, Measured(robot.place.copy(), velocity))
        robot.gate = replace(robot.gate, felt=robot.sample)
        robot.pass_time()
    return robot.sent[known:]


@pytest.mark.parametrize(
    ('share', 'age_ns', 'begins'),
    [(1.0, 0, 1.0), (0.5, 0, 0.5), (3.0, 0, 1.0), (0.0, 0, 0.0), (-0.5, 0, 0.0),
     (0.5, LATE, 1.0), (np.nan, 0, 1.0), (None, 0, 1.0)],
)  # fmt: skip
def test_they_are_braked_from_what_is_felt_within_limits_and_then_zeros_are_sent(
    share, age_ns, begins
):
    robot = going()
    assert (robot.gate.state, robot.gate.motion) == (Phase.IDLE, None)
    was = robot.sent[-1].velocity.copy()
    own = told(robot, LONG, None if share is None else share * was, age_ns)
    np.testing.assert_allclose(own[0].velocity[:2], begins * was[:2], atol=0.005)
    limits, last = robot.config.limits, np.zeros(3)
    for motion in own:
        assert motion.velocity[2] == 0.0
        assert (np.abs(motion.acceleration) <= limits.acceleration * (1 + 1e-9)).all()
        assert (np.abs(motion.acceleration - last) <= limits.jerk * DT * (1 + 1e-9)).all()
        last = motion.acceleration
    assert len(own) == LONG
    assert not own[-1].velocity.any()


def test_nobody_is_engaged_and_nothing_is_reset_before_they_have_run_out():
    for act in (reset, reset_from_measured):
        robot = going()
        told(robot, 3)
        after, ok, said = act(robot.config, robot.gate, robot.position, robot.now)
        assert (after, ok, said) == (robot.gate, False, 'refused: the robot is still braking')
        robot.gate = replace(robot.gate, latched=False)
        robot.tick = 0
        assert not robot.send(Motion.at_rest(robot.place), 2)
        assert 'running out' in robot.gate.reason
        robot.gate = replace(robot.gate, latched=True)
        told(robot, LONG)
        robot.gate, ok, said = act(robot.config, robot.gate, robot.position, robot.now)
        assert ok, said
        assert not told(robot, 3)[-1].velocity.any()
        robot.tick = 0
        assert robot.send(Motion.at_rest(robot.place), 3), robot.gate.reason
        assert robot.gate.left is None


def test_a_second_hang_begins_anew_from_what_is_felt():
    robot = going()
    speed = np.abs(told(robot, 3)[-1].velocity[:2])
    hang(robot)
    own = told(robot, 1, np.zeros(3))
    assert (speed > 0.1).all()
    assert not own[0].velocity.any()


def test_a_robot_without_them_is_sent_nothing():
    robot = VelocityRobot().engaged()
    robot.senses()
    assert robot.send(toward(robot.sent[-1], 0.3))
    robot.config = replace(robot.config, velocity=None)
    robot.pass_time()
    hang(robot)
    known = len(robot.sent)
    for _ in range(5):
        robot.now += PERIOD
        robot.pass_time()
    assert len(robot.sent) == known
