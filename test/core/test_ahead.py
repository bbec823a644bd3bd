"""Tests of what the loop knows of its own stop."""

from gate_robot import DT, fr3, HOME
import numpy as np
from robot_runtime.core.ahead import Ahead, released
from robot_runtime.core.limits import ramp_to_rest
from robot_runtime.core.types import Motion

LIMITS = fr3()


def moving(seed):
    rng = np.random.default_rng(seed)
    velocity = rng.uniform(-1, 1, 8) * LIMITS.velocity * rng.choice([0.0, 0.01, 0.1, 1.0], 8)
    gain = rng.uniform(-1, 1, 8) * LIMITS.acceleration * rng.choice([0.0, 0.1, 1.0], 8)
    motion = Motion(HOME, velocity, gain)
    return motion, Motion(HOME - velocity * DT, velocity - gain * DT, gain)


def test_the_places_ahead_are_those_of_the_stop_tick_by_tick():
    turned = 0
    for seed in range(200):
        motion, last = moving(seed)
        ahead = Ahead.of(motion, last, LIMITS, DT)
        places = [last.position, motion.position]
        while motion.moves:
            motion = ramp_to_rest(motion, LIMITS, DT)
            places.append(motion.position)
        length = min(len(places), len(ahead.places))
        np.testing.assert_allclose(ahead.places[:length], places[:length], atol=1e-12)
        np.testing.assert_allclose(ahead.places[-1], places[-1], atol=1e-12)
        travel = np.abs(np.diff(ahead.places, axis=0)).sum(axis=0)
        np.testing.assert_allclose(ahead.travel[-1], travel, atol=1e-12)
        turned += (travel > np.abs(ahead.places[-1] - ahead.places[0]) + 1e-6).any()
    assert turned > 20


def test_a_joint_that_lets_go_of_its_acceleration_gets_as_fast_as_is_said():
    for seed in range(50):
        motion, _ = moving(seed)
        after = released(motion.velocity, motion.acceleration, LIMITS, DT)
        velocity, gain = motion.velocity, motion.acceleration * DT
        jump = LIMITS.jerk * DT * DT
        while gain.any():
            gain = np.copysign(np.maximum(np.abs(gain) - jump, 0.0), gain)
            velocity = velocity + gain
        np.testing.assert_allclose(after, velocity, atol=1e-12)


def test_a_robot_that_stands_has_nothing_ahead():
    rest = Motion.at_rest(HOME)
    assert (Ahead.of(rest, rest, LIMITS, DT).places == HOME).all()
