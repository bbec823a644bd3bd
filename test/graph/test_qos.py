"""Quality of service on the graph: who cannot be heard is named, at start and in motion."""

from collections.abc import Callable
import os
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from fake_robot import FakeRobot, patient_robot, RATE_HZ, refusal, running
import pytest
from rclpy.qos import QoSProfile
from robot_runtime.ros import qos
from robot_runtime.runtime.processes import process_environment
from std_msgs.msg import Bool, Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

GATE_WORDS = ('-p', f'rate_hz:={RATE_HZ}', '-p', 'real_time:=false')
ESTOP = (
    '/estop: /fake_robot publishes with reliability BEST_EFFORT, but this node reads with '
    'RELIABLE, so nothing arrives; set it in /fake_robot (where it takes parameters: '
    'qos_overrides./estop.publisher.reliability)'
)
CONTROLLER = (
    '/arm_controller/commands: /fake_robot reads with durability TRANSIENT_LOCAL, but this node '
    'sends with VOLATILE, so nothing arrives; set it in /fake_robot (where it takes parameters: '
    'qos_overrides./arm_controller/commands.subscription.durability)'
)


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100)
    for key, value in (process_environment() | {'ROS_DOMAIN_ID': name}).items():
        monkeypatch.setenv(key, value)


def button(robot: FakeRobot, profile: QoSProfile = qos.SENSOR) -> object:
    return robot.node.create_publisher(Bool, 'estop', profile)


def deaf_controller(robot: FakeRobot) -> object:
    return robot.node.create_subscription(
        Float64MultiArray, 'arm_controller/commands', lambda _: None, qos.LATCHED
    )


CASES = [(button, ESTOP), (deaf_controller, CONTROLLER)]


@pytest.mark.parametrize(('make', 'sentence'), CASES)
def test_a_gate_is_not_activated_beside_an_estop_or_controller_that_is_not_connected(
    make: Callable[[FakeRobot], object], sentence: str
) -> None:
    with FakeRobot() as robot:
        made = make(robot)
        assert made
        with running('safety_node', *GATE_WORDS) as gate:
            robot.until(lambda: gate.poll() is not None, robot.state)
            assert sentence in refusal('safety_node', gate)
        assert robot.sent == []


@pytest.mark.parametrize(('make', 'sentence'), CASES)
def test_a_gate_that_passes_brakes_when_one_appears_and_says_so_in_diagnostics(
    make: Callable[[FakeRobot], object], sentence: str, tmp_path: Path
) -> None:
    words = (*GATE_WORDS, '-p', f'robot:={patient_robot(tmp_path)}')
    said: dict[str, DiagnosticStatus] = {}

    def on_diagnostics(message: DiagnosticArray) -> None:
        said.update({status.name: status for status in message.status})

    with FakeRobot() as robot, running('safety_node', *words) as gate:
        robot.node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, 10)
        good = button(robot, qos.COMMAND)
        sender = robot.node.create_publisher(JointTrajectory, 'control_node/command', qos.INTERNAL)
        robot.until(lambda: robot.status and sender.get_subscription_count(), robot.state)
        command = (robot.state, lambda: robot.command(sender))
        robot.until(lambda: robot.status['state'] == 'PASS', *command)
        assert said['safety_node: connections'].level == DiagnosticStatus.OK
        assert make(robot)
        robot.until(lambda: robot.status['state'] == 'REST', *command)
        assert (robot.status['latched'], robot.status['reason']) == ('1', sentence)
        line = 'safety_node: connections'
        robot.until(lambda: said[line].message == sentence, *command)
        assert said[line].level == DiagnosticStatus.ERROR
        assert gate.poll() is None
        assert good


def test_a_policy_is_not_activated_while_its_instruction_cannot_be_heard() -> None:
    with FakeRobot() as robot:
        made = robot.node.create_publisher(String, 'policy_node/instruction', qos.INTERNAL)
        with running('policy_node') as policy:  # which would go on if it did not end by itself
            robot.until(lambda: policy.poll() is not None, robot.state)
            said = refusal('policy_node', policy)
        assert '/policy_node/instruction: /fake_robot publishes with durability VOLATILE' in said
        assert 'qos_overrides./policy_node/instruction.publisher.durability' in said
        assert made
