"""Tap on a topic: a subscription that fits what its publishers offer, read by polling."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from robot_runtime.ros.message_schema import message_class, message_schema
from robot_runtime.runtime.mcap_file import Topic
import yaml

# Half a second of 500 Hz: a normal-class process on a busy machine is held up that long at times.
DEPTH = 256
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """One message with the times at which it was sent and received, on the ROS clock."""

    message: Any
    sent_ns: int
    received_ns: int


class TopicTap:
    """One topic as its publishers offer it: type, quality of service, type hash."""

    def __init__(self, node: Node, name: str, raw: bool, depth: int = DEPTH) -> None:
        """Subscribe; at least one publisher of `name` must be known."""
        infos = node.get_publishers_info_by_topic(name)
        type_name = infos[0].topic_type
        self.topic = Topic(
            name,
            type_name,
            message_schema(type_name),
            qos_yaml(infos),
            str(getattr(infos[0], 'topic_type_hash', '')),  # Humble has none
        )
        self._subscription: Subscription = node.create_subscription(
            message_class(type_name), name, _unused, _request(infos, depth), raw=raw
        )

    def take(self) -> Taken | None:
        """Return the next message, or None when there is none."""
        subscription = self._subscription
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        if taken is None:
            return None
        message, info = taken
        return Taken(message, info['source_timestamp'], info['received_timestamp'])

    def drain(self) -> Iterator[Taken]:
        """Yield what waits, oldest first, at most one queue full."""
        for _ in range(DEPTH):
            taken = self.take()
            if taken is None:
                return
            yield taken


def _request(infos: list[TopicEndpointInfo], depth: int) -> QoSProfile:
    """Return the strictest profile that every publisher fulfils, so that none is left out."""
    profiles = [info.qos_profile for info in infos]
    reliable = all(one.reliability == ReliabilityPolicy.RELIABLE for one in profiles)
    latched = all(one.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in profiles)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def qos_yaml(infos: list[TopicEndpointInfo]) -> str:
    """Return the publishers' profiles as rosbag2 writes them."""
    return yaml.safe_dump([_profile(info.qos_profile) for info in infos], sort_keys=False)


def _profile(qos: QoSProfile) -> dict[str, Any]:
    return {
        'history': qos.history.short_key,
        'depth': qos.depth,
        'reliability': qos.reliability.short_key,
        'durability': qos.durability.short_key,
        'deadline': _duration(qos.deadline.nanoseconds),
        'lifespan': _duration(qos.lifespan.nanoseconds),
        'liveliness': qos.liveliness.short_key,
        'liveliness_lease_duration': _duration(qos.liveliness_lease_duration.nanoseconds),
        'avoid_ros_namespace_conventions': qos.avoid_ros_namespace_conventions,
    }


def _duration(nanoseconds: int) -> dict[str, int]:
    return {'sec': nanoseconds // NANOSECONDS, 'nsec': nanoseconds % NANOSECONDS}


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""
