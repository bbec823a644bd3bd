"""One sender: a topic that we read and where one publisher alone may speak."""

from collections.abc import Iterator
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from robot_runtime.core.senders import Senders
from robot_runtime.ros import polling
from robot_runtime.ros.endpoints import owner

SECOND = 1_000_000_000
HINT = 'end the other one or use another ROS_DOMAIN_ID'
MOST = 16  # messages of one tick, so that a flood cannot hold it


class OneSender:
    """
    Says who else sends, by the messages themselves.

    The graph alone will not do: it lists a process that was killed for its lease of 20 s.
    """

    def __init__(
        self, node: Node, topic: str, quiet_ns: int = SECOND, may_return: bool = False
    ) -> None:
        """Watch `topic`; another one may follow who has been quiet for `quiet_ns`."""
        self._node, self._topic = node, node.resolve_topic_name(topic)
        self._senders = Senders(quiet_ns, may_return)

    def heard(self, info: dict[str, Any], now_ns: int) -> str:
        """Take who sent a message; return in words that there is a second one, or ''."""
        sender, known = bytes(info['publisher_gid']['data']), self._senders.speaker
        if sender == known or not known:
            self._senders.second(sender, now_ns)
            return ''
        infos = self._node.get_publishers_info_by_topic(self._topic)
        names = {bytes(one.endpoint_gid): owner(one) for one in infos}
        if not self._senders.second(sender, now_ns, gone=known not in names):
            return ''
        both = sorted(names.get(one, 'unknown') for one in (sender, known))
        return (
            f'a second publisher sends on {self._topic}, where one alone may: '
            f'{" and ".join(both)}; {HINT}'
        )

    def alone(self, subscription: Subscription, now_ns: int) -> Iterator[tuple[Any, str]]:
        """Yield each message that waits, with why it is one too many or ''."""
        for _ in range(MOST):
            taken = polling.take_with_info(subscription)
            if taken is None:
                return
            yield taken[0], self.heard(taken[1], now_ns)
