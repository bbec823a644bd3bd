"""Reset of the gate from the measured position: a confirmed act of its own."""

from gate_robot import EPOCH, in_phase, MS, NAMES, reset, seen
import numpy as np
import pytest
from robot_runtime.core.gate import Phase
from robot_runtime.core.gate_reset import reset_from_measured
from robot_runtime.core.types import Motion

AWAY = 0.3  # [rad] three times the lead


def pushed():
    """Return a latched gate at rest, and where the robot really is."""
    rig = in_phase(Phase.REST, latched=True)
    position = rig.gate.motion.position.copy()
    position[1] += AWAY
    return rig, position


def test_a_robot_that_was_pushed_away_is_reset_only_from_where_it_is():
    rig, position = pushed()
    gate, ok, sentence = reset(rig.config, rig.gate, seen(position, rig.now), rig.now)
    assert (ok, gate.latched) == (False, True)
    assert f'{NAMES[1]} is 0.3 from the command, allowed 0.1' in sentence
    gate, ok, sentence = reset_from_measured(
        rig.config, rig.gate, seen(position, rig.now), rig.now
    )
    assert (ok, gate.latched, gate.state, gate.motion) == (True, False, Phase.IDLE, None)
    assert sentence == 'reset: the next engagement begins where the robot is'


def test_afterwards_the_seed_is_the_measured_position_and_the_old_one_is_refused():
    for seed, passes in ((True, True), (False, False)):
        rig, position = pushed()
        old = rig.gate.motion.position
        rig.gate, _, _ = reset_from_measured(
            rig.config, rig.gate, seen(position, rig.now), rig.now
        )
        rig.robot = position
        motion = Motion.at_rest(position if seed else old)
        assert rig.send(0, motion, EPOCH + 1) is passes


def test_it_sends_nothing_until_then_and_the_old_engagement_stays_ended():
    rig, position = pushed()
    rig.robot = position
    rig.gate, _, _ = reset_from_measured(rig.config, rig.gate, rig.measured(), rig.now)
    before = len(rig.sent)
    rig.run(40 * MS)
    assert len(rig.sent) == before
    assert not rig.send(rig.gate.tick + 1, Motion.at_rest(position), EPOCH)


@pytest.mark.parametrize(
    ('make', 'reason'),
    [(lambda: in_phase(Phase.BRAKING), 'still braking'),
     (lambda: in_phase(Phase.PASS), 'not latched')],
)
def test_it_is_refused_where_a_reset_is(make, reason):
    rig = make()
    gate, ok, sentence = reset_from_measured(rig.config, rig.gate, rig.measured(), rig.now)
    assert (ok, gate) == (False, rig.gate)
    assert reason in sentence


def test_it_is_refused_without_a_fresh_joint_state_and_while_the_estop_is_pressed():
    rig, position = pushed()
    for sample in (None, seen(position, rig.now - 51 * MS)):
        _, ok, sentence = reset_from_measured(rig.config, rig.gate, sample, rig.now)
        assert not ok
        assert 'joint state' in sentence
    rig.estop = seen(True, rig.now)
    rig.tick()
    _, ok, sentence = reset_from_measured(rig.config, rig.gate, rig.measured(), rig.now)
    assert not ok
    assert 'e-stop: pressed' in sentence
    assert np.isfinite(rig.gate.motion.position).all()
