"""Taps on what a policy sees beside joints and cameras: figures of a message, and its time."""

from collections import deque
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from robot_runtime.core.observation import Stream
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.runtime.robot_file import RobotFile
from sensor_msgs.msg import Imu

KEPT = 200  # so that one can be found at the time of an image
UNKNOWN = -1.0  # first figure of a covariance: the sensor does not measure it


def _xyz(vector: Any) -> list[float]:
    return [vector.x, vector.y, vector.z]


def _pose(pose: Any) -> list[float]:
    turned = pose.orientation
    return [*_xyz(pose.position), turned.x, turned.y, turned.z, turned.w]


def _imu(message: Imu) -> list[float]:
    """Return quaternion, angular velocity, linear acceleration; NaN for what is not measured."""
    turned = message.orientation
    parts = (
        ([turned.x, turned.y, turned.z, turned.w], message.orientation_covariance),
        (_xyz(message.angular_velocity), message.angular_velocity_covariance),
        (_xyz(message.linear_acceleration), message.linear_acceleration_covariance),
    )
    return [
        np.nan if covariance[0] == UNKNOWN else figure
        for figures, covariance in parts
        for figure in figures
    ]


def _odometry(message: Odometry) -> list[float]:
    speed = message.twist.twist
    return [*_pose(message.pose.pose), *_xyz(speed.linear), *_xyz(speed.angular)]


READERS: dict[Stream, tuple[type, Callable[[Any], list[float]]]] = {
    'imu': (Imu, _imu),
    'odometry': (Odometry, _odometry),
    'twist': (Twist, lambda message: [*_xyz(message.linear), *_xyz(message.angular)]),
    'target': (PoseStamped, lambda message: _pose(message.pose)),
}


class StreamTap:
    """Takes the messages of one stream; those of the future or out of order are left out."""

    def __init__(self, node: Node, robot: RobotFile, stream: Stream) -> None:
        """Subscribe to the robot's topic, or to the policy's own: ~/twist, ~/target."""
        kind, self._read = READERS[stream]
        self.topic = getattr(robot.topics, stream, f'~/{stream}')
        self._future_ns = round(robot.timeouts.future_s * 1e9)
        self._messages = node.create_subscription(kind, self.topic, polling.unused, qos.SENSOR)
        self.samples: deque[Sample[Floats]] = deque(maxlen=KEPT)

    def poll(self, now_ns: int, ros_now_ns: int) -> str | None:
        """Take what has come; return what is wrong with the newest, '' for nothing, None: none."""
        problem = None
        for message in polling.drain(self._messages):
            header = getattr(message, 'header', None)
            stamp_ns = header and conversions.nanoseconds(header.stamp)
            problem = self._take(self._read(message), stamp_ns or ros_now_ns, now_ns, ros_now_ns)
        return problem

    def _take(self, figures: list[float], stamp_ns: int, now_ns: int, ros_now_ns: int) -> str:
        ahead_ns = stamp_ns - ros_now_ns
        if ahead_ns > self._future_ns:
            return (
                f'{self.topic}: the stamp is {ahead_ns / 1e6:.1f} ms in the future; allowed: '
                f'{self._future_ns / 1e6:g} ms (are the clocks of both hosts in step?)'
            )
        if self.samples and stamp_ns < self.samples[-1].stamp_ns:
            back_ms = (self.samples[-1].stamp_ns - stamp_ns) / 1e6
            return f'{self.topic}: the stamp went back by {back_ms:.1f} ms'
        self.samples.append(Sample(now_ns, stamp_ns, np.array(figures)))
        return ''
