"""Simulator node: the topics of a real robot, from a process that starts and ends cleanly."""

from collections.abc import Iterator
import os
import signal
import subprocess
import sys

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import process_environment
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

HOME = [0.0, -0.7853981633974483, 0.0, -2.356194490192345, 0.0, 1.5707963267948966, 0.785]
SECOND = 1_000_000_000


def start(*parameters: str) -> subprocess.Popen[str]:
    words = [word for parameter in parameters for word in ('-p', parameter)]
    command = [sys.executable, '-m', 'robot_runtime.ros.sim_node', '--ros-args', *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    for name, value in process_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    context = rclpy.Context()
    rclpy.init(context=context)
    made = rclpy.create_node('test_sim', context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def spin(node: Node, seconds: float, until: object = None) -> None:
    clock, executor = SteadyClock(), SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end = clock.now_ns() + round(seconds * SECOND)
    while clock.now_ns() < end and not (callable(until) and until()):
        executor.spin_once(timeout_sec=0.05)
    executor.remove_node(node)


def test_joints_cameras_commands_truth_and_reset_work_as_on_a_robot(node: Node) -> None:
    joints: list[JointState] = []
    images: list[Image] = []
    infos: list[CameraInfo] = []
    reports: list[dict[str, str]] = []
    node.create_subscription(JointState, 'joint_states', joints.append, qos.SENSOR)
    node.create_subscription(Image, 'wrist/image_raw', images.append, qos.SENSOR)
    node.create_subscription(CameraInfo, 'wrist/camera_info', infos.append, qos.SENSOR)
    node.create_subscription(
        conversions.DiagnosticArray,
        'sim/witness',
        lambda message: reports.append(conversions.status_values(message)),
        qos.STATUS,
    )
    arm = node.create_publisher(Float64MultiArray, 'arm_controller/commands', qos.COMMAND)
    reset = node.create_client(Trigger, 'sim/reset')
    process = start('seed:=5', 'real_time:=false')
    try:
        spin(node, 20.0, until=lambda: joints and len(images) > 3 and arm.get_subscription_count())
        assert joints[0].name == [*(f'fr3_joint{k}' for k in range(1, 8)), 'fr3_finger_joint1']
        assert joints[0].position[3] == pytest.approx(HOME[3], abs=1e-3)
        assert (images[0].width, images[0].height, images[0].encoding) == (320, 240, 'rgb8')
        assert len(images[0].data) == 320 * 240 * 3
        assert infos[0].k[2] == 160.0
        arm.publish(Float64MultiArray(data=HOME))
        arm.publish(Float64MultiArray(data=[HOME[0] + 0.1, *HOME[1:]]))
        answer = reset.call_async(Trigger.Request())
        spin(node, 3.0, until=lambda: answer.done() and reports and reports[-1]['episode'] == '1')
        assert answer.result().message == 'episode 1, seed 6'
        assert reports[-1]['commands'] == '2'
        assert 'velocity of joint 1' in reports[-1]['first_violation']
        spin(node, 0.3)
        assert joints[-1].position[0] > 0.05
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_robot_that_nobody_knows_is_one_sentence_and_exit_code_1(node: Node) -> None:
    process = start('robot:=marvin')
    _, text = process.communicate(timeout=20)
    assert process.returncode == 1
    assert text.strip().splitlines()[-1].startswith('sim_node: there is no robot marvin')
    assert 'Traceback' not in text
