"""Fake robot for tests of single nodes: messages in, and what the node makes of them."""

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import resource
import subprocess
import sys

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.publisher import Publisher
from robot_runtime.core.types import Command, Motion
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime import resources
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import process_environment
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
import yaml

FR3 = load_robot('fr3')
RATE_HZ = 100.0
PERIOD_NS = round(1e9 / RATE_HZ)
WITHIN_S = 40.0


def node(
    name: str, *words: str, file_bytes: int | None = None, **environment: str
) -> subprocess.Popen[str]:
    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    return subprocess.Popen(
        [sys.executable, '-m', f'robot_runtime.ros.{name}', '--ros-args', *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
        env=os.environ | process_environment(name) | environment,
    )  # fmt: skip


def refusal(name: str, process: subprocess.Popen[str]) -> str:
    """Return the sentence of a node that ends by itself; rcl may add lines of its own."""
    out, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1, out + err
    assert 'Traceback' not in err
    (line,) = [line for line in err.splitlines() if line.startswith(f'{name}: ')]
    return line


class FakeRobot:
    """A robot of messages: joint states, images, and commands that hold it where it stands."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node('fake_robot', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.names, self.home = list(FR3.joint_names), FR3.home_position.tolist()
        self.joints = self.node.create_publisher(JointState, 'joint_states', qos.INTERNAL)
        self.images = self.node.create_publisher(Image, 'front/image_raw', qos.INTERNAL)
        self.sent: list[Float64MultiArray] = []
        self.status: dict[str, str] = {}
        self.node.create_subscription(
            Float64MultiArray, 'arm_controller/commands', self.sent.append, qos.COMMAND
        )
        for topic in ('safety_node/status', 'policy_node/status'):
            self.node.create_subscription(DiagnosticArray, topic, self._on_status, qos.STATUS)
        self._epoch, self._ticks = 0, 0

    def __enter__(self) -> 'FakeRobot':
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

    def _on_status(self, message: DiagnosticArray) -> None:
        self.status = conversions.status_values(message)

    def stamp(self, ahead_s: float = 0.0) -> Time:
        ahead_ns = round(ahead_s * 1e9)
        return conversions.time_message(self.node.get_clock().now().nanoseconds + ahead_ns)

    def state(self, without: int = 0, ahead_s: float = 0.0, **changed: object) -> None:
        """Send joint states, with the last `without` joints left out."""
        count = len(self.names) - without
        message = JointState(name=self.names[:count], position=self.home[:count])
        for key, value in changed.items():
            setattr(message, key, value)
        message.header.stamp = self.stamp(ahead_s)
        self.joints.publish(message)

    def image(
        self, width: int = 320, height: int = 240, step: int = 960, short: int = 0,
        shade: int = 0, ahead_s: float = 0.0,
    ) -> None:  # fmt: skip
        """Send a frame of the front camera in one shade, `short` bytes short."""
        message = Image(width=width, height=height, encoding='rgb8', step=step)
        message.data = array('B', bytes([shade]) * max(0, step * height - short))
        message.header.stamp = self.stamp(ahead_s)
        self.images.publish(message)

    def command(self, publisher: Publisher) -> None:
        """Send the next command of an engagement that holds the robot still."""
        self._epoch = self._epoch or self.node.get_clock().now().nanoseconds
        command = Command(self._epoch, self._ticks, Motion.at_rest(FR3.home_position))
        self._ticks += 1
        publisher.publish(conversions.command_message(command, self.names, PERIOD_NS))

    def restart(self) -> None:
        """Begin another engagement with the next command."""
        self._epoch, self._ticks = 0, 0

    def until(self, condition: Callable[[], object], *steps: Callable[[], None]) -> None:
        """Do the steps every 10 ms until the condition holds."""
        clock = SteadyClock()
        end = clock.now_ns() + round(WITHIN_S * 1e9)
        while not condition():
            assert clock.now_ns() < end, self.status
            for step in steps:
                step()
            due = clock.now_ns() + PERIOD_NS
            while clock.now_ns() < due:
                self._executor.spin_once(timeout_sec=0.001)


def patient_robot(folder: Path) -> str:
    """Return a robot file with which a busy machine is not late, which is not what is tested."""
    shipped = resources.find('config/robots/fr3.yaml')
    assert shipped is not None
    robot = yaml.safe_load(shipped.read_text())
    robot['urdf'] = str(shipped.with_name('fr3.urdf'))
    robot['timeouts'] |= {'joint_state_s': 5.0, 'command_s': 5.0}
    path = folder / 'patient.yaml'
    path.write_text(yaml.safe_dump(robot))
    return str(path)


@contextmanager
def running(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a node, and end it at the end."""
    process = node(name, *words)
    try:
        yield process
    finally:
        process.terminate()  # a killed one would leave its journal in shared memory
        try:
            process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
