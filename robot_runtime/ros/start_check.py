"""Start check of an input: wrong messages end the node, absent ones are only waited for."""

from rclpy.node import Node
from robot_runtime.ros.shutdown import NodeError

WRONG_NS = 3_000_000_000  # a driver may need a moment until its messages are whole
SILENT_NS = 5_000_000_000


class StartCheck:
    """
    Watches one topic until its first usable message; from then on it has nothing to say.

    Before that nothing can have moved. So an input that is wrong ends the node with the sentence
    that says why, and one that has not come yet is waited for, which the log says once.
    """

    def __init__(self, node: Node, topic: str) -> None:
        """Begin to wait for `topic`."""
        self._node, self._topic = node, node.resolve_topic_name(topic)
        self._passed = self._told = False
        self._since_ns: int | None = None
        self._wrong_ns: int | None = None
        self._sentence = ''

    def look(self, problem: str | None, now_ns: int) -> None:
        """
        Take what the newest message was; too long wrong raises a NodeError.

        `problem` is '' for a usable message, a sentence for another, None when none has come.
        """
        if self._passed:
            return
        if problem == '':
            self._passed = True
            return
        self._since_ns = now_ns if self._since_ns is None else self._since_ns
        if problem is not None:
            self._wrong_ns = now_ns if self._wrong_ns is None else self._wrong_ns
            self._sentence = problem
        if self._wrong_ns is not None and now_ns - self._wrong_ns > WRONG_NS:
            raise NodeError(self._sentence)
        if not self._told and self._wrong_ns is None and now_ns - self._since_ns > SILENT_NS:
            self._told = True
            self._node.get_logger().warning(f'{self._topic}: no message yet; waiting for it')
