"""Limiters of others beside ours: each rule does what is said of it, and ours lets nothing out."""

from benchmarks.limiter_rules import PointSaturation, RelativeTarget, Saturation, SoftLimits
from benchmarks.limiter_servo import AccelerationServo, ButterworthServo, RuckigServo, Servo
from benchmarks.limiters import (
    datasheet_jerk,
    Judge,
    KINDS,
    measured,
    Ours,
    PEERS,
    SEQUENCES,
    summed,
    targets,
    Unlimited,
)
import numpy as np
import pytest
from robot_runtime.runtime.robot_file import load_robot

ROBOT = load_robot('fr3')
LIMITS, START, DT = ROBOT.limits(), ROBOT.home_position, ROBOT.period_s
NAN = np.where(np.arange(LIMITS.count) == 2, np.nan, START)


def made(peer):
    return peer(LIMITS, START, DT)


def commands(peer, target, ticks):
    limiter = made(peer)
    return np.array([limiter.command(target) for _ in range(ticks)])


@pytest.mark.parametrize('kind', SEQUENCES)
def test_ours_lets_nothing_out_and_refuses_nothing_of_its_own(kind):
    row = measured(ROBOT, Ours, kind, 1.0, 3)
    assert row['violations'] == dict.fromkeys(row['violations'], 0)
    assert (row['not_finite'], row['silent'], row['refused']) == (0, 0, 0)
    assert row['travel'] > 1.0


@pytest.mark.parametrize('peer', PEERS)
def test_each_of_the_others_lets_something_out(peer):
    rows = [measured(ROBOT, peer, kind, 1.0, 3) for kind in ('random', 'NaN', 'wrong length')]
    total = summed(rows)
    assert sum(total['violations'].values()) + total['not_finite'] > 0


def test_a_command_beyond_a_limit_is_counted_by_joint_and_kind():
    judge = Judge(LIMITS, datasheet_jerk(ROBOT), START, DT)
    step = np.where(START < LIMITS.upper, 1.0, -1.0) * LIMITS.velocity * DT
    judge.take(START + 0.99 * step)
    assert judge.violations['velocity'] == 0
    assert judge.violations['acceleration'] == judge.violations['jerk'] == LIMITS.count
    assert judge.violations['datasheet jerk'] == 7  # the hand publishes none
    judge.take(START + 2.01 * step)
    assert judge.violations['velocity'] == LIMITS.count
    assert judge.worst['velocity'] == pytest.approx(1.02)
    judge.take(np.where(np.arange(8) == 0, LIMITS.upper + 0.5, START))
    assert judge.violations['position'] == 1
    assert judge.overshoot == pytest.approx(0.5)


def test_a_command_that_is_absent_or_not_finite_leaves_the_robot_where_it_was_sent():
    judge = Judge(LIMITS, datasheet_jerk(ROBOT), START, DT)
    judge.take(None)
    judge.take(NAN)
    assert (judge.silent, judge.not_finite, judge.travel) == (1, 1, 0.0)
    assert not any(judge.violations.values())
    judge.take(np.full(8, 1e308))
    assert all(judge.violations[kind] for kind in KINDS)


def test_what_comes_from_nobody_is_what_was_asked():
    wishes = targets('out of range', LIMITS, START, DT, np.random.default_rng(1))
    wish = next(wishes)
    assert (wish < LIMITS.lower).all()
    assert (made(Unlimited).command(wish) == wish).all()


def test_lerobot_steps_by_its_cap_beyond_the_range_and_passes_nan():
    sent = commands(RelativeTarget, LIMITS.upper + 0.5, 2000)
    assert np.diff(sent, axis=0)[0] == pytest.approx(LIMITS.velocity * DT)
    assert sent[-1] == pytest.approx(LIMITS.upper + 0.5)
    assert np.isnan(made(RelativeTarget).command(NAN)[2])


def test_saturation_speeds_up_by_the_acceleration_and_stops_at_once_at_the_end():
    sent = commands(Saturation, LIMITS.upper + 1.0, 2000)
    speed = np.diff(sent, axis=0, prepend=START[np.newaxis]) / DT
    gain = np.diff(speed, axis=0, prepend=0.0) / DT
    assert gain.max(axis=0)[:7] == pytest.approx(LIMITS.acceleration[:7])  # the hand is open
    assert (gain.min(axis=0)[:7] < -50.0 * LIMITS.acceleration[:7]).any()
    assert sent[-1] == pytest.approx(LIMITS.upper)
    assert np.isnan(made(Saturation).command(NAN)[2])


def test_soft_limits_brake_at_about_the_acceleration_before_the_end():
    sent = commands(SoftLimits, LIMITS.upper + 1.0, 3000)
    gain = np.diff(sent, 2, axis=0) / DT**2
    assert (gain.min(axis=0) > -3.0 * LIMITS.acceleration).all()
    assert sent[-1] == pytest.approx(LIMITS.upper, abs=1e-3)


def test_trajectory_points_keep_the_acceleration_and_brake_all_joints_before_the_end():
    target = np.where(np.arange(8) == 0, LIMITS.upper + 1.0, START)
    sent = commands(PointSaturation, target, 2000)
    gain = np.diff(sent, 2, axis=0) / DT**2
    assert (np.abs(gain) <= 1.5001 * LIMITS.acceleration).all()
    assert 0.8 * LIMITS.upper[0] < sent[-1, 0] < LIMITS.upper[0] + 0.01


@pytest.mark.parametrize('peer', [Servo, ButterworthServo, AccelerationServo, RuckigServo])
def test_servo_keeps_direction_and_range_and_publishes_nothing_for_nan(peer):
    limiter, target = made(peer), START + np.linspace(-0.4, 0.4, 8)
    for _ in range(30):
        sent = limiter.command(target)
    way = (sent - START)[:7] / (target - START)[:7]
    assert way == pytest.approx(np.full(7, way[0]), rel=0.2 if peer is RuckigServo else 1e-6)
    assert 0.0 < way[0] <= 1.0
    assert limiter.command(NAN) is None
    assert limiter.command(START[:3]) is None
    end = commands(peer, LIMITS.upper + 1.0, 3000)[-1]
    assert (end <= LIMITS.upper).all()


def test_only_the_plugins_for_it_bound_acceleration_and_jerk():
    worst = {
        peer: measured(ROBOT, peer, 'steps', 2.0, 3)['worst']
        for peer in (ButterworthServo, AccelerationServo, RuckigServo)
    }
    assert worst[ButterworthServo]['acceleration'] > 10.0
    assert worst[AccelerationServo]['acceleration'] == pytest.approx(1.0)
    assert worst[AccelerationServo]['jerk'] > 10.0
    assert worst[RuckigServo]['jerk'] == pytest.approx(1.0)
