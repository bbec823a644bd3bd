"""Tap on `~/teleop`: what a person sends, checked for its form, and all of one sender."""

from rclpy.node import Node
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.ros.one_sender import OneSender
from trajectory_msgs.msg import JointTrajectory

PREFIX = 'teleop: '  # how core's refusals of such a message begin


class TeleopTap:
    """
    Takes the newest message; whether it may move the robot is for core/teleop.py to say.

    Two persons who send at the same time are a fault: the robot would be thrown to and fro, and
    nobody but they can know which of them is right. One may follow the other after a silence.
    """

    def __init__(self, node: Node, names: tuple[str, ...], timeout_ns: int) -> None:
        """Listen to senders of any reliability; `timeout_ns` is the silence that ends TELEOP."""
        self._names = names
        self._messages = node.create_subscription(
            JointTrajectory, '~/teleop', polling.unused, qos.SENSOR
        )
        self._sender = OneSender(node, '~/teleop', timeout_ns, may_return=True)
        self.trouble = ''  # who else sends, as of the last time
        self.said = 'none yet'  # 'ok', or why the newest message was refused

    def take(self, now_ns: int) -> Sample[Floats] | None:
        """Return the newest message that has the right form, None when there is none."""
        newest, self.trouble = None, ''
        for message, second in self._sender.alone(self._messages, now_ns):
            if second:
                self.trouble = self.said = second
                continue
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
