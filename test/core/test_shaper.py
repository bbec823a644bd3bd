"""Tests of the shaper tick by tick: what it answered when its figures were last looked at."""

import json

from gate_robot import DT
import numpy as np
import pytest
from robot_runtime.core import limits
from robot_runtime.core.limits import (
    ACCELERATION,
    BRAKE,
    INFEASIBLE,
    JERK,
    POSITION,
    ramp_to_rest,
    shape,
    steer,
    VELOCITY,
)
from robot_runtime.core.types import Limits, Motion
from shaper_rig import answers, LIMITS, motions, RECORD, SIZE, travelled, wishes

MADE = ('shaped', 'alone', 'steered', 'ramped')
LAST, MOTIONS, FLAGS = answers(1)
KNOWN = json.loads(RECORD.read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', MADE)
def test_the_shaper_gives_the_motions_of_the_record(name):
    np.testing.assert_allclose(
        MOTIONS[name].velocity, KNOWN['velocity'][name], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize('name', ['shaped', 'alone'])
def test_the_shaper_names_the_limits_of_the_record(name):
    np.testing.assert_array_equal(FLAGS[name], KNOWN['active'][name])


def test_the_shaper_goes_to_a_place_to_its_ends_and_along_a_wave_as_in_the_record():
    velocity, flags = travelled()
    np.testing.assert_allclose(
        velocity[::3], KNOWN['velocity']['travelled'], rtol=0.0, atol=1e-14)
    np.testing.assert_array_equal(flags[::3], KNOWN['active']['travelled'])


@pytest.mark.parametrize('name', MADE)
def test_position_velocity_and_acceleration_of_a_motion_agree_to_the_bit(name):
    made = MOTIONS[name]
    np.testing.assert_array_equal(made.position, LAST.position + made.velocity * DT)
    np.testing.assert_array_equal(made.acceleration, (made.velocity - LAST.velocity) / DT)


def test_every_limit_binds_somewhere_in_the_record_and_not_everywhere():
    for flag in (ACCELERATION, BRAKE, INFEASIBLE, JERK, POSITION, VELOCITY):
        assert 3 <= np.count_nonzero(FLAGS['shaped'] & flag) <= SIZE[0] * SIZE[1] - 3


def stretched(rng, robots):
    """Return limits of as many robots, of each its own."""
    fields = {name: np.tile(getattr(LIMITS, name), (robots, 1)) for name in Limits.__slots__}
    for name in ('velocity', 'acceleration', 'jerk'):
        fields[name] = fields[name] * rng.uniform(0.5, 1.0, (robots, 1))
    return Limits(**fields)


def test_each_of_many_robots_keeps_its_own_limits():
    rng = np.random.default_rng(2)
    last = motions(rng)
    wish, each = wishes(rng, last), stretched(rng, SIZE[0])
    groups = (slice(0, 4), slice(4, -1))  # from the last of the joints, not of the robots
    both = (
        shape(wish[0], last, each, DT, groups, *wish[1:]).motion,
        steer(*wish[1:], last, each, DT, groups), ramp_to_rest(last, each, DT),
    )
    for row in range(SIZE[0]):
        here, (target, velocity, bend) = last.part(row), (one[row] for one in wish)
        mine = each.part(row)
        alone = (
            shape(target, here, mine, DT, groups, velocity, bend).motion,
            steer(velocity, bend, here, mine, DT, groups), ramp_to_rest(here, mine, DT),
        )
        for many, one in zip(both, alone, strict=True):
            assert many.velocity[row].tobytes() == one.velocity.tobytes()


@pytest.mark.parametrize(('part', 'value'), [
    (0, np.nan), (0, np.inf), (1, np.nan), (1, -np.inf), (2, np.nan), (2, np.inf),
])
def test_the_joint_that_is_asked_for_what_is_not_finite_is_refused_with_all_that_was_asked(
    part, value
):
    last = Motion.at_rest(np.zeros(8))
    for joint in (0, 7):
        wish = [np.zeros(8), np.zeros(8), np.zeros(8)]
        wish[part][joint] = value
        with pytest.raises(ValueError, match=r'target \[.*\] with \[.*\], \[.*\] is not finite'):
            shape(wish[0], last, LIMITS, DT, None, *wish[1:])


@pytest.mark.parametrize('shape_of', [(7,), (2, 7), (2, 9), (9,)])
def test_a_motion_of_other_joints_than_the_limits_have_is_an_error(shape_of):
    with pytest.raises(ValueError, match=r'limits of \(1, 8\) do not fit a motion of \(.*\)'):
        ramp_to_rest(Motion.at_rest(np.zeros(shape_of)), LIMITS, DT)


def test_a_motion_of_another_number_of_robots_than_the_limits_have_is_an_error():
    each = stretched(np.random.default_rng(3), 3)
    for robots in (1, 2, 4):
        with pytest.raises(ValueError, match=r'limits of \(3, 8\) do not fit'):
            ramp_to_rest(Motion.at_rest(np.zeros((robots, 8))), each, DT)


def test_what_the_shaper_offers_is_there():
    assert {'shape', 'steer', 'ramp_to_rest', 'Shaped', 'braking'} <= set(limits.__all__)
    for name in limits.__all__:
        assert hasattr(limits, name)


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_a_speed_of_a_billionth_of_a_jump_is_none_and_a_greater_one_is_taken_up(sign):
    rest, jump = Motion.at_rest(np.zeros(3)), LIMITS.jerk[0] * DT * DT
    wide = LIMITS.part(np.array([0, 2, 4]))
    wish = sign * jump * np.array([0.9e-9, 1.1e-9, 1e-6])
    each = (slice(0, 1), slice(1, 2), slice(2, 3))
    taken = steer(wish, np.zeros(3), rest, wide, DT, each).velocity
    assert taken[0] == 0.0
    np.testing.assert_allclose(taken[1:], wish[1:], rtol=1e-9)


@pytest.mark.parametrize('sign', [-1.0, 1.0])
@pytest.mark.parametrize('part', [0, 1, 2])
def test_a_joint_without_a_range_takes_the_hugest_wish_like_one_that_is_far(sign, part):
    free = LIMITS.part(np.array([7]))
    free = Limits(np.array([-np.inf]), np.array([np.inf]), *(
        getattr(free, name) for name in list(Limits.__slots__)[2:]))
    seen = []
    for size in (1e5, 1e308):
        wish = [np.zeros(1), np.zeros(1), np.zeros(1)]
        wish[part][0] = sign * size
        with np.errstate(all='ignore'):  # plain Python warns of an overflow
            shaped = shape(wish[0], Motion.at_rest(np.zeros(1)), free, DT, None, *wish[1:])
        seen.append((shaped.motion.velocity[0], shaped.active[0]))
    assert seen[0] == seen[1]
    assert seen[0][0] == pytest.approx(sign * free.jerk[0] * DT * DT)


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_acceleration_is_named_where_it_binds_and_jerk_where_it_does(sign):
    wide = LIMITS.part(np.array([0]))
    for jumps, gained, expected in (
        (0.0, 1.0, JERK), (11.0, 1.0, JERK), (11.4, 1.0, JERK), (11.8, 0.7, ACCELERATION),
        (12.4, 0.1, ACCELERATION), (-12.0, 1.0, JERK),
        (14.0, -1.0, ACCELERATION | JERK), (16.0, -1.0, ACCELERATION | JERK),
    ):  # fmt: skip
        unit = wide.jerk * DT
        last = Motion(np.zeros(1), np.zeros(1), sign * jumps * unit)
        shaped = shape(np.full(1, sign), last, wide, DT)
        assert shaped.active == expected | VELOCITY
        made = shaped.motion.acceleration - last.acceleration
        np.testing.assert_allclose(made, sign * gained * unit, atol=1e-9)


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_a_joint_that_goes_out_and_speeds_up_more_than_it_may_is_told_both(sign):
    finger = LIMITS.part(np.array([7]))
    end = finger.upper if sign > 0.0 else finger.lower
    last = Motion(end, sign * finger.velocity, sign * 16.0 * finger.jerk * DT)
    active = shape(end, last, finger, DT).active
    assert active & (INFEASIBLE | ACCELERATION | JERK) == INFEASIBLE | ACCELERATION | JERK


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_the_greatest_speed_is_taken_up_and_not_passed_though_it_is_to_grow(sign):
    wide, jump = LIMITS.part(np.array([0])), LIMITS.jerk[0] * DT * DT
    last = Motion(np.zeros(1), sign * (wide.velocity - 0.5 * jump), np.zeros(1))
    bend = np.full(1, sign * 5.0 * jump / DT)
    taken = steer(sign * wide.velocity, bend, last, wide, DT, (slice(0, 1),)).velocity
    np.testing.assert_allclose(taken, sign * wide.velocity, rtol=1e-12)
