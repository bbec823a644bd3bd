"""Camera stream of the policy node: the newest frame, and how many came and were lost."""

from typing import Any

import numpy as np
from rclpy.node import Node
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Image as Pixels
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.runtime.robot_file import Camera
from sensor_msgs.msg import Image


class CameraTap:
    """Takes the frames of one camera; only the newest is kept."""

    def __init__(self, node: Node, camera: Camera) -> None:
        self.sample: Sample[Pixels] | None = None
        self.received = self.lost = 0
        self._camera = camera
        self._step_ns = round(1e9 / camera.fps)
        self._subscription = node.create_subscription(Image, camera.topic, _unused, qos.SENSOR)

    def poll(self, now_ns: int) -> str:
        """Take what has come; return what is wrong with the newest frame, '' if nothing is."""
        problem = ''
        for message in polling.drain(self._subscription):
            problem = self._take(message, now_ns)
        return problem

    def _take(self, message: Image, now_ns: int) -> str:
        camera = self._camera
        self.received += 1
        stamp_ns = conversions.nanoseconds(message.header.stamp)
        if self.sample is not None:
            gap = round((stamp_ns - self.sample.stamp_ns) / self._step_ns) - 1
            self.lost += max(0, gap)
        size = (message.width, message.height, message.encoding)
        if size != (camera.width, camera.height, 'rgb8'):
            return (
                f'{camera.topic} sends {size[0]}x{size[1]} {size[2]}, but the robot file says '
                f'{camera.width}x{camera.height} rgb8 for camera {camera.name}'
            )
        pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
        frame = pixels[:, : 3 * message.width].reshape(message.height, message.width, 3)
        self.sample = Sample(now_ns, stamp_ns, frame)
        return ''


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""
