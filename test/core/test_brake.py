"""Tests of the gate's own stop."""

from gate_robot import DT, fr3, HOME
import numpy as np
from robot_runtime.core.brake import slow_down, stop_after, stop_end, stop_knots, stop_step
from robot_runtime.core.types import Motion

LIMITS = fr3()


def random_motions(count):
    rng = np.random.default_rng(1)
    position = rng.uniform(LIMITS.lower, LIMITS.upper, (count, 8))
    velocity = rng.uniform(-LIMITS.velocity, LIMITS.velocity, (count, 8))
    return Motion(position, velocity, np.zeros((count, 8)))


def test_a_robot_at_rest_stays_where_it_is():
    motion = stop_step(Motion.at_rest(HOME), LIMITS, DT)
    assert np.array_equal(motion.position, HOME)
    assert not motion.velocity.any()


def test_every_step_loses_at_most_the_acceleration_and_never_reverses():
    motion = random_motions(2000)
    for _ in range(200):
        step = stop_step(motion, LIMITS, DT)
        assert (np.abs(step.acceleration) <= LIMITS.acceleration * (1 + 1e-9)).all()
        assert (np.abs(step.velocity) <= np.abs(motion.velocity)).all()
        assert (step.velocity * motion.velocity >= 0).all()
        assert np.allclose(step.position, motion.position + step.velocity * DT, atol=1e-15)
        motion = step
    assert not motion.velocity.any()


def test_the_closed_form_is_where_the_steps_end():
    motion = random_motions(5000)
    end = stop_end(motion.position, motion.velocity, LIMITS.acceleration, DT)
    while motion.velocity.any():
        motion = stop_step(motion, LIMITS, DT)
    assert np.abs(motion.position - end).max() < 1e-12


def test_the_closed_form_holds_where_the_last_tick_lands_on_zero():
    loss = LIMITS.acceleration * DT
    for ticks in (1, 2, 3, 10):
        for nudge in (-1e-12, 0.0, 1e-12):
            velocity = loss * ticks * (1 + nudge)
            motion = Motion(HOME, velocity, np.zeros(8))
            end = stop_end(HOME, velocity, LIMITS.acceleration, DT)
            for _ in range(ticks + 1):
                motion = stop_step(motion, LIMITS, DT)
            assert np.abs(motion.position - end).max() < 1e-12


def test_a_step_that_loses_nothing_keeps_the_speed():
    motion = Motion(HOME, np.full(8, 0.05), np.zeros(8))
    step = slow_down(motion, np.zeros(8), DT)
    assert np.array_equal(step.velocity, motion.velocity)


def test_a_velocity_that_is_not_finite_has_no_end_that_could_be_allowed():
    with np.errstate(all='ignore'):
        for velocity in (np.nan, np.inf, -np.inf, 1e308):
            end = stop_end(HOME, np.full(8, velocity), LIMITS.acceleration, DT)
            assert not (np.abs(end) <= 10.0).any()


def test_the_stop_at_any_tick_is_where_the_steps_are_and_its_knots_are_where_a_joint_ends():
    motions = random_motions(50)
    for q, v in zip(motions.position, motions.velocity, strict=True):
        motion = Motion(q, v, np.zeros(8))
        knots = stop_knots(motion, LIMITS.acceleration, DT)
        ticks = np.arange(1.0, knots[-1] + 3.0)
        path, changed, last = [], set(), None
        for tick in ticks:
            step = stop_step(motion, LIMITS, DT)
            path.append(step.position)
            if last is not None and (np.abs(step.acceleration - last) > 1e-6).any():
                changed.add(tick - 1.0)
            motion, last = step, step.acceleration
        assert np.allclose(stop_after(Motion(q, v, v), ticks, LIMITS.acceleration, DT), path)
        assert changed <= set(knots)
        assert not motion.velocity.any()


def test_a_robot_at_rest_has_no_knots():
    assert len(stop_knots(Motion.at_rest(HOME), LIMITS.acceleration, DT)) == 0
