"""A robot with a trajectory controller: it does its job, and brakes when the gate is killed."""

from pathlib import Path
import signal

from fault_making import gate_is_missed, host_clock, stands
import pytest
from robot_runtime.runtime import resources
from running_robot import CONTROL, GATE, RunningRobot, WITNESS

ARM = 'arm: {topic: arm_controller/commands, adapter: float64_multi_array}'
WITH = 'arm: {topic: arm_controller/joint_trajectory, adapter: joint_trajectory}'
# What is left of the verified points, then from 2.6 rad/s at 5 rad/s^2; and ten times that.
STOP_S = 10 * (0.04 + 2.63 / 5.0)


def robot_file(folder: Path) -> Path:
    """Return the shipped robot with a trajectory controller for its arm."""
    shipped = resources.find('config/robots/fr3.yaml')
    assert shipped is not None
    text = shipped.read_text()
    assert ARM in text
    path = folder / 'fr3.yaml'
    path.write_text(text.replace(ARM, WITH))
    return path


def test_trajectories_do_the_job_and_end_at_rest_when_the_gate_is_killed(tmp_path: Path) -> None:
    with RunningRobot(tmp_path) as robot:
        robot.start('--robot', str(robot_file(tmp_path)))
        robot.move_fast()

        def done() -> bool:
            # A stop because of lateness, on a busy machine, is let go of: it is not what we test.
            if robot.value(CONTROL, 'mode') != 'POLICY':
                robot.hold()
                robot.call('control_node/mode/policy')
            return robot.value(WITNESS, 'success_red') in ('1', 'True')

        robot.until(done, 'the cube')
        seen = robot.last_witness()
        assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen
        robot.hold()
        robot.move_fast()
        killed_ns = robot.send('safety_node', signal.SIGKILL)
        assert robot.stop_time(killed_ns) < STOP_S
        seen = robot.last_witness()
        assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen
        # From speed to rest, and not by a jump: the driver would take up to ten times as much.
        assert robot.trace.peak_acceleration(killed_ns) < 10.0
        assert robot.wait() != 0


def test_a_gate_that_hangs_leaves_the_stop_to_the_controller_and_then_does_not_jump(
    tmp_path: Path,
) -> None:
    with RunningRobot(tmp_path) as robot:
        robot.start('--robot', str(robot_file(tmp_path)))
        robot.move_fast()
        hung_ns = robot.send('safety_node', signal.SIGSTOP)
        assert robot.stop_time(hung_ns) < STOP_S
        assert robot.trace.peak_acceleration(hung_ns) < 10.0
        gate_is_missed(robot)
        robot.send('safety_node', signal.SIGCONT)
        robot.until(lambda: robot.value(GATE, 'latched') == '1', 'a gate that latches')
        assert robot.value(GATE, 'reason').startswith('the gate hung for ')
        stands(robot)
        robot.move_fast()
        seen = robot.last_witness()
        assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen


@pytest.mark.parametrize('seconds', [1.0, -1.0])
def test_a_clock_that_is_set_under_a_trajectory_controller_brakes_and_latches(
    tmp_path: Path, seconds: float
) -> None:
    with RunningRobot(tmp_path, clock=True) as robot:
        robot.start('--robot', str(robot_file(tmp_path)))
        robot.move_fast()
        set_ns = host_clock(seconds)(robot)
        robot.until(lambda: robot.value(GATE, 'latched') == '1', 'a gate that latches')
        said = robot.value(GATE, 'reason')
        assert said.startswith('the clock of this host was set '), said
        assert said.endswith('by which arm_controller/joint_trajectory goes'), said
        assert robot.stop_time(set_ns) < STOP_S
        robot.hold()
        robot.move_fast()
