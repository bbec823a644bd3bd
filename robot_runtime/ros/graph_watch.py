"""What the graph has wrong for the gate: rivals, and connections that nobody makes."""

from collections.abc import Sequence

from rclpy.node import Node
from robot_runtime.ros.qos_watch import QosWatch
from robot_runtime.ros.rivals import Rivals


class GraphWatch:
    """Looks at the topics of a node in turn, a few times a second."""

    def __init__(self, node: Node, sent: Sequence[str]) -> None:
        """Watch what `node` sends to controllers, on the topics `sent`, and what it reads."""
        self._rivals, self._qos = Rivals(node, sent), QosWatch(node, sent)
        self.said = ''  # as of the last look

    def before_start(self) -> str:
        """Wait until the graph is known; return who is in our place already, or ''."""
        return self._rivals.before_start()

    def unconnected(self) -> str:
        """Look at every topic now; return in a sentence where qualities of service differ."""
        return self._qos.look_at_all()

    def look(self, now_ns: int) -> str:
        """Return in a sentence what is wrong, or ''."""
        self.said = self._rivals.look(now_ns) or self._qos.look(now_ns)
        return self.said
