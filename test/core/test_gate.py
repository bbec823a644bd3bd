"""Tests of the gate: seeds, and what passes or is refused."""

from dataclasses import replace

from gate_robot import (
    after,
    assert_smooth,
    eased,
    EPOCH,
    HOME,
    in_phase,
    LIMITS,
    MOVING,
    moving,
    MS,
    NAMES,
    onward,
    P,
    REAL_TIME,
    REST,
    Rig,
    START,
)
import numpy as np
import pytest
from robot_runtime.core.gate import (
    Phase,
)
from robot_runtime.core.types import Motion


def test_nothing_is_sent_before_the_first_engagement():
    rig = Rig()
    assert rig.run(500 * MS) == []
    assert not rig.gate.latched


def test_a_missing_joint_state_does_not_latch_before_the_first_engagement_and_refuses_the_seed():
    rig = Rig()
    rig.sensed = None
    rig.run(500 * MS)
    assert not rig.send(0, REST)
    assert (rig.state, rig.gate.latched) == (Phase.IDLE, False)
    assert 'joint state' in rig.gate.reason


@pytest.mark.parametrize('joint', range(8))
@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_the_first_seed_is_within_its_lead_of_the_measured_position(joint, sign):
    reach = LIMITS.lead[joint] if joint < 7 else LIMITS.velocity[7] * 0.05
    for factor, passes in ((0.999, True), (1.001, False)):
        rig = Rig()
        position = HOME.copy()
        position[joint] += sign * reach * factor
        assert rig.send(0, Motion.at_rest(position)) is passes
        assert passes or NAMES[joint] in rig.gate.reason


@pytest.mark.parametrize('field', ['velocity', 'acceleration'])
def test_the_first_seed_stands_still(field):
    for joint in range(8):
        rig = Rig()
        value = np.zeros(8)
        value[joint] = 1e-6
        assert not rig.send(0, replace(REST, **{field: value}))


def test_a_robot_that_stands_outside_its_range_is_engaged_there_but_not_put_there():
    outside = HOME.copy()
    outside[0] = LIMITS.upper[0] + 0.01
    rig = Rig()
    rig.robot = outside
    assert rig.send(0, Motion.at_rest(outside))
    rig = Rig()
    rig.robot = HOME.copy()
    rig.robot[0] = LIMITS.upper[0] - 0.01
    assert not rig.send(0, Motion.at_rest(outside))


def test_an_engagement_that_was_refused_stays_refused():
    rig = Rig()
    rig.send(0, Motion.at_rest(HOME + 0.2))
    reason = rig.gate.reason
    for n in range(1, 5):
        assert not rig.send(n, REST)
    assert rig.gate.reason == reason
    assert rig.count.refused == 1
    assert rig.send(0, REST, EPOCH + 1)
    assert rig.gate.reason == ''


def test_after_a_reset_the_seed_is_what_was_last_sent():
    for error, passes in ((0.0, True), (0.9e-9, True), (1.1e-9, False), (1e-3, False)):
        for joint in range(8):
            rig = in_phase(Phase.REST)
            position = rig.gate.motion.position.copy()
            position[joint] += error
            assert rig.send(0, Motion.at_rest(position), EPOCH + 1) is passes
            assert passes or (rig.gate.latched and NAMES[joint] in rig.gate.reason)


def test_a_new_engagement_while_the_robot_stands_needs_no_reset():
    rig = Rig().engaged(onward(REST, 3))
    rig.run(P)
    assert rig.send(0, REST, EPOCH + 5)
    assert not rig.send(4, REST, EPOCH)
    assert rig.count.dropped == 1
    assert rig.state is Phase.PASS


def test_a_command_passes_unchanged():
    rig = moving()
    assert all(out is wish for out, wish in zip(rig.sent, [REST, *MOVING], strict=True))
    assert rig.count.passed == len(MOVING) + 1


def test_a_refusal_names_the_joint_the_value_and_what_is_allowed_and_brakes_at_once():
    rig = moving()
    last = MOVING[-1]
    gain = np.zeros(8)
    gain[2] = -7.5
    rig.run(P)
    assert not rig.send(rig.gate.tick + 1, after(last, gain))
    assert rig.state is Phase.BRAKING
    assert 'acceleration: fr3_joint3 7.5' in rig.gate.reason
    assert 'allowed 5' in rig.gate.reason
    first = rig.tick()
    assert len(first) == 1
    assert (first[0].velocity[:7] < last.velocity[:7]).all()
    assert rig.count.refused == 1


def test_while_braking_every_command_is_ignored_and_the_stop_ends_in_a_hold():
    rig = in_phase(Phase.BRAKING)
    for n in range(200):
        rig.run(P)
        assert not rig.send(rig.gate.tick + 1 + n, after(rig.gate.motion, np.zeros(8)))
    assert rig.count.ignored == 200
    assert rig.state is Phase.REST
    held = rig.gate.motion.position
    out = rig.run(40 * P)
    assert len(out) == 40
    assert all(np.array_equal(motion.position, held) for motion in out)
    assert not any(motion.velocity.any() for motion in out)
    assert_smooth(rig.sent[:150])


@pytest.mark.parametrize('field', ['position', 'velocity', 'acceleration'])
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('phase', [Phase.PASS, Phase.COAST])
def test_a_value_that_is_not_finite_never_leaves_and_brakes(field, value, phase):
    for joint in range(8):
        rig = in_phase(phase)
        bad = after(rig.gate.motion, np.zeros(8))
        numbers = getattr(bad, field).copy()
        numbers[joint] = value
        assert not rig.send(rig.gate.tick + 1, replace(bad, **{field: numbers}))
        assert rig.state is Phase.BRAKING
        assert NAMES[joint] in rig.gate.reason


@pytest.mark.parametrize('phase', [Phase.PASS, Phase.COAST])
@pytest.mark.parametrize('count', [0, 7, 9])
def test_a_wrong_number_of_joints_brakes(phase, count):
    rig = in_phase(phase)
    assert not rig.send(rig.gate.tick + 1, Motion.at_rest(np.zeros(count)))
    assert rig.state is Phase.BRAKING


def test_doubled_and_old_commands_are_dropped_and_counted_and_do_no_harm():
    rig = moving()
    for tick in (rig.gate.tick, rig.gate.tick - 1, 0, -5):
        assert not rig.send(tick, MOVING[-1])
    assert rig.state is Phase.PASS
    assert rig.count.dropped == 4
    rig.run(P)
    assert rig.send(len(MOVING) + 1, onward(MOVING[-1], 1)[0])


def test_commands_faster_than_time_are_refused_after_a_burst_of_three():
    rig = moving()
    motions = onward(MOVING[-1], 10)
    rig.now += P
    passed = [rig.send(len(MOVING) + 1 + n, motion) for n, motion in enumerate(motions)]
    assert passed == [True] * 3 + [False] * 7
    assert 'faster than time' in rig.gate.reason


def test_skipping_ticks_does_not_outrun_the_clock():
    rig = moving()
    last, tick = MOVING[-1], len(MOVING)
    for _ in range(20):
        rig.tick(P)
        last = onward(last, 3)[-1]
        tick += 3
        if not rig.send(tick, last):
            break
    assert tick - len(MOVING) <= 10
    assert 'faster than time' in rig.gate.reason


def test_acceleration_seen_under_0_2_ms_of_arrival_jitter_is_the_true_one():
    rng = np.random.default_rng(3)
    rig = Rig(budget_ns=REAL_TIME).engaged()
    last, arrivals = REST, [START]
    for n in range(1, 500):
        sign = 1.0 if (n // 60) % 4 in (0, 3) else -1.0  # out and back, always near the limit
        last = eased(last, sign * 0.999 * LIMITS.acceleration * np.append(np.ones(7), 0.02))
        arrival = START + n * P + int(rng.integers(-200_000, 200_001))
        while rig.now + P // 4 < arrival:
            rig.tick(P // 4)
        rig.now = arrival
        assert rig.send(n, last), rig.gate.reason
        arrivals.append(arrival)
    assert rig.count.passed == 500
    assert rig.count.coasted == 0
    times = np.array(arrivals) * 1e-9
    speed = np.diff([motion.position for motion in rig.sent], axis=0) / np.diff(times)[:, None]
    by_arrival = np.abs(np.diff(speed, axis=0)) / np.diff(times)[1:, None]
    assert (by_arrival.max(axis=0)[:7] > 5 * LIMITS.acceleration[:7]).all()
