"""Control tick of a robot whose arm takes velocities: its targets, its ends, its modes."""

from control_rig import gate, Loop, MS, PERIOD, ROS
import numpy as np
import pytest
from robot_runtime.core.control import ControlConfig
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample
from robot_runtime.core.velocity_joints import opened
from velocity_rig import HOME, kinds, limits, NAMES, RATES

CONFIG = ControlConfig(
    opened(limits(), RATES), (slice(0, 2), slice(2, 3)), PERIOD, names=NAMES, kinds=kinds()
)


def following(config=CONFIG, ticks=0, rows=((0.4, -0.2, 0.03),)):
    """Return a loop in POLICY whose robot does at once what it is told."""
    loop = Loop(config)
    loop.measured = HOME.copy()
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk(rows, step_ns=400 * MS, interpolation='zoh')])
    go_on(loop, ticks)
    return loop


def go_on(loop, ticks):
    for _ in range(ticks):
        command = loop.tick()
        loop.measured = loop.measured + command.motion.velocity * PERIOD / 1e9


def test_velocities_are_taken_up_and_a_position_is_gone_to():
    loop = following(ticks=180)
    assert loop.state.motion.velocity[:2] == pytest.approx([0.4, -0.2])
    assert loop.state.motion.position[2] == pytest.approx(0.03, abs=1e-4)


def test_the_engagement_begins_at_rest_and_no_velocity_jumps():
    loop = following(ticks=60)
    velocity = np.array([command.motion.velocity for command in loop.commands])
    assert not velocity[0].any()
    assert (np.abs(np.diff(velocity, axis=0)) <= limits().acceleration * 0.004 + 1e-12).all()


def test_when_the_chunk_is_over_the_joints_stand():
    loop = following(ticks=300)
    assert loop.state.mode is Mode.POLICY
    assert not loop.state.motion.moves


def test_at_half_speed_a_velocity_is_half_and_lasts_twice_as_long():
    half = ControlConfig(
        CONFIG.limits, CONFIG.groups, PERIOD, names=NAMES, kinds=kinds(), speed=0.5
    )
    loop = following(half, ticks=190)
    assert loop.state.motion.velocity[:2] == pytest.approx([0.2, -0.1])


def test_a_joint_near_its_end_is_held_off_by_where_it_is_measured():
    loop = following(rows=((50.0, 0.0, 0.03),) * 5)
    loop.measured[0] = 0.9
    go_on(loop, 400)
    assert loop.measured[0] == pytest.approx(0.99, abs=2e-3)


def test_an_old_joint_state_is_a_fault_and_the_joints_stand():
    loop = following(ticks=60)
    loop.measured = None
    loop.ticks(200)
    assert loop.state.mode is Mode.FAULT
    assert not loop.state.motion.moves


@pytest.mark.parametrize('event', [Event.HOME, Event.SHADOW])
def test_what_needs_positions_is_refused_with_the_joint(event):
    loop = Loop(CONFIG)
    loop.measured = HOME.copy()
    loop.gate = gate('IDLE', HOME)
    loop.tick(Event.ENABLE)
    loop.tick(event)
    assert loop.state.mode is Mode.HOLD
    assert 'joints that take positions, and one takes velocities' in loop.report.refused[0]


def test_a_person_who_sends_positions_is_refused_with_the_joint():
    loop = following(ticks=60)
    sample = Sample(loop.now, ROS + loop.now, HOME)
    loop.tick(teleop=sample)
    assert loop.state.mode is Mode.POLICY
    assert loop.report.refused == ('teleop: it has positions, and one takes velocities',)
