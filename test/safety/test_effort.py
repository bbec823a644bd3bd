"""Efforts, with policies that ask for anything: what passes keeps its bounds, and stops end."""

from effort_rig import (
    assert_within,
    changed,
    DT,
    EFFORT,
    EffortRobot,
    FASTEST,
    HEAVY,
    LIGHT,
    MS,
    RATE,
    toward,
)
from hypothesis import given, settings, strategies
import numpy as np
from robot_runtime.core.effort_shape import shape_efforts
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.guard import Refusal
from robot_runtime.core.limits import ramp_to_rest, Shaped
from robot_runtime.core.types import Motion

SETTINGS = settings(max_examples=15, deadline=None, derandomize=True)
SEEDS = strategies.integers(0, 2**32)
AGES = strategies.sampled_from([0, 1, 2])  # ticks that a joint state is old
INERTIAS = strategies.sampled_from([LIGHT, 2.0 * LIGHT, HEAVY])
ODD = (np.nan, np.inf, -np.inf, 1e300)
SLACK = 1.0 + 1e-6  # of speed and range


def assert_kept(robot):
    assert_within(robot.sent)
    assert (robot.fastest <= FASTEST * SLACK).all(), robot.fastest / FASTEST
    assert np.abs(robot.places).max() <= SLACK, np.abs(robot.places).max(axis=0)


@SETTINGS
@given(SEEDS, AGES, INERTIAS)
def test_whatever_passes_the_gate_the_joints_stay_inside_and_slow(seed, oldest, inertia):
    rng, robot = np.random.default_rng(seed), EffortRobot(inertia).engaged()
    wish, odd, pushed = np.zeros(2), 0, 0
    for n in range(1500):
        robot.senses(int(rng.integers(0, oldest + 1)))
        if n % 25 == 0:
            wish = rng.choice([-1.5, -1.0, -0.3, 0.0, 0.3, 1.0, 1.5], 2) * EFFORT
        last, pace = robot.gate.motion, rng.choice([0.3, 1.0, 1.1])
        motion = changed(last, np.clip(wish - last.position[:2], -pace * RATE * DT,
                                       pace * RATE * DT))
        if rng.random() < 0.03:
            motion = Motion(*(part.copy() for part in (
                motion.position, motion.velocity, motion.acceleration)))
            part = rng.choice(['position', 'velocity', 'acceleration'])
            getattr(motion, part)[rng.integers(0, 3)] = rng.choice(ODD)
            odd += 1
        gate, out = robot.offer(motion)
        if out is None:  # what may pass is what we look for: the gate forgets that it refused
            pushed += Refusal.PUSH.value in gate.reason
            joints, felt = robot.joints, robot.sample.value
            still = Shaped(ramp_to_rest(last, robot.config.limits, DT), np.zeros(3, np.uint8))
            motion = shape_efforts(
                joints, still, None, last, felt.position, felt.velocity, DT
            ).motion
            assert robot.send(motion), robot.gate.reason
        else:
            robot.gate, robot.tick = gate, robot.tick + 1
            robot.sent.append(out)
        robot.pass_time()
    assert odd > 5
    assert pushed > 5
    assert_kept(robot)


@SETTINGS
@given(SEEDS, AGES, AGES, INERTIAS)
def test_whatever_is_wanted_the_gate_accepts_what_the_loop_makes_of_it(
    seed, oldest, loops, inertia
):
    rng, robot = np.random.default_rng(seed), EffortRobot(inertia).engaged()
    wanted, pushes = None, rng.random() < 0.5
    for n in range(1500):
        if n % 40 == 0:
            wanted = None
            if rng.random() < 0.9:
                wanted = np.append(rng.choice([-1e306, -0.5, 0.0, 0.5, 1e306], 2) * EFFORT, 0.02)
            robot.push = pushes * rng.uniform(-1, 1, 2) * EFFORT * 0.1
        robot.senses(int(rng.integers(0, oldest + 1)))
        ago = int(rng.integers(0, loops + 1))
        felt = robot.history[max(len(robot.history) - 1 - ago, 0)].value
        last, bounds = robot.gate.motion, robot.config.limits
        still = Shaped(ramp_to_rest(last, bounds, DT), np.zeros(3, np.uint8))
        shaped = shape_efforts(
            robot.joints, still, wanted, last, felt.position, felt.velocity, DT
        )
        assert robot.send(shaped.motion), robot.gate.reason
        robot.pass_time()
    assert robot.gate.counters.refused == 0
    assert_within(robot.sent)
    if not pushes:
        assert_kept(robot)


@SETTINGS
@given(SEEDS, INERTIAS, strategies.booleans())
def test_silence_damps_the_joints_to_rest_inside_and_then_no_effort_is_left(
    seed, inertia, blind
):
    rng, robot = np.random.default_rng(seed), EffortRobot(inertia).engaged()
    wish = rng.choice([-1.0, 1.0], 2) * EFFORT
    for _ in range(int(rng.integers(5, 60))):
        robot.senses()
        last = robot.gate.motion
        if not robot.send(toward(last, wish)):
            break
        robot.pass_time()
    for _ in range(1200):
        if not blind:
            robot.senses()
        robot.pass_time()
    assert robot.gate.state is Phase.REST
    assert robot.gate.latched
    assert not robot.sent[-1].position[:2].any()
    assert_within(robot.sent)
    if not blind:
        assert np.abs(robot.speed[:2]).max() <= 0.021
        assert_kept(robot)
    assert robot.now > 60 * MS
