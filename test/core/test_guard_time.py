"""Tests of the guard over lost ticks, and of the stop from what it accepts."""


from gate_robot import after, DT, eased, fr3, HOME
from guard_rig import only, refusal, wide
import numpy as np
import pytest
from robot_runtime.core.brake import stop_step
from robot_runtime.core.guard import Refusal, rules, verify
from robot_runtime.core.types import Motion

LIMITS = fr3()
REST = Motion.at_rest(HOME)
JOINTS = range(8)
SIGNS = (-1.0, 1.0)
INSIDE, OUTSIDE = 1 + 0.9e-6, 1 + 1.1e-6  # of a bound with its relative tolerance
BAD = (np.nan, np.inf, -np.inf, 1e308, -1e308)


def chain(last, accelerations):
    for acceleration in accelerations:
        last = eased(last, acceleration)
    return last


@pytest.mark.parametrize('ticks', [2, 3])
def test_an_honest_sender_passes_over_lost_ticks(ticks):
    rng = np.random.default_rng(ticks)
    for _ in range(200):
        start = eased(REST, rng.uniform(-1, 1, 8) * LIMITS.acceleration)
        gains = rng.choice([-1.0, 0.0, 1.0], (ticks, 8)) * LIMITS.acceleration
        assert refusal(chain(start, gains), start, ticks) is Refusal.NONE


@pytest.mark.parametrize('ticks', [2, 3])
@pytest.mark.parametrize('joint', JOINTS)
def test_over_lost_ticks_speed_and_acceleration_are_bounded_by_the_time_that_passed(ticks, joint):
    reach = LIMITS.acceleration * DT
    zero = np.zeros(8)
    for factor, expected in ((INSIDE, Refusal.NONE), (OUTSIDE, Refusal.ACCELERATION)):
        speed = only(joint, reach[joint] * ticks * factor)
        mean = only(joint, reach[joint] * (ticks + 1) / 2 * factor)
        command = Motion(HOME + mean * ticks * DT, speed, zero)
        assert refusal(command, REST, ticks) is expected
    jump = Motion(HOME + only(joint, LIMITS.velocity[joint] * DT), zero, zero)
    assert refusal(jump, REST, ticks) is Refusal.ACCELERATION
    fast = Motion(HOME + only(joint, 1.01 * LIMITS.velocity[joint] * ticks * DT), zero, zero)
    assert refusal(fast, REST, ticks, limits=wide()) is Refusal.VELOCITY


def test_a_position_that_does_not_fit_the_speed_at_both_ends_of_lost_ticks_is_refused():
    speed = LIMITS.velocity * 0.5
    last = Motion(HOME, speed, np.zeros(8))
    still = Motion(HOME.copy(), speed, np.zeros(8))
    assert refusal(still, last, 3, limits=wide()) is Refusal.ACCELERATION


def test_the_verdict_names_the_joint_and_both_figures():
    command = after(REST, only(3, 2 * LIMITS.acceleration[3]))
    verdict = verify(command, REST, 1, HOME, LIMITS, DT)
    assert (verdict.refusal, verdict.joint) == (Refusal.ACCELERATION, 3)
    assert verdict.value == pytest.approx(10.0)
    assert verdict.allowed == pytest.approx(5.0)


def part(motion, rows):
    return Motion(motion.position[rows], motion.velocity[rows], motion.acceleration[rows])


def test_a_stop_from_any_accepted_state_stays_inside_and_is_itself_accepted():
    rng = np.random.default_rng(5)
    count = 20_000
    span = LIMITS.upper - LIMITS.lower
    near = rng.random((count, 8)) ** 3 * span  # dense at the ends
    position = np.where(rng.random((count, 8)) < 0.5, LIMITS.lower + near, LIMITS.upper - near)
    velocity = rng.uniform(-1, 1, (count, 8)) * LIMITS.velocity
    acceleration = rng.uniform(-1, 1, (count, 8)) * LIMITS.acceleration
    before = velocity - acceleration * DT
    command = Motion(position, velocity, acceleration)
    last = Motion(position - velocity * DT, before, acceleration)
    kept = np.ones((count, 8), dtype=bool)
    for rule in rules(command, last, 1, None, LIMITS, DT):
        kept &= rule.kept
    assert kept.mean() > 0.3
    slack = 1e-6 * span + 1e-12
    lowest = np.minimum(LIMITS.lower - slack, last.position)
    highest = np.maximum(LIMITS.upper + slack, last.position)
    for tick in range(220):
        step = stop_step(command, LIMITS, DT)
        few = slice(None) if tick == 0 else slice(0, count, 40)  # by induction one is enough
        now, then = part(step, few), part(command, few)
        for rule in rules(now, then, 1, None, LIMITS, DT):
            assert rule.kept[kept[few]].all(), rule.refusal
        assert (lowest <= step.position)[kept].all()
        assert (step.position <= highest)[kept].all()
        command = step
    assert not command.moves
