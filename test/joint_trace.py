"""Trace of the measured joints: how fast the arm is, and when it was last moving."""

from collections import deque

import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from robot_runtime.ros import conversions, polling
from sensor_msgs.msg import JointState

ARM = 7
STILL = 0.02  # [rad/s] measured speed of a joint that stands
KEPT = 10_000
WINDOW_NS = 20_000_000  # acceleration is the change of velocity over it


class JointTrace:
    """
    Polls joint_states in a context of its own; every time is that of the simulator's stamp.

    Where the robot has fallen silent, the simulator says alone where it is.
    """

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = Node(
            'joint_trace', context=self._context, start_parameter_services=False
        )
        deep = QoSProfile(depth=2000, reliability=ReliabilityPolicy.RELIABLE)
        self._joints, self._truth = (
            self.node.create_subscription(JointState, topic, polling.unused, deep)
            for topic in ('joint_states', 'sim/joint_states')
        )
        self.samples: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=KEPT)
        self.speed = 0.0
        self.moved_ns = 0  # stamp of the last sample that moved
        self.sent_ns = 0  # stamp of the last sample that the robot itself sent
        self.stamps_ahead_ns = 0  # of all that is taken from now on: the driver's clock is wrong
        self.clock_offset_ns = 0  # by which the robot's clock was set

    def take(self) -> None:
        """Take what has come."""
        sent = list(polling.drain(self._joints, 2000))
        if sent:
            self.sent_ns = conversions.nanoseconds(sent[-1].header.stamp)
        for message in (*sent, *polling.drain(self._truth, 2000)):
            stamp_ns = conversions.nanoseconds(message.header.stamp) - self.stamps_ahead_ns
            velocity = np.array(message.velocity[:ARM])
            self.speed = float(np.abs(velocity).max())
            if self.speed > STILL:
                self.moved_ns = stamp_ns
            self.samples.append((stamp_ns, velocity))

    def still_for_s(self) -> float:
        """Return how long the arm has been standing, by the newest sample."""
        return (self.samples[-1][0] - self.moved_ns) / 1e9 if self.samples else 0.0

    def ros_now_ns(self) -> int:
        """Return the time by the clock that stamps are made with."""
        return int(self.node.get_clock().now().nanoseconds) + self.clock_offset_ns

    def peak_acceleration(self, since_ns: int) -> float:
        """Return the greatest measured change of velocity per second since `since_ns`."""
        kept = [sample for sample in self.samples if sample[0] >= since_ns - WINDOW_NS]
        peak = 0.0
        begin = 0
        for end, (stamp_ns, velocity) in enumerate(kept):
            while stamp_ns - kept[begin + 1][0] >= WINDOW_NS and begin + 1 < end:
                begin += 1
            passed_ns = stamp_ns - kept[begin][0]
            if passed_ns >= WINDOW_NS:
                change = np.abs(velocity - kept[begin][1]).max()
                peak = max(peak, float(change) / passed_ns * 1e9)
        return peak

    def close(self) -> None:
        """Leave the domain."""
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
