"""A robot with a trajectory controller: it does its job, and brakes when the gate is killed."""

from pathlib import Path
import signal

from robot_runtime.runtime import resources
from running_robot import CONTROL, RunningRobot, WITNESS

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
