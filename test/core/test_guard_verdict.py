"""Tests of what a verdict says: which rule, which joint, and both figures; bounds to the bit."""

from dataclasses import replace

from gate_robot import after, DT, fr3, HOME
from guard_rig import moving, only, refusal, wide
import numpy as np
import pytest
from robot_runtime.core.brake import stop_reach
from robot_runtime.core.guard import fastest_toward, Refusal, rules, TOLERANCE, Verdict, verify
from robot_runtime.core.types import CURVE_SHARE, Motion

LIMITS = fr3()
REST = Motion.at_rest(HOME)
SIGNS = (-1.0, 1.0)
UNCURVED = replace(LIMITS, velocity_deceleration=np.full(8, np.inf))
SLACK = 1e-6 * (LIMITS.upper - LIMITS.lower)
AGREEMENT, EASE = [Refusal.MISMATCH] * 2, [Refusal.ACCELERATION]
STOPS = [Refusal.BRAKING, Refusal.CURVE, Refusal.CURVE, Refusal.LEAD]


def end_of(limits, joint, sign):
    return (limits.upper if sign > 0 else limits.lower)[joint]


def edge_at(end, other, sign):
    """Return the bound whose tolerance, of the range from `other`, ends at `end` to the bit."""
    edge = (end + TOLERANCE * other) / (1 + TOLERANCE)
    for _ in range(20):
        edge = np.nextafter(edge, -np.inf)
    for _ in range(40):
        span = edge - other if sign > 0 else other - edge
        if (edge + TOLERANCE * span if sign > 0 else edge - TOLERANCE * span) == end:
            return edge
        edge = np.nextafter(edge, np.inf)
    raise AssertionError(end)


def test_a_command_that_passes_has_no_joint_no_figure_and_no_place():
    assert verify(REST, REST, 1, HOME, LIMITS, DT) == Verdict(Refusal.NONE, -1, 0.0, 0.0, '')


def test_a_wrong_count_or_time_is_told_with_its_figure_and_what_is_allowed():
    few = replace(REST, velocity=np.zeros(7))
    for command, ticks, expected in (
        (few, 1, Verdict(Refusal.NAMES, -1, 7.0, 8.0)),
        (REST, 0, Verdict(Refusal.ORDER, -1, 0.0, 1.0)),
        (REST, -3, Verdict(Refusal.ORDER, -1, -3.0, 1.0)),
        (REST, 4, Verdict(Refusal.TIME, -1, 4.0, 3.0)),
        (few, 0, Verdict(Refusal.NAMES, -1, 7.0, 8.0)),
    ):
        assert verify(command, REST, ticks, HOME, LIMITS, DT) == expected


@pytest.mark.parametrize('field', ['position', 'velocity', 'acceleration'])
def test_what_is_not_finite_is_told_as_it_came(field):
    for value in (np.nan, np.inf, -np.inf):
        bad = replace(REST, **{field: only(4, value, getattr(REST, field))})
        verdict = verify(bad, REST, 1, HOME, LIMITS, DT)
        assert (verdict.refusal, verdict.joint) == (Refusal.NOT_FINITE, 4)
        assert str(verdict.value) == str(float(value))
        assert verdict.allowed == np.inf


def test_a_huge_value_is_refused_whatever_numpy_does_about_overflow():
    with np.errstate(all='raise'):
        for value in (1e308, -1e308, np.inf, np.nan):
            for field in ('position', 'velocity', 'acceleration'):
                assert refusal(replace(REST, **{field: only(2, value)})) is not Refusal.NONE


@pytest.mark.parametrize(('ticks', 'more'), [
    (1, [Refusal.JERK] * 2), (2, [Refusal.JERK, *EASE]), (3, [Refusal.JERK, *EASE]),
])
def test_the_rules_are_named_in_their_order(ticks, more):
    named = [rule.refusal for rule in rules(REST, REST, ticks, HOME, LIMITS, DT)]
    first = [Refusal.POSITION, *[Refusal.VELOCITY] * 2, *EASE * 3]
    assert named == (AGREEMENT if ticks == 1 else []) + first + more + STOPS
    without = rules(REST, REST, ticks, None, UNCURVED, DT)
    assert [rule.refusal for rule in without] == named[:-3]


def test_the_first_joint_that_breaks_the_rule_is_named():
    reach = LIMITS.jerk * DT
    command = after(REST, only(5, 2 * reach[5]) + only(2, 3 * reach[2]))
    verdict = verify(command, REST, 1, HOME, LIMITS, DT)
    assert (verdict.refusal, verdict.joint) == (Refusal.JERK, 2)
    assert verdict.value == pytest.approx(3 * reach[2])
    assert verdict.allowed == reach[2] * (1 + TOLERANCE)


@pytest.mark.parametrize('joint', range(8))
@pytest.mark.parametrize('sign', SIGNS)
def test_a_position_is_refused_with_the_bound_on_its_side(joint, sign):
    free = replace(UNCURVED, velocity=np.full(8, 1e3), acceleration=np.full(8, 1e6),
                   jerk=np.full(8, 1e9))  # fmt: skip
    bound = end_of(LIMITS, joint, sign)
    place = only(joint, bound + sign * 0.01, HOME)
    velocity = (place - HOME) / DT
    verdict = verify(Motion(place, velocity, velocity / DT), REST, 1, None, free, DT)
    assert (verdict.refusal, verdict.joint) == (Refusal.POSITION, joint)
    assert verdict.value == place[joint]
    assert verdict.allowed == bound + sign * SLACK[joint]


@pytest.mark.parametrize('joint', range(8))
@pytest.mark.parametrize('sign', SIGNS)
def test_a_stop_that_ends_outside_is_refused_with_its_end_and_the_bound_on_its_side(joint, sign):
    speed = 0.3 * LIMITS.velocity[joint]
    way = stop_reach(np.full(8, speed), np.zeros(8), LIMITS.acceleration, LIMITS.jerk, DT)[0]
    bound = end_of(LIMITS, joint, sign)
    here = only(joint, bound + sign * (0.001 - way[joint]), HOME)
    command, last = moving(here, only(joint, sign * speed))
    verdict = verify(command, last, 1, None, LIMITS, DT)
    assert (verdict.refusal, verdict.joint) == (Refusal.BRAKING, joint)
    assert verdict.value == pytest.approx(bound + sign * 0.001, abs=1e-12)
    assert verdict.allowed == bound + sign * SLACK[joint]


@pytest.mark.parametrize('joint', range(7))
@pytest.mark.parametrize('sign', SIGNS)
def test_a_stop_along_the_curve_is_refused_with_its_end_and_the_bound_on_its_side(joint, sign):
    speed = 0.3 * LIMITS.velocity[joint]
    dec, offset = LIMITS.velocity_deceleration[joint], LIMITS.velocity_offset[joint]
    soft = min(LIMITS.acceleration[joint], CURVE_SHARE * dec)
    way = stop_reach(np.full(8, speed), np.zeros(8), np.full(8, soft), LIMITS.jerk, DT)[0]
    inset = offset**2 / (2 * (dec - soft)) + 0.5 * DT * LIMITS.velocity[joint]
    ends = LIMITS.velocity_upper_end if sign > 0 else LIMITS.velocity_lower_end
    bound = ends[joint] - sign * inset
    here = only(joint, bound + sign * (0.001 - way[joint]), HOME)
    command, last = moving(here, only(joint, sign * speed))
    verdict = verify(command, last, 1, None, LIMITS, DT)
    assert (verdict.refusal, verdict.joint) == (Refusal.CURVE, joint)
    assert verdict.value == pytest.approx(bound + sign * 0.001, abs=1e-12)
    assert verdict.allowed == pytest.approx(bound + sign * SLACK[joint], abs=1e-12)


@pytest.mark.parametrize('joint', range(7))
@pytest.mark.parametrize('sign', SIGNS)
def test_a_speed_above_the_curve_is_refused_with_what_the_curve_allows_there(joint, sign):
    # Past the root of the curve a joint may stand; its stop still ends inside the range.
    ends = LIMITS.velocity_upper_end if sign > 0 else LIMITS.velocity_lower_end
    here = only(joint, ends[joint] + sign * 0.001, HOME)
    free = replace(LIMITS, lower=LIMITS.lower - 5, upper=LIMITS.upper + 5)
    end = rules(*moving(here, only(joint, sign * 0.01)), 1, None, free, DT)[-1]
    assert end.refusal is Refusal.CURVE
    assert np.argwhere(~end.kept).ravel().tolist() == [joint]
    assert end.value[joint] == sign * 0.01
    allowed = end.upper if sign > 0 else end.lower
    assert allowed[joint] == sign * 1e-6 * LIMITS.velocity[joint]


@pytest.mark.parametrize('sign', SIGNS)
def test_a_stop_that_ends_on_its_bound_to_the_bit_passes(sign):
    velocity, side = only(0, sign * 0.5), 'upper' if sign > 0 else 'lower'
    command, last = moving(HOME, velocity)
    ways = stop_reach(velocity, np.zeros(8), LIMITS.acceleration, LIMITS.jerk, DT)
    end = ways[0 if sign > 0 else 1][0] + HOME[0]
    edge = edge_at(end, end_of(LIMITS, 0, -sign), sign)
    for bound, expected in (
        (edge, Refusal.NONE), (edge - sign * 1e-12, Refusal.BRAKING)
    ):
        limits = replace(UNCURVED, **{side: only(0, bound, getattr(LIMITS, side))})
        assert refusal(command, last, limits=limits) is expected


def test_a_joint_that_turns_round_is_refused_with_the_end_that_is_outside():
    velocity, acceleration = only(0, 0.05), only(0, -4.0)
    command, last = moving(HOME, velocity, acceleration)
    last = replace(last, acceleration=acceleration)
    up, down = stop_reach(velocity, acceleration, LIMITS.acceleration, LIMITS.jerk, DT)
    assert up[0] > 0.0 > down[0]
    lower = only(0, 0.5 * down[0], LIMITS.lower)
    upper = only(0, edge_at(up[0] + HOME[0], lower[0], 1.0), LIMITS.upper)
    for limits, end, bound in (
        (replace(UNCURVED, lower=lower, upper=upper), down[0], lower[0]),
        (replace(UNCURVED, upper=only(0, 0.5 * up[0], LIMITS.upper)), up[0], 0.5 * up[0]),
    ):
        verdict = verify(command, last, 1, None, limits, DT)
        assert (verdict.refusal, verdict.joint) == (Refusal.BRAKING, 0)
        assert verdict.value == end
        assert verdict.allowed == pytest.approx(bound, abs=1e-5)


@pytest.mark.parametrize('sign', SIGNS)
def test_a_command_that_is_its_lead_away_to_the_bit_passes(sign):
    lead = LIMITS.lead[0] * (1 + TOLERANCE)
    assert refusal(REST, measured=only(0, sign * lead, HOME)) is Refusal.NONE
    beyond = sign * np.nextafter(lead, 1.0)
    verdict = verify(REST, REST, 1, only(0, beyond, HOME), LIMITS, DT)
    assert verdict == Verdict(Refusal.LEAD, 0, abs(beyond), lead)


def test_a_lie_about_velocity_within_the_agreement_does_not_hide_jerk():
    command = after(REST, LIMITS.jerk * DT)
    ahead = command.position + 0.9e-6 * LIMITS.velocity * DT
    assert refusal(replace(command, position=ahead)) is Refusal.JERK


@pytest.mark.parametrize('ticks', [2, 3])
@pytest.mark.parametrize('joint', range(8))
@pytest.mark.parametrize('sign', SIGNS)
def test_over_lost_ticks_the_mean_speed_is_within_reach_of_the_last_one(ticks, joint, sign):
    reach = 0.5 * (ticks - 1) * LIMITS.acceleration[joint] * DT
    for factor, expected in ((1 + 0.9e-6, Refusal.NONE), (1 + 1.1e-6, Refusal.ACCELERATION)):
        apart = sign * reach * factor
        place = HOME + only(joint, 0.5 * apart * ticks * DT)
        command = Motion(place, only(joint, -0.5 * apart), np.zeros(8))
        assert refusal(command, REST, ticks, limits=wide()) is expected


def test_over_lost_ticks_the_message_may_change_its_acceleration_by_their_jerk():
    for ticks in (2, 3):
        for factor, expected in ((1.0, Refusal.NONE), (1.01, Refusal.JERK)):
            step = factor * LIMITS.jerk * DT
            motion = REST
            for n in range(1, ticks + 1):
                motion = after(motion, n * step)
            assert refusal(motion, REST, ticks) is expected


def test_the_published_curve_is_what_the_gate_lets_through():
    gaps = np.array([-0.1, 0.0, 0.005, 0.02, 0.1, 0.5, 50.0])
    told = fastest_toward(np.repeat(gaps[:, np.newaxis], 8, axis=1), LIMITS)
    assert (told[:, 7] == LIMITS.velocity[7]).all()
    for gap, row in zip(gaps, told, strict=True):
        dec, offset = LIMITS.velocity_deceleration[:7], LIMITS.velocity_offset[:7]
        curve = np.sqrt(2 * dec * max(gap, 0.0)) - offset
        assert np.allclose(row[:7], np.clip(curve, 0.0, LIMITS.velocity[:7]), rtol=1e-15)
    free = replace(LIMITS, lower=LIMITS.lower - 100, upper=LIMITS.upper + 100)
    for gap, row in zip(gaps, told, strict=True):
        here = np.append(LIMITS.velocity_upper_end[:7] - gap, HOME[7])
        most = rules(*moving(here, np.zeros(8)), 1, None, free, DT)[-1].upper
        assert np.allclose(most, row + 1e-6 * LIMITS.velocity, atol=1e-7)


def test_the_allowed_speed_is_a_copy():
    told = fastest_toward(np.full((2, 8), 50.0), LIMITS)
    told += 1.0
    assert (LIMITS.velocity == fr3().velocity).all()


def test_only_a_verdict_without_a_refusal_is_ok():
    for one in Refusal:
        assert Verdict(one, -1, 0.0, 0.0).ok == (one is Refusal.NONE)
