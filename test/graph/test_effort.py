"""Effort on the graph: a joint whose driver says that it pushes too hard stops the robot."""

import os

from fake_robot import FakeRobot, RATE_HZ, running
import pytest
from robot_runtime.ros import qos
from robot_runtime.runtime.processes import process_environment
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

KEPT, PUSHED = [86.9] * 4 + [11.9] * 3 + [900.0], [86.9, 87.1] + [0.0] * 6


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100)
    for key, value in (process_environment() | {'ROS_DOMAIN_ID': name}).items():
        monkeypatch.setenv(key, value)


def test_a_gate_that_passes_brakes_when_a_joint_pushes_above_its_limit() -> None:
    words = ('-p', f'rate_hz:={RATE_HZ}', '-p', 'real_time:=false')
    with FakeRobot() as robot, running('safety_node', *words) as gate:
        commands = robot.node.create_publisher(
            JointTrajectory, 'control_node/command', qos.INTERNAL)
        reset = robot.node.create_client(Trigger, 'safety_node/reset')
        effort = KEPT

        def send() -> None:
            robot.state(effort=effort)
            robot.command(commands)

        def engaged() -> bool:
            """Engage anew until the gate passes; a stop for lateness is let go of."""
            if robot.status.get('latched') == '1':
                reset.call_async(Trigger.Request())
            if robot.status.get('state') != 'PASS':
                robot.restart()
            return robot.status.get('state') == 'PASS'

        def overloaded() -> bool:
            nonlocal effort
            effort = PUSHED if engaged() else KEPT
            return 'effort' in robot.status['reason']

        robot.until(engaged, send)
        robot.until(overloaded, send)
        reason = robot.status['reason']
        assert reason.startswith('measured effort: fr3_joint2 has 87.1 and was above'), reason
        assert robot.status['latched'] == '1'
        assert gate.poll() is None
