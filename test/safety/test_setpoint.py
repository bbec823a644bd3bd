"""Safety of setpoints: whatever passes the gate keeps range, rate and the effort of the drives."""

from hypothesis import given, settings, strategies
import numpy as np
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.limits import ramp_to_rest, Shaped
from robot_runtime.core.setpoint_shape import shape_setpoints
from robot_runtime.core.types import Motion
from setpoint_rig import (
    asked,
    assert_within,
    DT,
    EFFORT,
    HOME,
    MS,
    RATE,
    setpoint_joints,
    SetpointRobot,
    stepped,
)

SETTINGS = settings(max_examples=15, deadline=None, derandomize=True)
SEEDS = strategies.integers(0, 2**32)
AGES = strategies.sampled_from([0, 1, 2])  # ticks that a joint state is old
LOOSE = 1.0 + 2e-6
ODD = (np.nan, np.inf, -np.inf, 1e300)


@SETTINGS
@given(SEEDS, AGES)
def test_whatever_passes_the_gate_keeps_range_rate_and_effort(seed, oldest):
    rng, robot = np.random.default_rng(seed), SetpointRobot().engaged()
    refused, way = 0, np.zeros(2)
    for n in range(400):
        robot.push = rng.uniform(-1, 1, 2) * EFFORT * 0.3 if n % 40 == 0 else robot.push
        robot.senses(int(rng.integers(0, oldest + 1)))
        last, felt = robot.gate.motion, robot.sample.value
        if n % 15 == 0:
            way = rng.choice([-1.2, -1.0, -0.4, 0.0, 0.4, 1.0, 1.2], 2) * RATE * DT
        motion = stepped(last, way)
        if rng.random() < 0.05:
            motion = Motion(*(part.copy() for part in (
                motion.position, motion.velocity, motion.acceleration)))
            part = rng.choice(['position', 'velocity', 'acceleration'])
            getattr(motion, part)[rng.integers(0, 3)] = rng.choice(ODD)
        gate, out = robot.offer(motion)
        if out is None:  # what may pass is what we look for: the gate forgets that it refused
            refused += 1
            motion = stepped(last, np.zeros(2))
            assert robot.send(motion), robot.gate.reason  # to stay always may
        else:
            robot.gate, robot.tick = gate, robot.tick + 1
            robot.sent.append(out)
        effort, before = (
            np.abs(asked(one.position, felt.position, felt.velocity)) for one in (motion, last)
        )
        assert (effort <= np.maximum(EFFORT, before) * LOOSE).all()
        robot.pass_time()
        if robot.gate.latched:  # beyond the effort for 50 ms
            break
    assert refused > 5
    assert_within(robot.sent)


@SETTINGS
@given(SEEDS, AGES, AGES)
def test_whatever_is_wanted_the_gate_accepts_what_the_loop_makes_of_it(seed, oldest, loops):
    rng, robot = np.random.default_rng(seed), SetpointRobot().engaged()
    wanted = HOME.copy()
    for n in range(800):
        if n % 60 == 0:
            wanted = np.append(rng.choice([-50.0, -0.9, 0.0, 0.9, 50.0], 2), HOME[2])
            robot.push = rng.uniform(-1, 1, 2) * EFFORT * 0.2
        robot.senses(int(rng.integers(0, oldest + 1)))
        ago = int(rng.integers(0, loops + 1))
        felt = robot.history[max(len(robot.history) - 1 - ago, 0)].value
        last, bounds = robot.gate.motion, robot.config.limits
        still = Shaped(ramp_to_rest(last, bounds, DT), np.zeros(3, np.uint8))
        shaped = shape_setpoints(
            robot.joints, still, wanted, last, felt.position, felt.velocity, bounds, DT
        )
        assert robot.send(shaped.motion), robot.gate.reason
        robot.pass_time()
    assert robot.gate.counters.refused == 0
    assert_within(robot.sent)


@SETTINGS
@given(SEEDS)
def test_silence_keeps_the_setpoint_within_patience_then_goes_where_the_joints_are(seed):
    rng, robot = np.random.default_rng(seed), SetpointRobot().engaged()
    assert robot.follow(np.append(rng.choice([-0.9, 0.9], 2), HOME[2]), int(rng.integers(5, 200)))
    kept, silent = robot.sent[-1].position, robot.now
    while robot.gate.state is not Phase.BRAKING:
        robot.senses()
        before = robot.sample.value.position
        robot.pass_time()
        if robot.gate.state is not Phase.BRAKING:
            np.testing.assert_array_equal(robot.sent[-1].position, kept)
    assert robot.now - silent <= 60 * MS + 8 * MS
    robot.wait(400)
    assert robot.gate.state is Phase.REST
    assert robot.gate.latched
    np.testing.assert_array_equal(robot.sent[-1].position[:2], before[:2])
    assert_within(robot.sent)


@SETTINGS
@given(SEEDS, strategies.booleans())
def test_a_stop_to_a_pose_ends_and_asks_no_drive_for_too_much(seed, blocked):
    rng = np.random.default_rng(seed)
    pose = rng.uniform(-0.9, 0.9, 2)
    robot = SetpointRobot(setpoint_joints(pose, 0.3)).engaged()
    robot.follow(np.append(rng.choice([-0.9, 0.9], 2), HOME[2]), int(rng.integers(5, 100)))
    robot.wait(20)
    assert robot.gate.latched
    robot.blocked, robot.speed = blocked, robot.speed * (not blocked)
    for _ in range(2500):
        if robot.gate.state is Phase.REST:
            break
        robot.senses()
        felt, last = robot.sample.value, robot.sent[-1]
        own = robot.pass_time()
        for one in own:
            effort = np.abs(asked(one.position, felt.position, felt.velocity))
            before = np.abs(asked(last.position, felt.position, felt.velocity))
            assert (effort <= np.maximum(EFFORT, before) * LOOSE).all()
    assert robot.gate.state is Phase.REST
    near = np.abs(robot.sent[-1].position[:2] - pose)
    held = np.abs(asked(robot.sent[-1].position, robot.place, robot.speed)) >= EFFORT * 0.999
    assert ((near < 1e-9) | (held & blocked)).all(), (near, held)
    assert_within(robot.sent)
