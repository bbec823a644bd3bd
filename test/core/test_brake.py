"""Tests of the gate's own stop."""

from dataclasses import replace

from brake_rig import JUMP, LIMITS, random_motions, to_rest
from gate_robot import DT, HOME
import numpy as np
import pytest
from robot_runtime.core.brake import (
    changed,
    first_sense,
    landing,
    peak_speed,
    SETTLED,
    stop_reach,
    stop_step,
    ticks_to_turn,
)
from robot_runtime.core.stop_path import StopPath
from robot_runtime.core.types import Motion

JERKS = [0.1, 1.0, 7.3, 1000.0]  # times the limit, from many ticks of ramp to none


def test_a_robot_at_rest_stays_where_it_is():
    motion = stop_step(Motion.at_rest(HOME), LIMITS, DT)
    assert np.array_equal(motion.position, HOME)
    assert not motion.moves


@pytest.mark.parametrize('share', JERKS)
def test_every_step_keeps_acceleration_and_jerk_and_the_stop_ends(share):
    limits, before = replace(LIMITS, jerk=LIMITS.jerk * share), random_motions(2000)
    for motion in to_rest(before, limits):
        assert (np.abs(motion.acceleration) <= limits.acceleration * (1 + 1e-9)).all()
        change = np.abs(motion.acceleration - before.acceleration)
        assert (change <= limits.jerk * DT * (1 + 1e-9)).all()
        assert np.allclose(
            motion.position, before.position + motion.velocity * DT, rtol=0, atol=1e-15
        )
        before = motion
    assert not before.moves


def test_from_the_hardest_landing_the_speed_and_the_acceleration_end_together():
    for jumps in (0.3, 1.0, 2.0, 4.7, 12.5):
        gain = np.minimum(jumps * JUMP, LIMITS.acceleration * DT)
        k = np.floor(gain / JUMP + 1e-9)
        speed = (k + 1) * gain - JUMP * k * (k + 1) / 2
        assert np.allclose(landing(speed, JUMP), gain, rtol=1e-12)
        motions = to_rest(Motion(HOME, speed, -gain / DT))
        assert all((motion.velocity >= 0).all() for motion in motions)
        assert len(motions) <= k.max() + 2


@pytest.mark.parametrize('share', JERKS)
def test_the_closed_form_is_how_far_the_steps_go_and_never_less(share):
    limits, begin = replace(LIMITS, jerk=LIMITS.jerk * share), random_motions(3000, 2)
    up, down = stop_reach(
        begin.velocity, begin.acceleration, limits.acceleration, limits.jerk, DT
    )
    high, low = np.full_like(up, -np.inf), np.full_like(up, np.inf)
    for motion in to_rest(begin, limits):
        way = motion.position - begin.position
        high = np.where(motion.velocity > 0, way, high)
        low = np.where(motion.velocity < 0, way, low)
    turns = np.isfinite(high) & np.isfinite(low)
    assert share > 5 or turns.mean() > 0.02
    for sign, told, seen in ((1, up, high), (-1, -down, -low)):
        moved = np.isfinite(seen)
        assert (told[moved] >= seen[moved] - 1e-11).all()
        last = moved & (~turns | (begin.velocity * sign < 0))  # its last way, or its only one
        assert np.abs(told[last] - seen[last]).max() < 1e-11
        assert (told[~moved & np.isfinite(told)] <= np.abs(begin.velocity).max() * DT).all()


def test_what_the_stop_goes_beyond_does_not_grow_from_step_to_step():
    motion = random_motions(3000, 3)
    bounds = (LIMITS.acceleration, LIMITS.jerk, DT)
    for cap in (1.0, 0.4):  # the way that a softer stop would take does not grow either
        reach = (LIMITS.acceleration * cap, LIMITS.jerk, DT)
        here = motion
        for _ in range(60):
            up, down = stop_reach(here.velocity, here.acceleration, *reach)
            step = stop_step(here, LIMITS, DT)
            more_up, more_down = stop_reach(step.velocity, step.acceleration, *reach)
            assert (step.position + more_up <= here.position + up + 1e-11).all()
            assert (step.position + more_down >= here.position + down - 1e-11).all()
            here = step
    peak = peak_speed(motion.velocity, motion.acceleration, *bounds[1:])
    for step in to_rest(motion):
        assert (np.abs(step.velocity) <= peak + 1e-12).all()


def test_a_motion_that_is_not_finite_has_no_end_that_could_be_allowed():
    with np.errstate(all='ignore'):
        for value in (np.nan, np.inf, -np.inf, 1e308):
            peak = peak_speed(np.full(8, value), np.zeros(8), LIMITS.jerk, DT)
            assert not (peak <= 10.0).any()
        for given in ((np.nan, 0.0), (0.0, np.nan)):
            up, down = stop_reach(*np.full((8, 2), given).T, LIMITS.acceleration, LIMITS.jerk, DT)
            assert not ((up <= 10.0) & (down >= -10.0)).any()


def test_the_path_is_where_the_stop_is_after_each_of_its_ticks():
    for begin in (random_motions(1, seed) for seed in range(50)):
        motion = Motion(begin.position[0], begin.velocity[0], begin.acceleration[0])
        path = StopPath(motion, LIMITS, DT)
        motions = [motion, *to_rest(motion)]
        assert len(motions) - 2 <= path.ticks <= len(motions)
        told = path.after(np.arange(len(motions), dtype=np.float64))
        assert np.abs(told - [one.position for one in motions]).max() < 1e-12
    assert StopPath(Motion.at_rest(HOME), LIMITS, DT).ticks == 0


def test_a_speed_of_a_billionth_of_a_jump_is_none_and_a_greater_one_is_kept():
    for sign in (-1.0, 1.0):
        least = sign * SETTLED * JUMP
        assert not changed(Motion.at_rest(HOME), least, JUMP, DT).moves
        beyond = np.nextafter(least, sign)
        assert (changed(Motion.at_rest(HOME), beyond, JUMP, DT).velocity == beyond).all()


def test_a_stop_moves_at_first_where_its_speed_goes_and_from_rest_where_its_acceleration_does():
    for velocity, acceleration, expected in (
        (0.01, -5.0, 1.0), (-0.01, 5.0, -1.0), (0.0, 0.01, 1.0), (0.0, -0.01, -1.0),
        (0.0, 0.0, 1.0), (-0.0, 0.0, 1.0),
    ):  # fmt: skip
        assert first_sense(np.full(8, velocity), np.full(8, acceleration)) == pytest.approx(
            np.full(8, expected)
        )


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_a_joint_that_is_let_go_of_at_rest_moves_one_way_and_comes_to_stand(sign):
    begin = Motion(HOME, np.zeros(8), sign * LIMITS.acceleration)
    ways = stop_reach(begin.velocity, begin.acceleration, LIMITS.acceleration, LIMITS.jerk, DT)
    end = to_rest(begin)[-1].position - HOME
    up, down = ways if sign > 0 else (-ways[1], -ways[0])
    assert np.abs(up - sign * end).max() < 1e-12
    assert (up > 0.0).all()
    assert (down == np.inf).all()


def test_a_joint_turns_round_that_brakes_a_jump_more_than_it_can_land_from_and_no_other():
    for speed in (0.0, 0.3, 1.0, 7.3, 200.0):
        hardest = -landing(speed * JUMP, JUMP) - JUMP * (1.0 + SETTLED)
        assert (ticks_to_turn(speed * JUMP, hardest, JUMP) == 0.0).all()
        assert (ticks_to_turn(speed * JUMP, np.nextafter(hardest, -1.0), JUMP) >= 1.0).all()


@pytest.mark.parametrize('softer', [1.0, 0.5, 0.2])
def test_the_first_way_of_a_joint_that_turns_counts_as_if_it_landed(softer):
    most = softer * LIMITS.acceleration
    speed = landing_speed(most) * np.array([0.1, 0.4, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0])
    speed = speed + (softer < 1.0) * np.array([0.0, 0.0, 0.0, 0.0, 1e-4, 5e-4, 1e-3, 1e-4])
    gain = landing(speed, JUMP) + 1.5 * JUMP
    up, down = stop_reach(speed, -gain / DT, most, LIMITS.jerk, DT)
    way, left = np.zeros(8), speed
    for _ in range(1_000):
        left = np.maximum(left - np.minimum(landing(left, JUMP), most * DT), 0.0)
        way = way + left * DT
    assert (left <= 1e-12).all()
    assert (ticks_to_turn(speed, -gain, JUMP) > 0.0).all()
    moved = way > 1e-12
    assert moved.sum() >= 6
    assert np.abs(up[moved] - way[moved]).max() < 1e-12
    assert np.isfinite(down).all()


def landing_speed(most):
    """Return the speed that is used up by letting go of `most`."""
    k = np.floor(most * DT / JUMP)
    return (k + 1) * most * DT - JUMP * k * (k + 1) / 2
