"""Tap on the chunks of the policy: read, laid on the clock, and all of one sender."""

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from robot_runtime.core.chunk import Chunk, ChunkError
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.ros.one_sender import OneSender
from robot_runtime.runtime.loop_config import placed
from robot_runtime.runtime.policy_card import Output
from trajectory_msgs.msg import JointTrajectory

TOPIC = 'policy_node/chunk'


class ChunkTap:
    """Takes what has come; whether a chunk may steer is for core/chunk_intake.py to say."""

    def __init__(
        self, node: Node, names: tuple[str, ...], output: Output,
        apart: NDArray[np.intp] | None = None, field: str = 'velocities',
    ) -> None:  # fmt: skip
        """
        Listen to the one policy; `output` is how its card lays a chunk on the clock.

        `apart` are the joints that take no positions, and `field` is where theirs stand.
        """
        self._names, self._output, self._apart = names, output, (apart, field)
        self._messages = node.create_subscription(
            JointTrajectory, TOPIC, polling.unused, qos.INTERNAL
        )
        self._sender = OneSender(node, TOPIC)
        self.received = self.refused = 0
        self.misread: tuple[str, ...] = ()  # what came since the last time and is no chunk
        self.trouble = ''  # who else sends chunks, as of the last time

    def take(self, now_ns: int, ros_now_ns: int) -> tuple[Chunk, ...]:
        """Return the chunks that have come since the last time."""
        chunks, misread, self.trouble = list[Chunk](), list[str](), ''
        for message, second in self._sender.alone(self._messages, now_ns):
            if second:
                self.trouble = second
                self.refused += 1
                continue
            try:
                chunk = conversions.chunk_from(
                    message, self._names, now_ns - ros_now_ns, *self._apart
                )
                chunks.append(placed(chunk, self._output, now_ns))
                self.received += 1
            except (JointNameError, ChunkError, ValueError) as error:
                self.refused += 1
                misread.append(f'{TOPIC}: {error}')
        self.misread = tuple(misread)
        return tuple(chunks)
