"""Tests of the gate: commands that are lost on the way, and a gate that slept."""

from dataclasses import replace

from gate_robot import (
    assert_smooth,
    DT,
    eased,
    in_phase,
    LIMITS,
    MOVING,
    moving,
    onward,
    P,
    REST,
    Rig,
)
import numpy as np
import pytest
from robot_runtime.core.gate import COMMAND_LATE, Phase

FIRST = len(MOVING) + 1


@pytest.mark.parametrize(('lost', 'passes'), [(1, True), (2, True), (3, False)])
def test_up_to_two_commands_may_be_lost_on_the_way(lost, passes):
    rig = moving(burst=6)
    motions = onward(MOVING[-1], lost + 1)
    rig.now += P
    assert rig.send(FIRST + lost, motions[-1]) is passes
    assert rig.state is (Phase.PASS if passes else Phase.BRAKING)


@pytest.mark.parametrize('lost', [1, 2])
def test_lost_commands_are_sent_as_their_sender_meant_them(lost):
    rng = np.random.default_rng(lost)
    for _ in range(50):
        start = eased(REST, rng.uniform(-1, 1, 8) * LIMITS.acceleration)
        rig = Rig().engaged([start])
        motions, last = [], start
        for gain in rng.choice([-1.0, 0.0, 1.0], (lost + 1, 8)) * LIMITS.acceleration:
            last = eased(last, gain)
            motions.append(last)
        rig.run(P)
        assert rig.send(lost + 2, motions[-1]), rig.gate.reason
        got = np.array([motion.position for motion in rig.sent[-lost - 1:]])
        np.testing.assert_allclose(got, [m.position for m in motions], rtol=0, atol=1e-12)
        assert_smooth(rig.sent)


@pytest.mark.parametrize('ticks', [2, 3])
def test_what_lies_between_must_be_allowed_at_each_tick(ticks):
    rig = moving()
    last = MOVING[-1]
    away = last.position + last.velocity * ticks * DT
    away[2] += 1.2 * LIMITS.acceleration[2] * DT**2  # in the mean over the ticks it is allowed
    rig.run(P)
    assert not rig.send(FIRST + ticks - 1, replace(last, position=away))
    assert rig.state is Phase.BRAKING
    assert 'fr3_joint3' in rig.gate.reason
    assert_smooth(rig.until_rest().sent[:150])


def test_a_command_that_lies_of_where_it_was_is_refused():
    rig = moving()
    honest = onward(MOVING[-1], 2)[-1]
    rig.run(P)
    lying = replace(honest, acceleration=honest.acceleration + 0.01 * LIMITS.acceleration)
    assert not rig.send(FIRST + 1, lying)
    assert rig.state is Phase.BRAKING


@pytest.mark.parametrize('ticks', [2, 3])
def test_a_coasting_gate_goes_a_straight_way_over_lost_ticks(ticks):
    rig = in_phase(Phase.COAST)
    motions = onward(rig.gate.motion, ticks)
    rig.now += P
    assert rig.send(rig.gate.tick + ticks, motions[-1]), rig.gate.reason
    rig.run(P)
    assert rig.send(rig.gate.tick + 1, onward(motions[-1], 1)[0]), rig.gate.reason
    assert_smooth(rig.sent)


def test_more_commands_than_a_burst_after_our_own_sleep_are_lateness():
    rig = moving()
    rig.tick()
    rig.now += 6 * P
    passed = [rig.send(FIRST + n, motion) for n, motion in enumerate(onward(MOVING[-1], 6))]
    assert passed == [True] * 3 + [False] * 3
    assert rig.gate.reason.startswith(f'{COMMAND_LATE}: the gate itself slept 24.0 ms')
    assert_smooth(rig.until_rest().sent[:150])
