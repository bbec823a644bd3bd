"""Tests of the guard's rules over many motions at once, and of the words of its refusals."""

from gate_robot import DT, fr3
import numpy as np
import pytest
from robot_runtime.core.guard import Refusal, rules
from robot_runtime.core.types import Motion

LIMITS = fr3()
SIZE = (40, 8)


def pairs(rng):
    """Return commands and the motions before them: near an end or not, each agreed or not."""
    span = LIMITS.upper - LIMITS.lower
    gap = rng.choice([-0.001, 0.0, 0.01, 0.1, 0.5], SIZE) * rng.random(SIZE) * span
    place = np.where(rng.random(SIZE) < 0.5, LIMITS.lower + gap, LIMITS.upper - gap)
    speed = rng.uniform(-1.2, 1.2, SIZE) * rng.choice([0.0, 0.1, 1.0], SIZE) * LIMITS.velocity
    gain = rng.uniform(-1.2, 1.2, SIZE) * rng.choice([0.0, 0.1, 1.0], SIZE) * LIMITS.acceleration
    before = gain + rng.uniform(-1.2, 1.2, SIZE) * LIMITS.jerk * DT
    last = Motion(place - speed * DT, speed - gain * DT, before)
    return Motion(place, speed, gain), last


@pytest.mark.parametrize('ticks', [1, 2, 3])
@pytest.mark.parametrize('seed', [1, 2])
def test_the_rules_say_of_many_motions_what_they_say_of_each(ticks, seed):
    rng = np.random.default_rng(seed)
    command, last = pairs(rng)
    measured = command.position + rng.uniform(-0.2, 0.2, SIZE)
    many = rules(command, last, ticks, measured, LIMITS, DT)
    for row in range(SIZE[0]):
        alone = rules(command.part(row), last.part(row), ticks, measured[row], LIMITS, DT)
        assert [rule.refusal for rule in alone] == [rule.refusal for rule in many]
        for one, all_of_them in zip(alone, many, strict=True):
            assert (one.kept == all_of_them.kept[row]).all()
            np.testing.assert_array_equal(one.value, all_of_them.value[row])
    broken = {rule.refusal for rule in many if not rule.kept.all()}
    assert {Refusal.POSITION, Refusal.VELOCITY, Refusal.BRAKING, Refusal.CURVE} <= broken
    assert all(rule.kept.any() for rule in many)


def test_each_refusal_says_its_rule_in_words():
    assert [rule.value for rule in Refusal] == [
        'none', 'wrong number of joints', 'not a finite number', 'not newer than the last command',
        'too many ticks skipped', 'velocity or acceleration disagrees with the positions',
        'position', 'velocity', 'acceleration', 'jerk', 'end of a stop from here',
        'velocity at this position, or on the stop from here',
        'distance from the measured position', 'start of the engagement',
        'commands faster than time', 'distance on the way to the end of a stop',
        'speed of the tool', 'effort that its drive would make of the setpoint',
        'effort, by where its joint is and how fast',
    ]
