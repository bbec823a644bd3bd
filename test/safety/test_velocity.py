"""Safety of joints that take velocities: whatever passes the gate, no joint leaves its range."""

from hypothesis import given, settings, strategies
import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.gate_state import Phase
from robot_runtime.core.kinds import shape_kinds
from robot_runtime.core.stream import Sample
from robot_runtime.core.velocity_shape import Recent
from velocity_rig import (
    after,
    assert_inside,
    DT,
    kinds,
    limits,
    MS,
    PERIOD,
    toward,
    VelocityRobot,
)

SETTINGS = settings(max_examples=15, deadline=None, derandomize=True)
OLDEST = 50 * MS // PERIOD  # ticks
DELAYS = strategies.integers(0, 5)  # ticks, up to what the robot file says
SEEDS = strategies.integers(0, 2**32)


@SETTINGS
@given(DELAYS, SEEDS, strategies.sampled_from([0, 3, OLDEST]))
def test_whatever_passes_the_gate_the_joints_stay_inside(delay, seed, oldest):
    rng, robot = np.random.default_rng(seed), VelocityRobot(delay=delay).engaged()
    wish, refused = np.ones(3), 0
    for n in range(500):
        robot.senses(int(rng.integers(0, oldest + 1)))
        last = robot.gate.motion
        if n % 60 == 0:
            wish = rng.choice([-1.0, 1.0, 1.0, 0.3], 3) * np.array([1.0, 1.0, 0.0])
        motion = after(last, wish * limits().acceleration) if n < 250 else toward(last, wish)
        gate, out = robot.offer(motion)
        if out is None:  # what may pass is what we look for: the gate forgets that it refused
            refused += 1
            stop = stop_step(last, robot.config.limits, DT)
            assert robot.send(stop), robot.gate.reason  # the stop always may
        else:
            robot.gate, robot.tick = gate, robot.tick + 1
            robot.sent.append(out)
        robot.pass_time()
    assert robot.gate.state is Phase.PASS
    assert refused > 10
    assert_inside(robot)


@SETTINGS
@given(DELAYS, SEEDS, strategies.sampled_from([0, 2, OLDEST]))
def test_a_refusal_or_silence_brakes_to_rest_inside(delay, seed, oldest):
    rng, robot = np.random.default_rng(seed), VelocityRobot(delay=delay).engaged()
    wish = rng.choice([-1.0, 1.0], 3) * np.array([1.0, 1.0, 0.0])
    silent = int(rng.integers(50, 200))
    for n in range(900):
        robot.senses(int(rng.integers(0, oldest + 1)))
        if n < silent and not robot.gate.latched:
            robot.send(after(robot.gate.motion, wish * limits().acceleration))
        robot.pass_time()
    assert robot.gate.state is Phase.REST
    assert robot.gate.latched
    assert not robot.gate.motion.moves
    assert_inside(robot)


@SETTINGS
@given(DELAYS, SEEDS)
def test_a_sender_that_falls_silent_where_it_would_be_refused_is_braked_inside(delay, seed):
    rng, robot = np.random.default_rng(seed), VelocityRobot(delay=delay).engaged()
    wish, silent = np.array([rng.choice([-1.0, 1.0]), 0.0, 0.0]), False
    for _ in range(900):
        robot.senses(int(rng.integers(0, 3)))
        gate, out = robot.offer(toward(robot.gate.motion, wish))
        silent = silent or out is None
        if not silent:
            robot.gate, robot.tick = gate, robot.tick + 1
            robot.sent.append(out)
        robot.pass_time()
    assert robot.gate.counters.coasted > 0
    assert robot.gate.state is Phase.REST
    assert_inside(robot)


@SETTINGS
@given(DELAYS, SEEDS, strategies.sampled_from([0, 1, OLDEST]))
def test_whatever_is_wanted_the_gate_accepts_what_the_loop_makes_of_it(delay, seed, oldest):
    rng, robot = np.random.default_rng(seed), VelocityRobot(delay=delay).engaged()
    both, wanted = kinds(robot.joints), np.zeros(3)
    recent = Recent.none(robot.joints, PERIOD, 50 * MS)
    edge = np.zeros(2)
    for n in range(800):
        age = int(rng.integers(0, oldest + 1))
        robot.senses(age)
        if n % 80 == 0:
            wanted = np.append(rng.choice([-50.0, -0.4, 0.0, 0.4, 50.0], 2), rng.uniform(0, 0.04))
        ago = int(rng.integers(0, oldest + 1))
        at, place = robot.history[max(len(robot.history) - 1 - ago, 0)]
        shaped, recent = shape_kinds(
            both, wanted, None, robot.gate.motion, recent, Sample(at, at, place), robot.now, DT
        )
        assert robot.send(shaped.motion), robot.gate.reason
        robot.pass_time()
        edge = np.maximum(edge, np.abs(robot.place[:2]))
    assert robot.gate.counters.refused == 0
    assert_inside(robot)
    assert (edge <= 0.99 + 1e-6).all()  # the loop keeps its margin, whatever the age and delay
