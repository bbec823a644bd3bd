"""Timed outputs: a controller that goes by the ROS clock, when that is set or the gate slept."""

from gate_robot import moving, MS, Rig
import pytest
from robot_runtime.core.gate import COMMAND_LATE, Phase
from robot_runtime.core.types import Motion
from robot_runtime.ros.timed_outputs import clock_set, overtaken


class Controller:
    """An output that says by itself whether it was overtaken, and stands where it then is."""

    def __init__(self, timed: bool, late: bool = False) -> None:
        self.topic, self.timed, self._late = 'arm_controller/joint_trajectory', timed, late
        self.ends = False

    def send(self, motion: Motion) -> None:
        """Take nothing."""

    def flush(self) -> None:
        """Send nothing."""

    def overtaken(self, ros_now_ns: int) -> bool:
        """Return what the test said."""
        return self._late

    def follow(self, motion: Motion, ros_now_ns: int) -> Motion:
        """Return the end of the controller's own stop."""
        return Motion.at_rest(motion.position + 0.01)


@pytest.mark.parametrize('timed', [True, False])
def test_a_clock_that_is_set_stops_only_what_goes_by_it(timed: bool) -> None:
    rig = moving()
    state = clock_set(rig.config, rig.gate, [Controller(timed)], -5_000 * MS, rig.now)
    assert state.latched is timed
    assert state.state is (Phase.BRAKING if timed else Phase.PASS)
    if timed:
        assert state.reason == (
            'the clock of this host was set back by 5000.0 ms, by which '
            'arm_controller/joint_trajectory goes'
        )


def test_before_the_first_engagement_a_clock_may_be_set() -> None:
    rig = Rig()
    assert not clock_set(rig.config, rig.gate, [Controller(True)], 10 * MS, rig.now).latched


@pytest.mark.parametrize(
    ('slept_ms', 'begins'),
    [
        (100, f'{COMMAND_LATE}: the gate itself slept 100.0 ms, arm_'),
        (2_000, 'the gate hung for 2.0 s, arm_'),
    ],
)
def test_a_controller_that_brakes_by_itself_is_followed_and_a_hang_is_told_from_lateness(
    slept_ms: int, begins: str
) -> None:
    rig = moving()
    rig.tick(0)
    before = rig.gate.motion.position
    now = rig.now + slept_ms * MS
    state = overtaken(rig.config, rig.gate, [Controller(True, late=True)], now, now)
    assert state.latched
    assert state.reason.startswith(begins)
    assert state.reason.endswith('arm_controller/joint_trajectory began to brake')
    assert (state.motion.position == before + 0.01).all()
    assert not state.motion.moves
    assert overtaken(rig.config, rig.gate, [Controller(True)], now, now) is rig.gate
