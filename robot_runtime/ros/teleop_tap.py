"""Tap on `~/teleop`: what a person sends, checked for its form."""

from typing import Any

from rclpy.node import Node
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling, qos
from trajectory_msgs.msg import JointTrajectory

PREFIX = 'teleop: '  # how core's refusals of such a message begin


class TeleopTap:
    """Takes the newest message; whether it may move the robot is for core/teleop.py to say."""

    def __init__(self, node: Node, names: tuple[str, ...]) -> None:
        """Listen to senders of any reliability."""
        self._names = names
        self._messages = node.create_subscription(
            JointTrajectory, '~/teleop', _unused, qos.SENSOR
        )
        self.said = 'none yet'  # 'ok', or why the newest message was refused

    def take(self, now_ns: int) -> Sample[Floats] | None:
        """Return the newest message that has the right form, None when there is none."""
        newest = None
        for message in polling.drain(self._messages):
            try:
                newest = conversions.teleop_from(message, self._names, now_ns)
            except JointNameError as error:
                self.said = str(error)
        return newest

    def judged(self, taken: bool, refused: tuple[str, ...]) -> None:
        """Take what core said of the newest message."""
        if taken:
            self.said = 'ok'
        for sentence in refused:
            if sentence.startswith(PREFIX):
                self.said = sentence.removeprefix(PREFIX)


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""
