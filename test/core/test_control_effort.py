"""Control tick of a robot whose arm takes efforts: what it follows, and what it refuses."""

from control_rig import Loop, MS, ROS
from effort_rig import DAMPING, EFFORT, effort_joints, HOME, limits, NAMES, PERIOD, RATE, SEED
import numpy as np
import pytest
from robot_runtime.core.control import ControlConfig
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample

CONFIG = ControlConfig(
    limits(), (slice(0, 2), slice(2, 3)), PERIOD, names=NAMES, efforts=effort_joints()
)
STILL = np.zeros(3)
ROW = np.array([2.0, -3.0, 0.03])


class Efforts(Loop):
    """A loop of the rig whose joint states have velocities."""

    velocities = STILL

    def tick(self, *events, **more):
        return super().tick(*events, **{'velocities': self.velocities, **more})


def following(rows=(ROW,), ticks=0):
    loop = Efforts(CONFIG)
    loop.measured = HOME.copy()
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk(rows, step_ns=400 * MS, interpolation='zoh')])
    loop.ticks(ticks)
    return loop


def test_an_engagement_begins_without_effort_and_the_hand_where_it_is():
    loop = following()
    np.testing.assert_array_equal(loop.commands[0].motion.position, SEED)


def test_a_row_is_pushed_with_and_the_hand_goes_to_its_place():
    loop = following(ticks=90)
    assert loop.state.motion.position == pytest.approx(ROW, abs=1e-3)
    assert loop.state.motion.position[:2].tolist() == ROW[:2].tolist()


def test_no_effort_steps_by_more_than_its_rate_whatever_is_wanted():
    far = np.array([1e308, -1e308, 0.02])
    loop = following(rows=(far, -far, far), ticks=250)
    effort = np.array([command.motion.position for command in loop.commands])[:, :2]
    assert (np.abs(effort) <= EFFORT).all()
    assert (np.abs(np.diff(effort, axis=0)) <= RATE * 0.004 * (1 + 1e-9)).all()
    assert np.abs(effort).max() > 1.0
    assert loop.state.mode is Mode.POLICY


def test_between_rows_an_effort_beyond_all_numbers_is_its_limit():
    far = np.array([1e308, -1e308, 0.02])
    loop = Efforts(CONFIG)
    loop.measured = HOME.copy()
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk((far, [-1e308, 1e308, 0.02]), step_ns=100 * MS)])
    loop.ticks(20)
    assert loop.state.mode is Mode.POLICY
    assert np.isfinite(loop.state.motion.position).all()


def test_hold_and_a_late_chunk_damp():
    loop = following(ticks=50)
    loop.velocities = np.array([0.3, -0.3, 0.0])
    loop.tick(Event.HOLD)
    loop.ticks(50)
    assert loop.state.motion.position[:2] == pytest.approx(-DAMPING * [0.3, -0.3])
    loop = following(ticks=400)
    assert loop.state.late > 0
    assert not loop.state.motion.position[:2].any()


@pytest.mark.parametrize('velocities', [None, np.array([0.0, np.nan, 0.0])])
def test_a_joint_state_without_velocities_is_a_fault_and_the_effort_ends(velocities):
    loop = following(ticks=60)
    loop.velocities = velocities
    loop.ticks(20)
    assert loop.state.mode is Mode.FAULT
    assert 'joints with efforts need them all' in loop.report.fault
    assert not loop.state.motion.position[:2].any()


def test_what_needs_positions_is_refused_in_a_sentence():
    loop = following(ticks=20)
    loop.tick(Event.HOLD)
    for event in (Event.HOME, Event.SHADOW):
        loop.tick(event)
        assert loop.state.mode is Mode.HOLD
        assert 'joints that take positions, and one takes efforts' in loop.report.refused[0]
    loop.tick(teleop=Sample(loop.now, ROS + loop.now, HOME))
    assert loop.report.refused == ('teleop: it has positions, and one takes efforts',)
