"""Taps on the e-stop and on a robot's permits: what they said last, and what is not given."""

from collections.abc import Sequence

from rclpy.node import Node
from robot_runtime.core.permits import lacking
from robot_runtime.core.stream import Sample
from robot_runtime.ros import polling, qos
from robot_runtime.runtime.permit_file import PermitFile
from std_msgs.msg import Bool


class PermitTaps:
    """Polls every permit of a robot file."""

    def __init__(self, node: Node, permits: Sequence[PermitFile]) -> None:
        """Subscribe to the topic of each."""
        self._permits = [one.permit() for one in permits]
        self._taps = [
            node.create_subscription(
                Bool, one.topic, polling.unused,
                qos.LATCHED if one.timeout_s is None else qos.INTERNAL,
            )  # fmt: skip
            for one in permits
        ]
        self._heard: list[Sample[bool] | None] = [None] * len(permits)

    def lacking(self, now_ns: int) -> str:
        """Take what has come; return which permit is not given and why, or ''."""
        for k, tap in enumerate(self._taps):
            flag = polling.newest(tap)
            if flag is not None:
                self._heard[k] = Sample(now_ns, 0, bool(flag.data))
        return lacking(self._permits, self._heard, now_ns)

    def forget(self) -> None:
        """Forget what was said: time was set back."""
        self._heard = [None] * len(self._heard)


class EstopTap:
    """Listens to the e-stop; of several buttons on the topic one that is pressed is enough."""

    def __init__(self, node: Node, topic: str) -> None:
        """Subscribe to `topic`."""
        self._flags = node.create_subscription(Bool, topic, polling.unused, qos.INTERNAL)
        self.newest: Sample[bool] | None = None  # True: pressed

    def take(self, now_ns: int) -> None:
        """Take what has come."""
        flags = [bool(flag.data) for flag in polling.drain(self._flags)]
        if flags:
            self.newest = Sample(now_ns, 0, any(flags))

    def forget(self) -> None:
        """Forget what was said: time was set back."""
        self.newest = None
