"""Rivals: other publishers on a topic where there may be only one."""

from collections.abc import Sequence

from rclpy.node import Node
from robot_runtime.ros.endpoints import owner
from robot_runtime.ros.one_sender import HINT
from robot_runtime.runtime.clock import SteadyClock

SECOND = 1_000_000_000
LOOK_NS = SECOND // 4
DISCOVERY_NS = 2 * SECOND  # with other processes starting at the same time
MOST_NAMELESS = 2  # looks at which a rival may be without its name
STEP_NS = SECOND // 20
NAMELESS = '_NODE_NAME_UNKNOWN_'  # what rmw says of a publisher whose node it has yet to hear of


class Rivals:
    """
    Finds another publisher beside ours on each of `topics`, by asking the graph.

    Of a topic that we read, the messages themselves say who sends: see one_sender.py.
    """

    def __init__(self, node: Node, topics: Sequence[str]) -> None:
        """Watch `topics`, which this node publishes or is about to."""
        self._node = node
        self._topics = [node.resolve_topic_name(topic) for topic in topics]
        self._look_ns = self._nameless = 0

    def before_start(self) -> str:
        """Wait until the graph is known; return who publishes there already, '' for nobody."""
        clock = SteadyClock()
        end_ns = clock.now_ns() + DISCOVERY_NS
        found = ''
        while clock.now_ns() < end_ns and (not found or NAMELESS in found):
            clock.sleep_until(clock.now_ns() + STEP_NS)
            found = self._found(own=0)
        return found

    def look(self, now_ns: int) -> str:
        """Return in a sentence who else publishes, as seen four times a second; '' for nobody."""
        if now_ns < self._look_ns:
            return ''
        self._look_ns = now_ns + LOOK_NS
        found = self._found(own=1)
        self._nameless = self._nameless + 1 if NAMELESS in found else 0
        return '' if 0 < self._nameless <= MOST_NAMELESS else found

    def _found(self, own: int) -> str:
        for topic in self._topics:
            if self._node.count_publishers(topic) > own:
                infos = self._node.get_publishers_info_by_topic(topic)
                names = [owner(one) for one in infos]
                mine = self._node.get_fully_qualified_name()
                if own and mine in names:
                    names.remove(mine)
                return (
                    f'{", ".join(sorted(names))} publishes on {topic} too, where only one gate '
                    f'may; {HINT}'
                )
        return ''
