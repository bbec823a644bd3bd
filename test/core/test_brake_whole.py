"""Tests of the gate's own stop from few motions, many of them of whole jumps."""

from dataclasses import replace

from brake_rig import JUMP, LIMITS, random_motions, to_rest
from gate_robot import DT, HOME
import numpy as np
import pytest
from robot_runtime.core.brake import (
    first_sense,
    let_go,
    peak_speed,
    stop_reach,
    stop_step,
    ticks_to_turn,
)
from robot_runtime.core.types import Motion


def whole_motions(most=12.0):
    """Return motions whose accelerations, and many of whose speeds, are whole jumps a tick."""
    gains = np.arange(-most, most + 1.0)
    speeds = np.array([-30.0, -3.0, -1.0, -0.4, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 6.0, 10.0, 31.5])
    speed, gain = (one.ravel() for one in np.meshgrid(speeds, gains))
    ones = np.ones((speed.size, 1))
    return Motion(ones * HOME, speed[:, None] * JUMP, gain[:, None] * JUMP / DT)


@pytest.mark.parametrize(('softer', 'most'), [(1.0, 12.0), (0.32, 4.0)])
def test_from_whole_jumps_too_the_closed_form_is_how_far_the_steps_go(softer, most):
    limits, begin = replace(LIMITS, acceleration=LIMITS.acceleration * softer), whole_motions(most)
    up, down = stop_reach(
        begin.velocity, begin.acceleration, limits.acceleration, limits.jerk, DT
    )
    sign = first_sense(begin.velocity, begin.acceleration)
    last = np.zeros_like(up)
    for motion in to_rest(begin, limits):
        last = np.where(motion.velocity != 0.0, motion.position - begin.position, last)
    gain = sign * begin.acceleration * DT
    turns = ticks_to_turn(np.abs(begin.velocity), gain, JUMP * np.ones_like(gain)) > 0.0
    final = np.where(turns == (sign > 0.0), down, up)
    stands = ~np.isfinite(final)
    assert np.abs(final - last)[~stands].max() < 1e-12
    assert np.abs(last[stands]).max() < 1e-12


def test_the_speed_when_the_acceleration_is_let_go_of_is_that_of_its_last_tick():
    for motion in (random_motions(200, 7), whole_motions()):
        after = let_go(motion.velocity, motion.acceleration, LIMITS.jerk, DT)
        velocity, gain = motion.velocity, motion.acceleration * DT
        peak = np.abs(velocity)
        for _ in range(50):
            gain = np.copysign(np.maximum(np.abs(gain) - JUMP, 0.0), gain)
            velocity = velocity + gain
        assert np.abs(after - velocity).max() < 1e-12
        told = peak_speed(motion.velocity, motion.acceleration, LIMITS.jerk, DT)
        assert np.abs(told - np.maximum(peak, np.abs(velocity))).max() < 1e-12


def test_a_step_brakes_as_hard_as_its_jerk_lets_it_and_no_harder_than_it_can_land_from():
    for jumps, gain, expected in (
        (31.5, 0.0, -1.0), (31.5, 5.0, 4.0), (31.5, -3.0, -4.0), (-31.5, 0.0, 1.0),
        (3.0, -2.0, -2.0), (2.0, -1.5, -1.5), (0.4, 0.0, -0.4), (-0.4, 0.5, 0.4),
        (90.0, -12.5, -12.5), (1.0, -1.0, -1.0), (0.0, 0.7, 0.0), (0.0, 1.7, 0.7),
    ):  # fmt: skip
        motion = Motion(HOME, jumps * JUMP, gain * JUMP / DT)
        step = stop_step(motion, LIMITS, DT)
        assert step.acceleration == pytest.approx(expected * JUMP / DT, abs=1e-9)
        assert step.velocity == pytest.approx((jumps + expected) * JUMP, abs=1e-12)
        assert (step.position == HOME + step.velocity * DT).all()
