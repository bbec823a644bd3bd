"""A gate that hung: it gives its place up, sends nothing, and begins anew from the measured."""

from dataclasses import replace

from gate_robot import HOME, in_phase, MOVING, moving, MS, onward, P, REAL_TIME, REST, Rig
import numpy as np
import pytest
from robot_runtime.core.gate import COMMAND_LATE, Phase, reset, stop
from robot_runtime.core.gate_hang import DRIVER_NS, HUNG_NS, woken
from robot_runtime.core.own_resets import OwnResets, STOPPED_NS
from robot_runtime.core.types import Motion


def asleep(rig, length_ns):
    """Let the gate's loop stand for a while, and wake."""
    rig.tick(0)
    rig.now += length_ns
    rig.gate = woken(rig.config, rig.gate, rig.now)
    return rig


@pytest.mark.parametrize('budget', [REAL_TIME, 60 * MS])
def test_a_sleep_that_the_driver_waits_for_changes_nothing(budget):
    rig = moving(budget_ns=budget)
    before = rig.gate.motion
    asleep(rig, max(budget, DRIVER_NS))
    assert rig.gate.motion is before
    assert not rig.gate.latched


@pytest.mark.parametrize(
    ('length', 'begins'),
    [
        (DRIVER_NS + 1, f'{COMMAND_LATE}: the gate itself slept 60.0 ms, and'),
        (HUNG_NS, f'{COMMAND_LATE}: the gate itself slept 500.0 ms, and'),
        (HUNG_NS + 100 * MS, 'the gate hung for 0.6 s, and what stopped the robot is its driver'),
    ],
)
@pytest.mark.parametrize('phase', [Phase.PASS, Phase.COAST])
def test_a_moving_robot_gets_nothing_any_more_and_the_reason_is_told(phase, length, begins):
    rig = asleep(in_phase(phase), length)
    assert (rig.state, rig.gate.latched, rig.gate.motion) == (Phase.IDLE, True, None)
    assert rig.gate.reason.startswith(begins)
    known = len(rig.sent)
    for n, motion in enumerate(onward(MOVING[-1], 20), start=len(MOVING) + 1):
        assert not rig.send(n, motion)  # what waited for the gate meanwhile
        rig.run(P)
    assert len(rig.sent) == known


def test_a_gate_that_hung_while_it_braked_keeps_the_first_cause_and_sends_no_more():
    rig = moving()
    rig.gate = stop(rig.config, rig.gate, rig.now, 'e-stop: pressed')
    rig.run(5 * P)
    asleep(rig, 2 * HUNG_NS)
    assert (rig.state, rig.gate.motion, rig.gate.reason) == (Phase.IDLE, None, 'e-stop: pressed')
    assert rig.run(10 * P) == []


def test_a_robot_that_stood_is_held_on_and_latched_only_after_a_real_hang():
    for length, latched in ((HUNG_NS, False), (HUNG_NS + 1, True)):
        rig = asleep(Rig().engaged(onward(REST, 3)), length)
        assert rig.gate.latched is latched
        np.testing.assert_array_equal(rig.gate.motion.position, HOME)
    assert rig.gate.reason == 'the gate hung for 0.5 s, while the robot stood'
    sent = rig.run(5 * P)
    assert sent
    assert all((motion.position == HOME).all() for motion in sent)


def test_after_a_reset_it_begins_where_the_robot_was_stopped_and_nowhere_else():
    rig = asleep(moving(), 2 * HUNG_NS)
    rig.tick()
    stopped = rig.robot + 0.05
    rig.robot = stopped
    rig.gate, ok, _ = reset(rig.config, rig.gate, rig.measured(), rig.now)
    assert ok
    far = Motion.at_rest(stopped + 0.2)
    assert not rig.send(0, far, rig.gate.epoch_ns + 1)
    assert rig.send(0, Motion.at_rest(stopped), rig.gate.epoch_ns + 2), rig.gate.reason


@pytest.mark.parametrize(('length', 'due'), [(100 * MS, True), (HUNG_NS + 1, False)])
def test_only_a_short_sleep_is_let_go_of_and_not_before_the_robot_stands(length, due):
    rig, resets = moving(), OwnResets()
    assert not resets.due(rig.gate, rig.now)
    asleep(rig, length)
    resets.due(replace(rig.gate, state=Phase.BRAKING), rig.now)
    assert not resets.due(rig.gate, rig.now + STOPPED_NS - 1)
    assert resets.due(rig.gate, rig.now + STOPPED_NS) is due


def test_a_gate_that_never_moved_anything_stays_as_it_is():
    rig = Rig()
    before = replace(rig.gate)
    assert woken(rig.config, before, rig.now + 10 * HUNG_NS) is before
