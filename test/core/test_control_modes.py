"""Tests of the control tick: HOME, SHADOW, the e-stop, the start envelope and stepping."""

from dataclasses import replace

from control_rig import CONFIG, gate, HOME, Loop, MS, ROS
import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.control import GateView, step
from robot_runtime.core.control_events import refusal
from robot_runtime.core.control_state import ControlInputs
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.start_envelope import StartEnvelope
from robot_runtime.core.types import Motion

NAMES = ('shoulder', 'elbow')
ENVELOPE = StartEnvelope(HOME, np.array([0.1, np.inf]), 'pick')


def held(config=CONFIG):
    loop = Loop(config)
    loop.tick(Event.ENABLE)
    return loop


def way(rows=200, end=0.3):
    """Return a way from where the robot stands that begins and ends without acceleration."""
    x = np.linspace(0.0, 1.0, rows)
    share = x**3 * (10.0 - 15.0 * x + 6.0 * x * x)
    return Chunk(0, 4 * MS, HOME + end * share[:, None], 0)


def stepping():
    loop = held(replace(CONFIG, step=True))
    loop.tick(Event.POLICY)
    return loop


# HOME

def test_home_is_followed_from_the_first_row_and_ends_in_hold_at_home():
    loop, home = held(), way()
    loop.tick(Event.HOME, home=home)
    assert loop.state.mode is Mode.HOME
    np.testing.assert_allclose(loop.report.target, home.rows[0])
    for row in home.rows[1:]:
        loop.tick()
        np.testing.assert_allclose(loop.state.motion.position, row, atol=1e-3)
    loop.ticks(20)
    assert (loop.state.mode, loop.report.refused) == (Mode.HOLD, ())
    np.testing.assert_allclose(loop.state.motion.position, home.rows[-1], atol=1e-12)
    assert not loop.state.motion.velocity.any()


def test_home_ends_where_a_limit_holds_the_robot_and_says_which_joint_is_away():
    loop = held(replace(CONFIG, names=NAMES))
    loop.tick(Event.HOME, home=way(end=1.2))
    loop.ticks(400)
    assert loop.state.mode is Mode.HOLD
    notices = []
    loop = held(replace(CONFIG, names=NAMES))
    loop.tick(Event.HOME, home=way(end=1.2))
    while loop.state.mode is Mode.HOME:
        loop.tick()
        notices += loop.report.refused
    assert notices == ['HOME ended: shoulder is 0.3 from home']


def test_home_without_a_way_is_refused_and_hold_stops_it_on_the_way():
    loop = held()
    loop.tick(Event.HOME)
    assert (loop.state.mode, loop.report.refused) == (
        Mode.HOLD, ('HOME: no way home is known',)
    )
    loop.tick(Event.HOME, home=way())
    loop.ticks(100)
    loop.tick(Event.HOLD)
    loop.ticks(100)
    assert loop.state.mode is Mode.HOLD
    assert not loop.state.motion.velocity.any()
    assert loop.state.motion.position[0] < HOME[0] + 0.25


# SHADOW

def test_shadow_sends_nothing_of_the_policy_and_compares_it_with_the_robot():
    loop = held()
    loop.tick(Event.SHADOW)
    rows = HOME + np.array([[0.1, -0.2]] * 50)
    loop.tick(chunks=[loop.chunk(rows)])
    assert len(loop.report.merged) == 1
    loop.ticks(100)
    assert all((c.motion.position == HOME).all() for c in loop.commands)
    np.testing.assert_allclose(loop.report.target, rows[0])
    error = loop.state.shadow
    assert error.count == 101
    np.testing.assert_allclose(error.rms, [0.1, 0.2])
    np.testing.assert_allclose(error.worst, [0.1, 0.2])


def test_shadow_compares_with_a_robot_that_others_move_and_each_one_begins_anew():
    loop = held()
    loop.tick(Event.SHADOW)
    loop.tick(chunks=[loop.chunk([HOME] * 50)])
    for n in range(100):
        loop.measured = HOME + np.array([0.001 * n, 0.0])
        loop.tick()
    error = loop.state.shadow
    assert error.worst == pytest.approx([0.099, 0.0])
    assert error.rms[0] == pytest.approx(0.099 / np.sqrt(3.0), rel=0.02)
    loop.tick(Event.HOLD)
    assert loop.state.shadow is error
    loop.tick(Event.SHADOW)
    assert loop.state.shadow.count == 0
    assert loop.state.shadow.rms.tolist() == [0.0, 0.0]


def test_shadow_is_a_policy_epoch_of_its_own_and_ends_when_the_policy_is_silent():
    loop = held()
    loop.tick(Event.SHADOW)
    epoch = loop.report.policy_epoch
    assert epoch == ROS + loop.state.policy_since_ns
    loop.tick(chunks=[loop.chunk([HOME])])
    loop.ticks(520)
    assert loop.state.mode is Mode.HOLD
    loop.tick(Event.POLICY)
    assert loop.report.policy_epoch > epoch


# ESTOP

def latched(reason):
    return GateView('REST', Motion.at_rest(HOME), True, reason)


@pytest.mark.parametrize(
    ('reason', 'mode'),
    [('e-stop: pressed', Mode.ESTOP), ('e-stop: not heard for 300 ms', Mode.ESTOP),
     ('joint state missing', Mode.FAULT), ('robot not following: elbow', Mode.FAULT)],
)
@pytest.mark.parametrize('event', [None, Event.POLICY, Event.SHADOW, Event.HOME])
def test_an_estop_of_the_gate_is_told_apart_from_other_latches(reason, mode, event):
    loop = held()
    if event is not None:
        loop.tick(event, home=way())
    loop.gate = latched(reason)
    assert loop.tick() is None
    assert (loop.state.mode, loop.state.fault) == (mode, f'the gate is latched: {reason}')
    assert loop.state.since_ros_ns == ROS + loop.now - 4 * MS
    loop.tick(Event.RESET)
    assert loop.state.mode is mode
    loop.gate = gate('REST')
    loop.tick(Event.RESET)
    assert (loop.state.mode, loop.state.fault) == (Mode.HOLD, '')


def test_an_estop_during_a_fault_of_control_keeps_the_first_cause():
    loop = held()
    loop.tick(Event.FAULT)
    loop.gate = latched('e-stop: pressed')
    loop.tick()
    assert (loop.state.mode, loop.state.fault) == (Mode.ESTOP, 'a fault was reported to control')


# Start envelope

def test_policy_outside_the_start_envelope_is_refused_with_joint_figure_and_way_out():
    loop = held(replace(CONFIG, start=ENVELOPE, names=NAMES))
    loop.measured = HOME + np.array([0.15, 0.5])
    loop.tick(Event.POLICY)
    assert loop.state.mode is Mode.HOLD
    assert loop.report.refused == (
        'POLICY: shoulder is at 0.25, but pick starts at 0.1 +- 0.1; mode/home goes there',
    )
    loop.measured = HOME + np.array([-0.0999, 0.5])
    loop.tick(Event.POLICY)
    assert loop.state.mode is Mode.POLICY


def test_shadow_home_and_a_person_may_begin_anywhere():
    for event in (Event.SHADOW, Event.HOME):
        loop = held(replace(CONFIG, start=ENVELOPE))
        loop.measured = HOME + 0.5
        loop.tick(event, home=way())
        assert loop.state.mode is not Mode.HOLD


@pytest.mark.parametrize(
    ('reason', 'event', 'mode'),
    [('command late: none for 15 ms', None, Mode.POLICY),
     ('command late: none for 15 ms', Event.HOME, Mode.HOLD),
     ('e-stop: pressed', None, Mode.HOLD)],
)
def test_only_a_stop_for_lateness_alone_may_be_resumed_and_only_from_where_it_was(
    reason, event, mode
):
    loop = held(replace(CONFIG, start=ENVELOPE))
    loop.tick(Event.POLICY)
    loop.measured = HOME + 0.5
    loop.gate = latched(reason)
    loop.tick()
    loop.gate = gate('REST', HOME + 0.5)
    loop.tick(Event.RESET)
    if event is not None:
        loop.tick(event, home=way())
        loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    assert loop.state.mode is mode
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    assert loop.state.mode is Mode.HOLD


# Stepping

def test_a_chunk_waits_for_the_operator_and_is_then_replayed_from_its_first_row():
    loop = stepping()
    rows = HOME + np.minimum(np.arange(20), 12)[:, None] * np.array([0.005, 0.0])
    loop.ticks(3)
    loop.tick(chunks=[loop.chunk(rows)])
    loop.ticks(200)
    assert (loop.state.motion.position == HOME).all()
    loop.tick(chunks=[loop.chunk(rows)])
    loop.tick(Event.STEP)
    stamp = loop.report.chunk_stamp_ns
    assert loop.report.merged == (stamp,)
    np.testing.assert_allclose(loop.report.target, HOME, atol=1e-9)
    loop.ticks(150)
    np.testing.assert_allclose(loop.state.motion.position, rows[-1], atol=1e-9)
    assert not loop.state.motion.velocity.any()
    assert loop.report.late is False
    assert loop.state.mode is Mode.POLICY


def test_what_was_seen_while_the_robot_moved_is_not_offered_afterwards():
    loop = stepping()
    rows = HOME + np.arange(20)[:, None] * np.array([0.005, 0.0])
    loop.tick(chunks=[loop.chunk(rows)])
    loop.tick(Event.STEP)
    seen = []
    while loop.state.stepping.pending is None and len(seen) < 300:
        seen.append(loop.now)
        chunk = loop.chunk(rows, start=loop.now - 8 * MS) if len(seen) % 10 == 0 else None
        loop.tick(chunks=[] if chunk is None else [chunk])
    assert not loop.state.motion.velocity.any()
    ended = loop.state.stepping
    assert ended.pending.start_ns >= ended.rest_ns > seen[80]


@pytest.mark.parametrize(
    ('make', 'reason'),
    [(held, 'start it with --step'), (lambda: held(replace(CONFIG, step=True)), 'mode is HOLD'),
     (stepping, 'no chunk waits')],
)
def test_a_step_that_cannot_be_is_refused_with_the_reason(make, reason):
    loop = make()
    loop.tick(Event.STEP)
    assert reason in loop.report.refused[0]
    assert (loop.state.motion.position == HOME).all()


def test_a_policy_that_falls_silent_while_its_chunk_waits_is_left():
    loop = stepping()
    loop.tick(chunks=[loop.chunk([HOME] * 5)])
    loop.ticks(490)
    assert loop.state.mode is Mode.POLICY
    loop.ticks(20)
    assert loop.state.mode is Mode.HOLD


# What a service answers

def test_a_refusal_asks_without_doing_and_says_from_where_it_would_be_allowed():
    loop = held()
    inputs, before = ControlInputs(), loop.state
    assert refusal(loop.config, before, inputs, Event.HOLD, loop.now) == ''
    assert refusal(loop.config, before, inputs, Event.POLICY, loop.now) == ''
    assert refusal(loop.config, before, inputs, Event.RESET, loop.now) == (
        'mode is HOLD; allowed from FAULT, ESTOP'
    )
    loop.tick(Event.POLICY)
    assert refusal(loop.config, loop.state, inputs, Event.HOME, loop.now) == (
        'mode is POLICY; allowed from HOLD'
    )


def test_since_is_when_the_mode_was_entered():
    loop = held()
    began = loop.state.since_ros_ns
    assert began == ROS + loop.now - 4 * MS
    loop.ticks(10)
    assert loop.state.since_ros_ns == began
    state, _, _ = step(
        loop.config, loop.state, ControlInputs(events=(Event.FAULT,)), loop.now, 7
    )
    assert state.since_ros_ns == 7
