"""Tests of the gate: joint state, following, e-stop, and reset."""

from dataclasses import replace

from gate_robot import (
    after,
    eased,
    EPOCH,
    in_phase,
    LIMITS,
    MOVING,
    moving,
    MS,
    NAMES,
    onward,
    P,
    REST,
    Rig,
    seed_of,
    seen,
)
import numpy as np
import pytest
from robot_runtime.core.gate import (
    estop,
    Phase,
    reset,
)


@pytest.mark.parametrize('phase', [Phase.PASS, Phase.COAST])
def test_an_old_joint_state_brakes_one_nanosecond_after_its_time(phase):
    for age, braking in ((50 * MS, False), (50 * MS + 1, True)):
        rig = in_phase(phase)
        rig.sensed = seen(rig.robot, rig.now - age)
        rig.tick()
        assert (rig.state is Phase.BRAKING) is braking
        rig = in_phase(phase)
        rig.sensed = seen(rig.robot, rig.now - age)
        assert rig.send(rig.gate.tick + 1, after(rig.gate.motion, np.zeros(8))) is not braking
        assert (rig.state is Phase.BRAKING) is braking
        assert not braking or 'joint state' in rig.gate.reason


def test_a_robot_that_does_not_follow_is_stopped_after_its_time():
    for away, stops in ((0.0999, False), (0.1001, True), (np.nan, True)):
        rig = moving(budget_ns=10**9)
        offset = np.zeros(8)
        offset[4] = away
        for _ in range(60):
            rig.now += MS
            rig.sensed = seen(rig.gate.motion.position + offset, rig.now)
            rig.gate = replace(rig.gate, next_emit_ns=rig.now + P)
            rig.tick()
            if rig.state is Phase.BRAKING:
                break
        assert (rig.state is Phase.BRAKING) is stops
        if stops:
            assert rig.now - rig.gate.lead_since_ns == 50 * MS
            assert 'not following: fr3_joint5' in rig.gate.reason


def test_a_robot_that_follows_again_in_time_is_not_stopped():
    rig = moving(budget_ns=10**9)
    for n in range(200):
        rig.now += MS
        offset = np.full(8, 0.11) * (n % 50 != 49)
        rig.sensed = seen(rig.gate.motion.position + offset, rig.now)
        rig.gate = replace(rig.gate, next_emit_ns=rig.now + P)
        rig.tick()
    assert rig.state is Phase.PASS


def test_a_command_beyond_its_lead_is_refused_at_once():
    rig = moving()
    rig.run(P)
    rig.robot = rig.robot + np.append(np.zeros(6), [0.2, 0.0])
    assert not rig.send(len(MOVING) + 1, onward(MOVING[-1], 1)[0])
    assert 'measured position: fr3_joint7' in rig.gate.reason


@pytest.mark.parametrize('required', [False, True])
def test_a_pressed_estop_stops_whether_or_not_it_is_required(required):
    rig = Rig(estop_required=required)
    rig.estop = seen(False, rig.now)
    rig.tick()
    rig.engaged()
    rig.estop = seen(True, rig.now)
    rig.tick()
    assert rig.gate.latched
    assert 'e-stop' in rig.gate.reason


def test_a_required_estop_that_is_not_heard_is_a_stop():
    for age, stops in ((200 * MS, False), (200 * MS + 1, True)):
        rig = Rig(estop_required=True)
        rig.estop = seen(False, rig.now)
        rig.tick()
        rig.engaged()
        rig.estop = seen(False, rig.now - age)
        rig.tick()
        assert rig.gate.latched is stops


def test_without_a_required_estop_nothing_is_engaged_and_nothing_latches():
    rig = Rig(estop_required=True)
    assert not rig.send(0, REST)
    rig.run(500 * MS)
    assert not rig.send(0, REST, EPOCH + 1)
    assert (rig.state, rig.gate.latched) == (Phase.IDLE, False)
    rig.estop = seen(False, rig.now)
    rig.tick()
    assert rig.send(0, REST, EPOCH + 2)


def test_reset_is_refused_until_the_robot_rests():
    rig = in_phase(Phase.BRAKING)
    rig.gate, ok, sentence = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert not ok
    assert 'braking' in sentence


@pytest.mark.parametrize('joint', range(7))
def test_reset_is_refused_with_the_joint_that_is_not_where_it_was_sent(joint):
    for away, expected in ((0.0999, True), (0.1001, False), (np.nan, False)):
        rig = in_phase(Phase.REST, latched=True)
        position = rig.gate.motion.position.copy()
        position[joint] += away
        gate, ok, sentence = reset(rig.config, rig.gate, seen(position, rig.now), rig.now)
        assert ok is expected
        assert gate.latched is not expected
        assert ok or NAMES[joint] in sentence


def test_reset_is_refused_without_a_fresh_joint_state():
    rig = in_phase(Phase.REST, latched=True)
    for sample in (None, seen(rig.robot, rig.now - 51 * MS)):
        gate, ok, sentence = reset(rig.config, rig.gate, sample, rig.now)
        assert not ok
        assert gate.latched
        assert 'joint state' in sentence


def test_reset_is_refused_while_the_estop_is_pressed():
    rig = in_phase(Phase.REST)
    rig.estop = seen(True, rig.now)
    rig.run(4 * P)
    assert rig.state is Phase.REST
    rig.gate, ok, sentence = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert not ok
    assert 'e-stop' in sentence
    rig.estop = seen(False, rig.now)
    rig.tick()
    rig.gate, ok, _ = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert ok


def test_after_a_reset_the_robot_is_held_and_the_old_engagement_stays_ended():
    rig = in_phase(Phase.REST)
    assert len(rig.run(10 * P)) == 10
    for n in range(5):
        assert not rig.send(rig.gate.tick + 1 + n, after(rig.gate.motion, np.zeros(8)))
    assert not rig.gate.latched
    assert rig.count.dropped == 5
    motions = onward(seed_of(rig), 3)
    assert rig.send(0, seed_of(rig), EPOCH + 1)
    for n, motion in enumerate(motions, start=1):
        rig.run(P)
        assert rig.send(n, motion, EPOCH + 1)


def test_the_first_cause_is_kept_until_the_reset():
    rig = in_phase(Phase.BRAKING)
    rig.gate = estop(rig.config, rig.gate, rig.now, 'service')
    assert rig.gate.reason == 'stop'


def test_whatever_comes_in_only_safe_motion_goes_out():
    rng = np.random.default_rng(9)
    rig, tick, epoch = Rig(), 0, EPOCH
    last = REST
    for n in range(900):
        rig.run(int(rng.choice([1, 4, 4, 4, 5, 8])) * P // 4)
        wish = eased(last, rng.choice([-1.0, 0.0, 0.5, 1.0], 8) * LIMITS.acceleration)
        if rng.random() < 0.02:
            wish = replace(wish, position=wish.position + rng.normal(0, 1, 8))
        if rng.random() < 0.01:
            wish = replace(wish, velocity=np.full(8, rng.choice([np.nan, np.inf, 1e308])))
        if rig.send(tick, wish if tick else seed_of(rig), epoch):
            last = rig.gate.motion
        tick += int(rng.choice([1, 1, 1, 1, 2, 0]))
        if rig.gate.latched and n % 20 == 0:
            rig.until_rest()
            rig.gate, ok, _ = reset(rig.config, rig.gate, rig.measured(), rig.now)
            assert ok
            tick, epoch, last = 0, epoch + 1, rig.gate.motion
    positions = np.array([motion.position for motion in rig.sent])
    slack = 1e-6 * (LIMITS.upper - LIMITS.lower) + 1e-12
    assert np.isfinite(positions).all()
    assert (positions >= LIMITS.lower - slack).all()
    assert (positions <= LIMITS.upper + slack).all()
    assert rig.count.passed > 100
    assert rig.count.refused > 10


@pytest.mark.parametrize('phase', [Phase.PASS, Phase.COAST])
def test_a_permit_that_is_not_given_brakes_and_must_be_given_before_a_reset(phase):
    rig = in_phase(phase)
    rig.lacking = 'deadman: is False, must be True'
    rig.tick()
    assert (rig.state, rig.gate.latched, rig.gate.reason) == (Phase.BRAKING, True, rig.lacking)
    rig.run(2_000 * MS)
    assert rig.state is Phase.REST
    _, opened, said = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert (opened, said) == (False, f'refused: {rig.lacking}')
    rig.lacking = ''
    rig.tick()
    _, opened, _ = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert opened


def test_without_its_permits_a_robot_that_stands_is_not_engaged_and_nothing_latches():
    rig = Rig()
    rig.lacking = 'driver: never heard'
    rig.tick()
    assert not rig.send(0, REST)
    assert (rig.gate.latched, rig.gate.reason) == (False, rig.lacking)
    rig.lacking = ''
    rig.tick()
    assert rig.send(0, REST, EPOCH + 1)
