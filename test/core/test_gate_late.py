"""Tests of the gate: commands that come late, or no more."""

from dataclasses import replace

from gate_robot import (
    after,
    assert_smooth,
    DT,
    eased,
    EPOCH,
    in_phase,
    LIMITS,
    MOVING,
    moving,
    MS,
    onward,
    P,
    REAL_TIME,
    REST,
    Rig,
)
import numpy as np
import pytest
from robot_runtime.core.coast import coast_step
from robot_runtime.core.gate import (
    COMMAND_LATE,
    Phase,
)
from robot_runtime.core.guard import rules
from robot_runtime.core.limits import shape
from robot_runtime.core.types import Motion


def test_the_gate_waits_one_and_a_half_periods_and_then_coasts_on_its_own_grid():
    rig = moving()
    begin = rig.now
    assert rig.tick(P * 3 // 2 - 1) == ()
    assert rig.state is Phase.PASS
    assert len(rig.tick(1)) == 1
    assert rig.state is Phase.COAST
    assert rig.now == begin + P * 3 // 2
    assert rig.tick(P - 1) == ()
    assert len(rig.tick(1)) == 1
    assert rig.count.coasted == 2


@pytest.mark.parametrize('late', [1, 2])
@pytest.mark.parametrize('budget', [REAL_TIME, 60 * MS])
def test_commands_late_on_the_way_are_met_again_exactly(late, budget):
    rig = moving(budget_ns=budget)
    motions = onward(MOVING[-1], 30)
    first = len(MOVING) + 1
    rig.run(P * 3 // 2 + (late - 1) * P)
    assert rig.count.coasted == late
    for n in range(late):
        assert not rig.send(first + n, motions[n])
    rig.run(P // 4)
    for n in range(late, 30):
        assert rig.send(first + n, motions[n]), rig.gate.reason
        assert rig.state is Phase.PASS
        rig.run(P)
    assert rig.count.recovered == 1
    assert rig.count.dropped == late
    assert_smooth(rig.sent)


@pytest.mark.parametrize('missed', [1, 2, 4, 6])
def test_a_sender_that_missed_ticks_and_goes_on_where_it_was_is_met_again(missed):
    rig = moving()
    motions = onward(MOVING[-1], 40)
    rig.run(missed * P)
    for n in range(40):  # its loop woke late; its count does not jump
        rig.run(P)
        rig.send(len(MOVING) + 1 + n, motions[n])
        assert not rig.gate.latched, rig.gate.reason
    assert rig.state is Phase.PASS
    assert rig.count.recovered >= 1
    assert_smooth(rig.sent)


def test_a_sender_at_the_highest_speed_is_met_again():
    wide = replace(
        LIMITS,
        lower=np.full(8, -9.0),
        upper=np.full(8, 9.0),
        velocity_deceleration=np.full(8, np.inf),
    )
    last, motions = REST, []
    for _ in range(160):
        last = shape(np.full(8, 9.0), last, wide, DT).motion
        motions.append(last)
    np.testing.assert_allclose(last.velocity, LIMITS.velocity, rtol=1e-12)
    rig = Rig()
    rig.config = replace(rig.config, limits=wide)
    rig.engaged(motions)
    more = onward(last, 5)
    rig.run(P * 7 // 4)
    assert not rig.send(161, more[0])
    rig.run(P // 4)
    assert rig.send(162, more[1]), rig.gate.reason


def test_a_sender_that_slows_down_is_met_again():
    last, slowing = MOVING[-1], []
    for _ in range(8):
        last = eased(last, -0.9 * LIMITS.acceleration * np.append(np.ones(7), 0))
        slowing.append(last)
    rig = moving()
    rig.run(P)
    assert rig.send(len(MOVING) + 1, slowing[0])
    rig.run(P * 7 // 4)
    assert not rig.send(len(MOVING) + 2, slowing[1])
    rig.run(P // 4)
    assert rig.send(len(MOVING) + 3, slowing[2]), rig.gate.reason
    assert_smooth(rig.sent)


def late_by_one(wishes):
    """Return a rig that follows accelerations and misses the last but one command."""
    rig, last = Rig().engaged(), REST
    for tick, wish in enumerate(wishes, start=1):
        last = eased(last, wish * np.append(np.ones(7), 0))
        late, after_it = tick == len(wishes) - 1, tick == len(wishes)
        rig.run(P * 7 // 4 if late else P // 4 if after_it else P)
        rig.send(tick, last)
    return rig


def test_a_sender_that_keeps_its_jerk_is_met_again():
    rig = late_by_one([5.0] * 8)
    assert (rig.state, rig.count.recovered) == (Phase.PASS, 1)
    assert rig.gate.motion.acceleration[0] == pytest.approx(8 * LIMITS.jerk[0] * DT)
    assert_smooth(rig.sent)


def test_a_sender_that_turned_its_jerk_round_meanwhile_is_waited_for_and_then_braked_for():
    rig = late_by_one([5.0] * 6 + [0.0, 0.0])
    assert rig.state is Phase.COAST
    rig.until_rest()
    assert rig.gate.reason.startswith(COMMAND_LATE)
    assert 'cannot be met again: command refused: jerk: fr3_joint1 ' in rig.gate.reason
    assert_smooth(rig.sent)


def test_what_could_not_be_met_is_forgotten_once_a_command_is():
    rig = late_by_one([5.0] * 6 + [0.0, 0.0])
    assert rig.gate.unmet
    step = coast_step(rig.gate.motion, rig.gate.jerk, rig.gate.coasting + 1,
                      rig.config.hold_ticks, LIMITS, DT)
    assert rig.send(rig.gate.tick + 1, step), rig.gate.unmet
    assert rig.gate.unmet == ''
    assert_smooth(rig.sent)


def test_a_sender_that_changes_its_speed_a_little_is_met_again_within_the_limits():
    gain = 0.2 * LIMITS.acceleration * np.append(np.ones(7), 0)
    rig, last = moving(), MOVING[-1]
    tick = len(MOVING)
    for n in range(12):
        late = n == 6
        rig.run(P * 7 // 4 if late else P // 4 if n == 7 else P)
        last, tick = eased(last, gain), tick + 1
        assert rig.send(tick, last) is not late, rig.gate.reason
    assert rig.count.recovered == 1
    assert_smooth(rig.sent)


def test_a_sender_far_from_the_coasted_motion_is_not_followed():
    rig = in_phase(Phase.COAST)
    away = after(rig.gate.motion, np.zeros(8))
    position = away.position.copy()
    position[1] += 2e-4  # 12 rad/s^2 from what was sent
    known = len(rig.sent)
    assert not rig.send(rig.gate.tick + 1, replace(away, position=position))
    assert (rig.state, len(rig.sent)) == (Phase.COAST, known)
    assert 'fr3_joint2' in rig.until_rest().gate.reason


def test_what_a_returning_command_says_of_itself_must_be_allowed_too():
    for field in ('velocity', 'acceleration'):
        rig = in_phase(Phase.COAST)
        wild = replace(after(rig.gate.motion, np.zeros(8)), **{field: LIMITS.velocity * 9})
        assert not rig.send(rig.gate.tick + 1, wild)
        assert rig.state is Phase.BRAKING


@pytest.mark.parametrize('budget', [REAL_TIME, 60 * MS])
def test_silence_beyond_the_budget_brakes_and_latches_and_rests_inside(budget):
    rig = moving(budget_ns=budget)
    begin, known = rig.now, len(rig.sent)
    while rig.state is not Phase.BRAKING:
        rig.tick(P // 4)
    assert budget < rig.now - begin <= budget + P
    assert rig.gate.reason.startswith(COMMAND_LATE)
    rig.until_rest()
    assert rig.gate.latched
    assert_smooth(rig.sent[: known + 120])
    travel = np.abs(rig.gate.motion.position - MOVING[-1].position)
    speed = np.abs(MOVING[-1].velocity)
    ramp_s = LIMITS.acceleration / LIMITS.jerk
    stop_path = speed**2 / (2 * LIMITS.acceleration) + 0.5 * speed * ramp_s
    assert (travel <= stop_path + speed * budget * 1e-9 + 1e-12).all()


def test_a_command_after_the_budget_does_not_bring_the_gate_back():
    rig = moving()
    motions = onward(MOVING[-1], 30)
    rig.run(59 * MS)
    rig.now += 2 * MS
    assert not rig.send(len(MOVING) + 20, motions[19])
    assert rig.state is Phase.BRAKING
    assert rig.gate.reason.startswith(COMMAND_LATE)


def test_coasting_close_to_an_end_still_stops_inside():
    for budget in (REAL_TIME, 60 * MS):
        rig = Rig(budget_ns=budget)
        start = LIMITS.upper - 0.3 * np.append(np.ones(7), 0.02)
        rig.robot = start
        last = Motion.at_rest(start)
        rig.send(0, last)
        for n in range(1, 400):
            wish = after(last, LIMITS.acceleration)
            kept = np.ones(8, dtype=bool)
            for rule in rules(wish, last, 1, None, LIMITS, DT):
                kept &= rule.kept
            slower = after(last, np.maximum(-LIMITS.acceleration, -last.velocity / DT))
            last = Motion(
                np.where(kept, wish.position, slower.position),
                np.where(kept, wish.velocity, slower.velocity),
                np.where(kept, wish.acceleration, slower.acceleration),
            )
            rig.run(P)
            assert rig.send(n, last), rig.gate.reason
            if n % 8 == 0:
                silent = Rig(budget_ns=budget)
                silent.gate, silent.now, silent.robot = rig.gate, rig.now, rig.robot
                silent.until_rest()
                assert (silent.gate.motion.position <= LIMITS.upper + 1e-5).all()
                assert_smooth(silent.sent[:60])
            if n > 100:
                break


def test_silence_of_a_robot_that_stands_latches_unless_it_is_allowed_to_rest():
    rig = Rig().engaged(onward(REST, 3)).until_rest()
    assert rig.gate.latched
    rig = Rig(rest_on_silence=True).engaged(onward(REST, 3)).until_rest()
    assert not rig.gate.latched
    assert rig.send(0, REST, EPOCH + 1)
    rig = Rig(rest_on_silence=True).engaged(onward(REST, 3)).until_rest()
    assert not rig.send(4, REST)  # it hung and goes on as if nothing had been
    assert rig.gate.latched
    assert rig.gate.reason.startswith(COMMAND_LATE)


def test_a_loop_that_woke_late_sends_at_most_three_steps_and_makes_up_no_more():
    rig = in_phase(Phase.BRAKING)
    rig.run(2 * P)
    assert len(rig.tick(2 * P)) == 2
    assert len(rig.tick(20 * P)) == 3
    assert rig.tick(P - 1) == ()
    assert len(rig.tick(1)) == 1
