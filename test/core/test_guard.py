"""Tests of the guard: values dense at each boundary, both senses."""

from dataclasses import replace

from gate_robot import after, DT, eased, fr3, HOME
from guard_rig import moving, only, refusal, wide
import numpy as np
import pytest
from robot_runtime.core.brake import stop_reach
from robot_runtime.core.guard import Refusal, verify
from robot_runtime.core.types import CURVE_SHARE, Motion

LIMITS = fr3()
REST = Motion.at_rest(HOME)
JOINTS = range(8)
SIGNS = (-1.0, 1.0)
INSIDE, OUTSIDE = 1 + 0.9e-6, 1 + 1.1e-6  # of a bound with its relative tolerance
BAD = (np.nan, np.inf, -np.inf, 1e308, -1e308)


def test_standing_still_passes():
    assert refusal(REST, measured=HOME) is Refusal.NONE
    assert verify(REST, REST, 1, HOME, LIMITS, DT).ok


@pytest.mark.parametrize('field', ['position', 'velocity', 'acceleration'])
@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('ticks', [1, 3])
def test_a_value_that_is_not_finite_or_huge_is_refused(field, joint, ticks):
    for value in BAD:
        bad = replace(REST, **{field: only(joint, value, getattr(REST, field))})
        verdict = verify(bad, REST, ticks, HOME, LIMITS, DT)
        assert not verdict.ok
        assert verdict.joint == joint
        assert np.isfinite(value) or verdict.refusal is Refusal.NOT_FINITE


@pytest.mark.parametrize('field', ['position', 'velocity', 'acceleration'])
@pytest.mark.parametrize('count', [0, 1, 7, 9])
def test_a_wrong_number_of_joints_is_refused(field, count):
    assert refusal(replace(REST, **{field: np.zeros(count)})) is Refusal.NAMES


@pytest.mark.parametrize(
    ('ticks', 'expected'),
    [
        (-1, Refusal.ORDER),
        (0, Refusal.ORDER),
        (1, Refusal.NONE),
        (2, Refusal.NONE),
        (3, Refusal.NONE),
        (4, Refusal.TIME),
        (10**9, Refusal.TIME),
    ],
)
def test_one_to_three_ticks_may_pass_between_commands(ticks, expected):
    assert refusal(REST, ticks=ticks) is expected


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_velocity_must_be_the_difference_of_the_positions(joint, sign):
    for share, expected in ((0.9, Refusal.NONE), (1.1, Refusal.MISMATCH)):
        error = sign * share * 1e-6 * LIMITS.velocity[joint]
        told = Motion(HOME, only(joint, error), only(joint, error / DT))
        assert refusal(told) is expected


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_acceleration_must_be_the_difference_of_the_velocities(joint, sign):
    for share, expected in ((0.9, Refusal.NONE), (1.1, Refusal.MISMATCH)):
        error = sign * share * 1e-6 * LIMITS.acceleration[joint]
        assert refusal(replace(REST, acceleration=only(joint, error))) is expected


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('end', ['lower', 'upper'])
def test_a_position_passes_up_to_its_bound_and_no_further(joint, end):
    sign = -1.0 if end == 'lower' else 1.0
    span = LIMITS.upper[joint] - LIMITS.lower[joint]
    for share, expected in (
        (-1.0, Refusal.NONE),
        (0.0, Refusal.NONE),
        (0.9, Refusal.NONE),
        (1.1, Refusal.POSITION),
        (1e3, Refusal.POSITION),
    ):
        edge = getattr(LIMITS, end)[joint] + sign * share * 1e-6 * span
        begin = edge - sign * 0.1 * 1e-6 * span
        begin = min(max(begin, LIMITS.lower[joint]), LIMITS.upper[joint])
        start, stop = only(joint, begin, HOME), only(joint, edge, HOME)
        velocity = (stop - start) / DT
        command = Motion(stop, velocity, velocity / DT)
        free = replace(
            wide(),
            lower=LIMITS.lower,
            upper=LIMITS.upper,
            velocity=np.full(8, 1e3),
            acceleration=np.full(8, 1e6),
        )
        assert refusal(command, Motion.at_rest(start), limits=free) is expected


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_velocity_passes_up_to_its_bound_and_no_further(joint, sign):
    for factor, expected in (
        (1 - 1e-7, Refusal.NONE),
        (1.0, Refusal.NONE),
        (INSIDE, Refusal.NONE),
        (OUTSIDE, Refusal.VELOCITY),
        (2.0, Refusal.VELOCITY),
    ):
        velocity = only(joint, sign * factor * LIMITS.velocity[joint])
        command, last = moving(HOME, velocity)
        assert refusal(command, last, limits=wide()) is expected
        verdict = verify(command, last, 1, None, wide(), DT)
        assert expected is Refusal.NONE or verdict.joint == joint


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_acceleration_passes_up_to_its_bound_and_no_further(joint, sign):
    for factor, expected in (
        (1.0, Refusal.NONE),
        (INSIDE, Refusal.NONE),
        (OUTSIDE, Refusal.ACCELERATION),
        (100.0, Refusal.ACCELERATION),
    ):
        command = after(REST, only(joint, sign * factor * LIMITS.acceleration[joint]))
        limits = replace(wide(), velocity=np.full(8, 100.0))
        # the exact difference is what counts, so that rounding cannot hide behind the field
        assert refusal(command, limits=limits) is expected


def test_a_lie_about_velocity_within_the_agreement_does_not_hide_acceleration():
    command = after(REST, LIMITS.acceleration * INSIDE)
    ahead = command.position + 0.9e-6 * LIMITS.velocity * DT
    assert refusal(replace(command, position=ahead)) is Refusal.ACCELERATION


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_jerk_passes_up_to_its_bound_and_no_further(joint, sign):
    for factor, expected in (
        (1.0, Refusal.NONE),
        (INSIDE, Refusal.NONE),
        (OUTSIDE, Refusal.JERK),
        (5.0, Refusal.JERK),
    ):
        command = after(REST, only(joint, sign * factor * LIMITS.jerk[joint] * DT))
        assert refusal(command) is expected
        steady = after(command, command.acceleration)
        assert refusal(steady, command) is Refusal.NONE


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_an_acceleration_that_would_still_lead_above_the_velocity_is_refused(joint, sign):
    ramp = LIMITS.acceleration[joint] / LIMITS.jerk[joint]
    more = 0.5 * LIMITS.acceleration[joint] * (ramp - DT)  # while it is let go of
    far = replace(wide(), jerk=LIMITS.jerk)
    for share, expected in ((0.99, Refusal.NONE), (1.01, Refusal.VELOCITY)):
        velocity = only(joint, sign * (LIMITS.velocity[joint] - more) * share)
        command, last = moving(HOME, velocity, only(joint, sign * LIMITS.acceleration[joint]))
        last = replace(last, acceleration=command.acceleration)
        assert refusal(command, last, limits=far) is expected


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('end', ['lower', 'upper'])
def test_a_stop_may_end_on_the_bound_and_not_beyond(joint, end):
    sign = -1.0 if end == 'lower' else 1.0
    limits = replace(LIMITS, velocity_deceleration=np.full(8, np.inf))
    span = LIMITS.upper[joint] - LIMITS.lower[joint]
    speed = np.minimum(LIMITS.velocity, 0.5)
    zero, bounds = np.zeros(8), (LIMITS.acceleration, LIMITS.jerk)
    path = stop_reach(speed, zero, *bounds, DT)[0][joint]
    for share, expected in (
        (-1.0, Refusal.NONE),
        (0.0, Refusal.NONE),
        (0.9, Refusal.NONE),
        (1.1, Refusal.BRAKING),
        (100.0, Refusal.BRAKING),
    ):
        bound = getattr(LIMITS, end)[joint] + sign * share * 1e-6 * span
        position = only(joint, bound - sign * path, HOME)
        command, last = moving(position, only(joint, sign * speed[joint]))
        assert refusal(command, last, limits=limits) is expected


def curve(joint, gap):
    """Return the published velocity bound at `gap` from its end, for one joint."""
    offset, dec = LIMITS.velocity_offset[joint], LIMITS.velocity_deceleration[joint]
    return max(0.0, -offset + np.sqrt(2 * dec * gap))


@pytest.mark.parametrize('joint', range(7))
@pytest.mark.parametrize('sign', SIGNS)
def test_velocity_toward_an_end_above_the_published_curve_is_refused(joint, sign):
    end = LIMITS.velocity_upper_end[joint] if sign > 0 else LIMITS.velocity_lower_end[joint]
    free = replace(
        LIMITS, lower=LIMITS.lower - 5, upper=LIMITS.upper + 5, acceleration=np.full(8, 100.0)
    )
    for gap in (-0.01, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2):
        bound = min(curve(joint, max(gap, 0.0)), LIMITS.velocity[joint])
        here = only(joint, end - sign * gap, HOME)
        velocity = only(joint, sign * (bound + 1.1e-6 * LIMITS.velocity[joint]))
        command, last = moving(here, velocity)
        assert refusal(command, last, limits=free) in (Refusal.CURVE, Refusal.VELOCITY)
        command, last = moving(here, only(joint, -sign * 0.5 * LIMITS.velocity[joint]))
        assert refusal(command, last, limits=free) is Refusal.NONE


@pytest.mark.parametrize('joint', range(7))
@pytest.mark.parametrize('sign', SIGNS)
@pytest.mark.parametrize('speed', [0.1, 0.5, 1.0])
def test_a_stop_along_the_curve_ends_where_the_parabola_below_it_does(joint, sign, speed):
    dec, offset = LIMITS.velocity_deceleration, LIMITS.velocity_offset
    soft = np.minimum(LIMITS.acceleration, CURVE_SHARE * np.where(np.isfinite(dec), dec, 1e9))
    inset = (offset**2 / (2 * (dec - soft)) + 0.5 * DT * LIMITS.velocity)[joint]
    end = LIMITS.velocity_upper_end[joint] if sign > 0 else LIMITS.velocity_lower_end[joint]
    velocity = np.full(8, speed * LIMITS.velocity[joint])
    path = stop_reach(velocity, np.zeros(8), soft, LIMITS.jerk, DT)[0][joint]
    slack = 1e-6 * (LIMITS.upper - LIMITS.lower)[joint]
    for share, expected in ((0.0, Refusal.NONE), (0.9, Refusal.NONE), (1.1, Refusal.CURVE)):
        here = only(joint, end - sign * (inset + path - share * slack), HOME)
        command, last = moving(here, only(joint, sign * velocity[joint]))
        assert refusal(command, last) is expected
        gap = abs(end - here[joint])
        assert share > 1 or velocity[joint] < curve(joint, gap)


@pytest.mark.parametrize('joint', JOINTS)
@pytest.mark.parametrize('sign', SIGNS)
def test_a_joint_outside_its_range_may_stand_or_come_back_and_no_more(joint, sign):
    bound = LIMITS.upper[joint] if sign > 0 else LIMITS.lower[joint]
    out = only(joint, bound + sign * 0.05, HOME)
    last = Motion.at_rest(out)
    assert refusal(last, last) is Refusal.NONE
    back = eased(last, only(joint, -sign * LIMITS.acceleration[joint]))
    assert refusal(back, last) is Refusal.NONE
    further = after(last, only(joint, sign * 1e-3))
    assert refusal(further, last) is Refusal.POSITION


@pytest.mark.parametrize('joint', range(7))
@pytest.mark.parametrize('sign', SIGNS)
def test_the_command_stays_within_its_lead_of_the_measured_position(joint, sign):
    lead = LIMITS.lead[joint]
    for factor, expected in ((1.0, Refusal.NONE), (INSIDE, Refusal.NONE), (OUTSIDE, Refusal.LEAD)):
        measured = only(joint, HOME[joint] + sign * lead * factor, HOME)
        assert refusal(REST, measured=measured) is expected


def test_a_measured_position_that_is_not_a_number_is_refused_with_or_without_a_lead():
    for joint in JOINTS:
        assert refusal(REST, measured=only(joint, np.nan, HOME)) is Refusal.LEAD


def test_the_finger_has_no_lead():
    assert refusal(REST, measured=only(7, 0.04, HOME)) is Refusal.NONE
