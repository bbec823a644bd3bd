"""Trace of the statuses: when, by the sender's own clock, a status first said something."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from robot_runtime.ros import conversions, polling

Values = Mapping[str, str]
KEPT = 3_000
DEEP = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)


@dataclass(frozen=True, slots=True)
class Notice:
    """What shows in a status that a fault was noticed: the values before it, and the new ones."""

    topic: str
    of: Callable[[Values, Values], bool]


class StatusTrace:
    """Keeps every status of a few topics; it is polled."""

    def __init__(self, node: Node, topics: tuple[str, ...]) -> None:
        """Listen to `topics`."""
        self._kept: dict[str, deque[tuple[int, Values]]] = {
            topic: deque(maxlen=KEPT) for topic in topics
        }
        self._taps = {
            topic: node.create_subscription(DiagnosticArray, topic, polling.unused, DEEP)
            for topic in topics
        }

    def take(self) -> None:
        """Take what has come."""
        for topic, tap in self._taps.items():
            for message in polling.drain(tap, 200):
                stamp_ns = conversions.nanoseconds(message.header.stamp)
                self._kept[topic].append((stamp_ns, conversions.status_values(message)))

    def begin(self) -> None:
        """Forget all but the newest of each topic: a fault is about to be made."""
        for kept in self._kept.values():
            for _ in range(len(kept) - 1):
                kept.popleft()

    def noticed_ns(self, notice: Notice, since_ns: int) -> int | None:
        """Return the stamp of the first status since then that shows it, None for none yet."""
        kept = self._kept[notice.topic]
        if not kept:
            return None
        _, before = kept[0]
        return next(
            (at for at, values in kept if at >= since_ns and notice.of(before, values)), None
        )
