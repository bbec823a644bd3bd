"""Taps on inertial unit, odometry, command and target: real messages, as figures with a time."""

from typing import Any

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from robot_runtime.core.stream_terms import SIZES
from robot_runtime.ros import conversions, qos
from robot_runtime.ros.stream_tap import StreamTap
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import Imu

MS = 1_000_000
CLOCK = SteadyClock()
WITHIN_NS = 10_000 * MS
FR3 = load_robot('fr3')
ROBOT = FR3.model_copy(
    update={'topics': FR3.topics.model_copy(update={'imu': 'imu', 'odometry': 'odom'})}
)
NOW = 5_000 * MS


def said(node: Node, tap: StreamTap, *messages: Any) -> list[str]:
    """Return what the tap says of messages that are sent one after the other."""
    out = node.create_publisher(type(messages[0]), tap.topic, qos.INTERNAL)
    answers = []
    end_ns = CLOCK.now_ns() + WITHIN_NS
    for message in messages:
        while not out.get_subscription_count():
            assert CLOCK.now_ns() < end_ns
            CLOCK.sleep_until(CLOCK.now_ns() + MS)
        out.publish(message)
        answer = None
        while answer is None:
            assert CLOCK.now_ns() < end_ns
            answer = tap.poll(7, NOW)
        answers.append(answer)
    return answers


def stamped(kind: type, ms: int = 5_000) -> Any:
    message = kind()
    message.header.stamp = conversions.time_message(ms * MS)
    return message


def test_an_inertial_unit_is_read_in_the_order_of_the_terms(node: Node) -> None:
    message = stamped(Imu)
    turned, spin, pull = message.orientation, message.angular_velocity, message.linear_acceleration
    turned.x, turned.y, turned.z, turned.w = 0.1, 0.2, 0.3, 0.4
    spin.x, spin.y, spin.z = 1.0, 2.0, 3.0
    pull.x, pull.y, pull.z = 4.0, 5.0, 6.0
    tap = StreamTap(node, ROBOT, 'imu')
    assert said(node, tap, message) == ['']
    (sample,) = tap.samples
    assert sample.value.tolist() == [0.1, 0.2, 0.3, 0.4, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert (sample.received_ns, sample.stamp_ns) == (7, NOW)


def test_what_an_inertial_unit_does_not_measure_is_not_zero(node: Node) -> None:
    message = stamped(Imu)
    message.orientation_covariance[0] = -1.0
    tap = StreamTap(node, ROBOT, 'imu')
    said(node, tap, message)
    assert np.isnan(tap.samples[0].value[:4]).all()
    assert (tap.samples[0].value[4:] == 0.0).all()


def test_odometry_is_a_pose_and_its_rates(node: Node) -> None:
    message = stamped(Odometry)
    message.pose.pose.position.y = 2.0
    message.twist.twist.linear.x, message.twist.twist.angular.z = 0.5, -0.1
    tap = StreamTap(node, ROBOT, 'odometry')
    said(node, tap, message)
    value = tap.samples[0].value
    assert value.shape == (SIZES['odometry'],)
    assert value.tolist() == [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0, -0.1]


def test_a_command_and_a_target_come_on_topics_of_the_policy(node: Node) -> None:
    twist, target = StreamTap(node, ROBOT, 'twist'), StreamTap(node, ROBOT, 'target')
    said(node, twist, Twist())
    assert twist.topic == '~/twist'
    assert twist.samples[0].value.tolist() == [0.0] * 6
    assert twist.samples[0].stamp_ns == NOW  # it has none of its own
    said(node, target, stamped(PoseStamped))
    assert target.samples[0].value.tolist() == [0.0] * 6 + [1.0]


def test_a_stamp_of_the_future_or_of_before_is_left_out_and_told(node: Node) -> None:
    tap = StreamTap(node, ROBOT, 'imu')
    answers = said(node, tap, stamped(Imu), stamped(Imu, 5_051), stamped(Imu, 4_990))
    assert answers == [
        '',
        'imu: the stamp is 51.0 ms in the future; allowed: 50 ms (are the clocks of both hosts in '
        'step?)',
        'imu: the stamp went back by 10.0 ms',
    ]
    assert len(tap.samples) == 1
