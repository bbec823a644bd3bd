"""Permits on the graph: a deadman let go of stops the robot, as does a driver not ready."""

from functools import partial
import os
from pathlib import Path

from fake_robot import FakeRobot, RATE_HZ, running
import pytest
from robot_runtime.ros import qos
from robot_runtime.runtime import resources
from robot_runtime.runtime.processes import process_environment
from std_msgs.msg import Bool
from trajectory_msgs.msg import JointTrajectory
import yaml

PERMITS = [
    {'name': 'deadman', 'topic': 'deadman', 'timeout_s': 0.2},
    {'name': 'driver', 'topic': 'driver_ready', 'timeout_s': None},
]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Return the parameters of a gate whose robot needs two permits."""
    name = os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100)
    for key, value in (process_environment() | {'ROS_DOMAIN_ID': name}).items():
        monkeypatch.setenv(key, value)
    shipped = resources.find('config/robots/fr3.yaml')
    assert shipped is not None
    robot = yaml.safe_load(shipped.read_text()) | {
        'urdf': str(shipped.with_name('fr3.urdf')), 'permits': PERMITS
    }  # fmt: skip
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(robot))
    return ('-p', f'rate_hz:={RATE_HZ}', '-p', 'real_time:=false', '-p', f'robot:={path}')


def test_the_robot_moves_while_every_permit_is_given_and_stops_when_one_is_not(
    words: tuple[str, ...],
) -> None:
    with FakeRobot() as robot, running('safety_node', *words) as gate:
        commands = robot.node.create_publisher(
            JointTrajectory, 'control_node/command', qos.INTERNAL)
        deadman = robot.node.create_publisher(Bool, 'deadman', qos.INTERNAL)
        driver = robot.node.create_publisher(Bool, 'driver_ready', qos.LATCHED)
        send = (robot.state, lambda: robot.command(commands))
        held = partial(deadman.publish, Bool(data=True))
        anew = (robot.restart, *send)
        robot.until(lambda: robot.status.get('reason') == 'deadman: never heard', *anew)
        robot.until(lambda: robot.status['reason'] == 'driver: never heard', held, *anew)
        driver.publish(Bool(data=True))  # once: it stays
        robot.until(lambda: robot.status['state'] == 'PASS', held, *anew)
        robot.until(lambda: robot.status['state'] == 'PASS', held, *send)
        robot.until(lambda: robot.status['state'] == 'REST', *send)
        assert robot.status['latched'] == '1'
        assert robot.status['reason'].startswith('deadman: not heard for 20')
        assert gate.poll() is None
