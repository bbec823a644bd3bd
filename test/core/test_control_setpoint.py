"""Control tick of a robot whose arm takes setpoints: what it follows, keeps and refuses."""

from control_rig import Loop, MS, PERIOD, ROS
import numpy as np
import pytest
from robot_runtime.core.control import ControlConfig
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample
from setpoint_rig import EFFORT, HOME, limits, NAMES, RATE, setpoint_joints, STIFFNESS

CONFIG = ControlConfig(
    limits(), (slice(0, 2), slice(2, 3)), PERIOD, names=NAMES, setpoints=setpoint_joints()
)
STILL = np.zeros(3)
ROW = HOME + [0.05, -0.05, 0.01]


class Setpoints(Loop):
    """A loop of the rig whose joint states have velocities."""

    velocities = STILL

    def tick(self, *events, **more):
        return super().tick(*events, **{'velocities': self.velocities, **more})


def following(rows=(ROW,), ticks=0):
    loop = Setpoints(CONFIG)
    loop.measured = HOME.copy()
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk(rows, step_ns=400 * MS, interpolation='zoh')])
    loop.ticks(ticks)
    return loop


def test_a_row_is_gone_to_by_setpoints_and_by_the_hand_alike():
    loop = following(ticks=150)
    assert loop.state.motion.position == pytest.approx(ROW, abs=1e-4)
    assert not loop.state.motion.velocity[:2].any()


def test_no_setpoint_steps_by_more_than_its_rate():
    loop = following(rows=(ROW, HOME - 0.05, ROW), ticks=250)
    position = np.array([command.motion.position for command in loop.commands])[:, :2]
    assert (np.abs(np.diff(position, axis=0)) <= RATE * 0.004 * (1 + 1e-9)).all()
    assert np.abs(np.diff(position, axis=0)).max() > 0.0


def test_a_blocked_joint_is_asked_for_its_share_of_the_effort_and_no_more():
    loop = following(rows=(HOME + [0.9, 0.0, 0.0],), ticks=95)
    assert loop.state.motion.position[0] - HOME[0] == pytest.approx(0.5 * EFFORT[0] / STIFFNESS[0])


def test_a_late_chunk_keeps_the_setpoint():
    loop = following(ticks=400)
    assert loop.state.late > 0
    np.testing.assert_array_equal(
        loop.commands[-1].motion.position[:2], loop.commands[-50].motion.position[:2]
    )
    assert loop.state.motion.position[:2] == pytest.approx(ROW[:2], abs=1e-6)


def test_a_joint_that_is_pushed_while_held_draws_its_setpoint_after_it():
    loop = following(ticks=400)
    loop.measured = HOME - [0.3, 0.0, 0.0]
    loop.ticks(100)
    ahead = loop.state.motion.position[0] - loop.measured[0]
    assert ahead == pytest.approx(0.5 * EFFORT[0] / STIFFNESS[0])


@pytest.mark.parametrize('velocities', [None, np.array([0.0, np.nan, 0.0])])
def test_a_joint_state_without_velocities_is_a_fault_and_the_setpoint_stays(velocities):
    loop = following(ticks=8)
    assert loop.state.motion.velocity[0] > 0.0
    place = loop.state.motion.position[0]
    loop.velocities = velocities
    loop.ticks(20)
    assert loop.state.mode is Mode.FAULT
    assert 'joints with setpoints need them all' in loop.report.fault
    assert loop.state.motion.position[0] == place


def test_a_loop_that_was_held_up_kept_its_setpoint_as_the_gate_did():
    loop = following(rows=(HOME + [0.15, 0.0, 0.0],), ticks=15)
    place = loop.state.motion.position[0]
    assert loop.state.motion.velocity[0] > 0.0
    loop.now += 3 * PERIOD
    loop.tick()
    assert len(loop.report.made_up) == 3
    held = [one.motion.position[0] for one in (*loop.report.made_up, loop.commands[-1])]
    assert held == [place] * 4


def test_a_person_may_take_over_and_shadow_holds():
    loop = following(ticks=60)
    loop.tick(teleop=Sample(loop.now, ROS + loop.now, HOME))
    assert loop.state.mode is Mode.TELEOP
    shadow = following()
    shadow.tick(Event.HOLD)
    shadow.tick(Event.SHADOW)
    shadow.tick(chunks=[shadow.chunk((ROW,), step_ns=400 * MS, interpolation='zoh')])
    before = shadow.state.motion.position
    shadow.ticks(50)
    assert shadow.state.mode is Mode.SHADOW
    np.testing.assert_array_equal(shadow.state.motion.position[:2], before[:2])
