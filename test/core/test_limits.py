"""Tests of the shaper."""

import numpy as np
import pytest
from robot_runtime.core.landing import brake_velocity
from robot_runtime.core.limits import (
    ACCELERATION,
    BRAKE,
    braking,
    INFEASIBLE,
    JERK,
    POSITION,
    ramp_to_rest,
    shape,
    VELOCITY,
)
from robot_runtime.core.types import Limits, Motion

INF = np.inf
# Franka Research 3 as published, velocity and acceleration at half; then the finger.
FR3 = Limits(
    lower=np.array([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159, 0.0]),
    upper=np.array([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159, 0.04]),
    velocity=np.array([1.31, 1.31, 1.31, 1.31, 2.63, 2.09, 2.63, 0.1]),
    acceleration=np.array([5.0] * 7 + [1.0]),
    jerk=np.array([100.0] * 7 + [20.0]),
    lead=np.array([0.1] * 7 + [INF]),
    velocity_offset=np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35, 0.0]),
    velocity_deceleration=np.array([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0, INF]),
    velocity_lower_end=np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196,
                                 -INF]),
    velocity_upper_end=np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196, INF]),
)
HOME = np.array([0.0, -0.7854, 0.0, -2.3562, 0.0, 1.5708, 0.7854, 0.04])
GROUPS = (slice(0, 7),)
DTS = [0.001, 0.004, 0.01, 0.03, 0.1]
TIGHT = 1e-9


def plain(lower=-1.0, upper=1.0, velocity=1.5, acceleration=2.0, jerk=40.0, joints=1):
    """Return limits without a position-dependent curve."""
    def full(value):
        return np.full(joints, float(value))
    return Limits(full(lower), full(upper), full(velocity), full(acceleration), full(jerk),
                  full(INF), full(0.0), full(INF), full(-INF), full(INF))


def curve(limits, q):
    """Return the published velocity bounds at `q`, written from the datasheet's formula."""
    with np.errstate(invalid='ignore'):
        up = -limits.velocity_offset + np.sqrt(
            np.maximum(0.0, 2 * limits.velocity_deceleration * (limits.velocity_upper_end - q)))
        low = -limits.velocity_offset + np.sqrt(
            np.maximum(0.0, 2 * limits.velocity_deceleration * (q - limits.velocity_lower_end)))
    bounded = np.isfinite(limits.velocity_deceleration)
    up, low = np.where(bounded, np.maximum(0, up), INF), np.where(bounded, np.maximum(0, low), INF)
    return -np.minimum(limits.velocity, low), np.minimum(limits.velocity, up)


def assert_within(motion, limits):
    slowest, fastest = curve(limits, motion.position)
    assert (motion.position <= limits.upper + TIGHT).all()
    assert (motion.position >= limits.lower - TIGHT).all()
    assert (motion.velocity <= fastest + TIGHT).all()
    assert (motion.velocity >= slowest - TIGHT).all()
    assert (np.abs(motion.acceleration) <= limits.acceleration + TIGHT).all()


def assert_smooth(motion, last, limits, dt):
    assert_within(motion, limits)
    change = np.abs(motion.acceleration - last.acceleration)
    assert (change <= limits.jerk * dt * (1 + TIGHT) + TIGHT).all()


@pytest.mark.parametrize(
    ('distance', 'dt', 'expected'),
    [(0.1, 0.001, 0.630459), (0.1, 0.01, 0.612772), (0.1, 0.02, 0.593719),
     (1.0, 0.001, 1.998), (1.0, 0.01, 1.9801), (1.0, 0.02, 1.9604), (0.0, 0.01, 0.0)],
)
def test_brake_velocity_has_its_golden_values(distance, dt, expected):
    ticks = distance / dt, 2.0 * dt
    assert brake_velocity(*ticks) == pytest.approx(expected, 1e-6)


@pytest.mark.parametrize('side', [-1, 1])
def test_the_braking_parabola_lies_below_the_published_curve(side):
    b, lower, upper = braking(FR3, 0.004)
    for share in np.linspace(0.0, 1.0, 2001):
        q = lower + (upper - lower) * share
        room = np.maximum(0.0, upper - q if side > 0 else q - lower)
        bound = curve(FR3, q)[(side + 1) // 2]
        assert (np.minimum(FR3.velocity, np.sqrt(2 * b * room)) <= np.abs(bound) + TIGHT).all()
    assert (FR3.lower <= lower).all()
    assert (upper <= FR3.upper).all()


def fuzz_targets(rng, kind, ticks, robots):
    """Return (ticks, robots, 8) targets of one kind, some far outside."""
    span = FR3.upper - FR3.lower
    wild = FR3.lower + span * rng.uniform(-1.0, 2.0, (ticks, robots, 8))
    if kind == 'every tick':
        return wild
    if kind == 'far limit':
        ends = np.where(rng.random((ticks, robots, 8)) < 0.5, -1e9, 1e9)
        return np.repeat(ends[: ticks // 150 + 1], 150, axis=0)[:ticks]
    return np.repeat(wild[: ticks // 60 + 1], 60, axis=0)[:ticks]


@pytest.mark.parametrize('dt', DTS)
@pytest.mark.parametrize('kind', ['steps', 'far limit', 'every tick'])
@pytest.mark.parametrize('drift', [False, True])
def test_whatever_is_asked_every_bound_holds_and_a_stop_stays_feasible(dt, kind, drift):
    rng = np.random.default_rng(int(dt * 1e4) + len(kind))
    targets = fuzz_targets(rng, kind, 400, 64)
    last = Motion.at_rest(np.tile(HOME, (64, 1)))
    for target in targets:
        speed = rng.normal(0.0, 3.0, target.shape) if drift else None
        shaped = shape(target, last, FR3, dt, GROUPS, speed)
        assert not (shaped.active & INFEASIBLE).any()
        assert_smooth(shaped.motion, last, FR3, dt)
        last = shaped.motion


@pytest.mark.parametrize('dt', DTS)
def test_a_ramp_to_rest_from_anywhere_stays_within_and_ends(dt):
    rng = np.random.default_rng(5)
    last = Motion.at_rest(np.tile(HOME, (64, 1)))
    for target in fuzz_targets(rng, 'steps', 100, 64):
        last = shape(target, last, FR3, dt, GROUPS).motion
        stop = last
        for _ in range(int(2.63 / (5.0 * dt) + 0.2 / dt) + 3 if dt >= 0.03 else 3):
            before, stop = stop, ramp_to_rest(stop, FR3, dt)
            assert_smooth(stop, before, FR3, dt)
        assert dt < 0.03 or not stop.moves


def test_at_rest_a_ramp_to_rest_does_not_move_by_one_bit():
    rest = Motion.at_rest(HOME)
    after = ramp_to_rest(rest, FR3, 0.004)
    np.testing.assert_array_equal(after.position, HOME)
    assert not after.velocity.any()
    assert not after.acceleration.any()


def test_many_robots_at_once_equal_one_at_a_time_bit_for_bit():
    rng = np.random.default_rng(3)
    targets = fuzz_targets(rng, 'steps', 120, 16)
    speeds = rng.normal(0.0, 1.0, targets.shape)
    many = Motion.at_rest(np.tile(HOME, (16, 1)))
    ones = [Motion.at_rest(HOME) for _ in range(16)]
    for target, speed in zip(targets, speeds, strict=True):
        both = shape(target, many, FR3, 0.004, GROUPS, speed)
        many = both.motion
        for i, one in enumerate(ones):
            single = shape(target[i], one, FR3, 0.004, GROUPS, speed[i])
            ones[i] = single.motion
            for name in ('position', 'velocity', 'acceleration'):
                expected = getattr(many, name)[i].tobytes()
                assert getattr(single.motion, name).tobytes() == expected
            np.testing.assert_array_equal(single.active, both.active[i])


@pytest.mark.parametrize('dt', DTS)
@pytest.mark.parametrize('goal', [0.0003, 0.02, -0.4, 0.99])
def test_a_step_is_reached_without_passing_it_and_then_kept(dt, goal):
    limits, last, passed = plain(), Motion.at_rest(np.zeros(1)), 0.0
    for _ in range(int(5.0 / dt)):
        last = shape(np.array([goal]), last, limits, dt).motion
        passed = max(passed, (last.position[0] - goal) * np.sign(goal))
    assert passed <= 1e-12
    assert last.position[0] == pytest.approx(goal, abs=1e-12)
    assert abs(last.velocity[0]) <= 1e-12


@pytest.mark.parametrize('dt', [0.001, 0.004, 0.02])
def test_a_moving_target_is_followed_without_lag_and_without_chatter(dt):
    limits, last, errors, jolts = plain(), Motion.at_rest(np.zeros(1)), [], []
    for n in range(int(8.0 / dt)):
        target, soon, later = (np.array([0.5 * np.sin((n + i) * dt)]) for i in range(3))
        before = last
        bend = (later - 2.0 * soon + target) / dt**2
        last = shape(target, before, limits, dt, None, (soon - target) / dt, bend).motion
        errors.append(abs(last.position - target)[0])
        jolts.append(abs(last.acceleration - before.acceleration)[0] / dt)
    half = len(errors) // 2
    assert max(errors[half:]) < 1e-12
    assert max(jolts[half:]) < 0.51  # the target's own jerk is 0.5


def test_a_moving_target_on_its_way_out_is_left_at_the_limit():
    limits, last = plain(), Motion.at_rest(np.zeros(1))
    for n in range(2500):
        before = last
        last = shape(np.array([n * 0.001]), last, limits, 0.001, None, np.array([1.0])).motion
        assert_smooth(last, before, limits, 0.001)
    assert last.position[0] == pytest.approx(1.0, abs=1e-9)


def test_joints_of_one_group_slow_down_together_and_others_do_not():
    limits = plain(-9, 9, joints=3)
    last = Motion(np.zeros(3), np.array([1.5, 0.75, 1.5]), np.zeros(3))
    drift = np.array([3.0, 1.5, 1.5])
    shaped = shape(drift * 0.01, last, limits, 0.01, (slice(0, 2),), drift)
    np.testing.assert_allclose(shaped.motion.velocity, [1.5, 0.75, 1.5])
    np.testing.assert_array_equal(shaped.active & VELOCITY, [VELOCITY, 0, 0])


def test_without_groups_each_joint_is_on_its_own():
    limits = plain(-9, 9, joints=2)
    last = Motion(np.zeros(2), np.array([1.5, 1.0]), np.zeros(2))
    drift = np.array([3.0, 1.0])
    velocity = shape(drift * 0.01, last, limits, 0.01, None, drift).motion.velocity
    np.testing.assert_allclose(velocity, [1.5, 1.0])


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('joint', range(8))
def test_a_target_or_velocity_that_is_not_finite_is_an_error(value, joint):
    bad = HOME.copy()
    bad[joint] = value
    with pytest.raises(ValueError, match='not finite'):
        shape(bad, Motion.at_rest(HOME), FR3, 0.004)
    with pytest.raises(ValueError, match='not finite'):
        shape(HOME, Motion.at_rest(HOME), FR3, 0.004, None, bad)


@pytest.mark.parametrize('side', [-1.0, 1.0])
def test_a_joint_outside_may_stand_or_come_back_and_never_goes_further_out(side):
    outside = Motion.at_rest(np.array([1.2 * side]))
    stays = shape(np.array([9.0 * side]), outside, plain(), 0.01)
    assert stays.motion.position[0] == 1.2 * side
    assert stays.active[0] == POSITION
    back, places = outside, [1.2]
    for _ in range(200):
        before, back = back, shape(np.array([0.0]), back, plain(), 0.01).motion
        assert abs(back.acceleration - before.acceleration) <= 0.4 * (1 + TIGHT)
        places.append(back.position[0] * side)
    assert (np.diff(places) <= 0).all()
    assert back.position[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize('side', [-1.0, 1.0])
def test_where_a_stop_is_no_longer_possible_the_joint_brakes_as_hard_as_it_may(side):
    last = Motion(np.array([0.99 * side]), np.array([1.0 * side]), np.zeros(1))
    accelerations, flags = [], []
    for _ in range(100):
        shaped = shape(np.array([9.0 * side]), last, plain(), 0.01)
        last = shaped.motion
        accelerations.append(last.acceleration[0] * side)
        flags.append(shaped.active[0])
    assert flags[0] & INFEASIBLE
    np.testing.assert_allclose(accelerations[:7], [-0.4, -0.8, -1.2, -1.6, -2.0, -2.0, -2.0])
    assert np.abs(np.diff(accelerations)).max() <= 0.4 * (1 + TIGHT)
    assert last.velocity[0] * side == pytest.approx(0.0, abs=1e-9)  # beyond its end
    assert last.position[0] * side > 1.0


def test_flags_name_the_limit_that_binds():
    start = Motion.at_rest(np.zeros(1))
    assert shape(np.array([0.0]), start, plain(), 0.01).active[0] == 0
    assert shape(np.array([0.3]), start, plain(), 0.01).active[0] == JERK
    assert shape(np.array([0.9]), start, plain(), 0.01).active[0] == VELOCITY | JERK
    assert shape(np.array([5.0]), start, plain(), 0.01).active[0] & POSITION
    fast = Motion(np.zeros(1), np.ones(1), np.full(1, 2.0))
    assert shape(np.array([0.95]), fast, plain(), 0.01).active[0] & ACCELERATION
    near, flags = Motion(np.array([0.5]), np.ones(1), np.zeros(1)), 0
    for _ in range(40):
        target = near.position + 0.01
        shaped = shape(target, near, plain(), 0.01, None, np.array([1.0]))
        near, flags = shaped.motion, flags | int(shaped.active[0])
    assert flags & BRAKE
