"""Quality of service: publishers and subscribers that the middleware keeps apart, by name."""

from collections.abc import Iterator, Sequence

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSProfile
from rclpy.topic_endpoint_info import TopicEndpointInfo
from robot_runtime.ros.endpoints import owner
from robot_runtime.ros.rivals import MOST_NAMELESS, NAMELESS
from robot_runtime.ros.shutdown import NodeError

LOOK_NS = 250_000_000  # from one topic to the next
START_NS = 5_000_000_000
# whatever the node itself brings along, and nobody needs in order to move a robot
NOT_OURS = ('/parameter_events', '/rosout', '/clock')
INFINITE_NS = 1 << 62
POLICIES = ('reliability', 'durability', 'deadline', 'liveliness', 'liveliness_lease_duration')


class QosWatch:
    """
    Looks at who publishes what a node reads, and at who reads what it sends to a controller.

    Where the policies do not match, the middleware connects nobody and says nothing.
    """

    def __init__(self, node: Node, sent: Sequence[str] = ()) -> None:
        """Watch all subscriptions of `node`, and its publishers on the topics `sent`."""
        self._node, self._sent = node, [node.resolve_topic_name(topic) for topic in sent]
        self._found: dict[str, str] = {}
        self._ends: dict[str, int] = {}  # how many endpoints were there at the last look
        self._turn = self._look_ns = self._nameless = 0
        self._begun_ns: int | None = None

    def look_at_all(self) -> str:
        """Look at every topic; return in a sentence what does not match first, or ''."""
        found = {topic: self._problem(topic) for topic in self._topics()}
        self._found = {topic: text for topic, text in found.items() if NAMELESS not in text}
        return self._first()

    def look_from_start(self, now_ns: int, idle: bool) -> str:
        """
        Look as `look` does; what does not match ends a node that has begun, and is idle yet.

        When it is activated at its very start, not everybody is known to the graph.
        """
        problem = self.look(now_ns)
        self._begun_ns = now_ns if self._begun_ns is None else self._begun_ns
        if problem and idle and now_ns - self._begun_ns < START_NS:
            raise NodeError(problem)
        return problem

    def look(self, now_ns: int) -> str:
        """Look at the next topic if it is time; return what is known not to match, or ''."""
        if now_ns < self._look_ns:
            return self._first()
        self._look_ns = now_ns + LOOK_NS
        topics = self._topics()
        self._turn = (self._turn + 1) % len(topics)
        topic = topics[self._turn]
        ends = self._node.count_publishers(topic) + self._node.count_subscribers(topic)
        # To ask for the number costs 3 us, for the policies 100: so only when it has changed.
        if ends != self._ends.get(topic) or self._found.get(topic):
            problem = self._problem(topic)
            if NAMELESS in problem and self._nameless < MOST_NAMELESS:
                self._nameless += 1  # it is looked at again, until the name has come too
                return self._first()
            self._ends[topic], self._found[topic], self._nameless = ends, problem, 0
        return self._first()

    def _first(self) -> str:
        return next((problem for problem in self._found.values() if problem), '')

    def _topics(self) -> list[str]:
        read = [one.topic_name for one in self._node.subscriptions]
        return [topic for topic in read if topic not in NOT_OURS] + self._sent

    def _problem(self, topic: str) -> str:
        for problem in self._problems(topic):
            return problem
        return ''

    def _problems(self, topic: str) -> Iterator[str]:
        node = self._node
        for reader in node.subscriptions:
            if reader.topic_name == topic:
                for info in node.get_publishers_info_by_topic(topic):
                    yield from unmatched(topic, info, reader.qos_profile, they_send=True)
        for writer in node.publishers if topic in self._sent else ():
            if writer.topic_name == topic:
                for info in node.get_subscriptions_info_by_topic(topic):
                    yield from unmatched(topic, info, writer.qos_profile, they_send=False)


def unmatched(
    topic: str, info: TopicEndpointInfo, ours: QoSProfile, they_send: bool
) -> Iterator[str]:
    """Yield a sentence where an endpoint of another node and ours are kept apart."""
    theirs, ours = _told(info.qos_profile), _told(ours)
    pair = (theirs, ours) if they_send else (ours, theirs)
    verdict, _ = qos_check_compatible(*pair)
    if verdict != QoSCompatibility.ERROR:
        return
    name = next(policy for policy in (*POLICIES, '') if not policy or _apart(policy, *pair))
    who = owner(info)
    role, verb, want = (
        ('publisher', 'publishes', 'reads') if they_send else ('subscription', 'reads', 'sends')
    )
    yield (
        f'{topic}: {who} {verb} with {name} {_word(theirs, name)}, but this node {want} with '
        f'{_word(ours, name)}, so nothing arrives; set it in {who} (where it takes parameters: '
        f'qos_overrides.{topic}.{role}.{name})'
    )


def _told(profile: QoSProfile) -> QoSProfile:
    """Return what `profile` says, and nothing of what it leaves open: 0, or from DDS infinite."""
    told = QoSProfile(depth=1)
    for policy in POLICIES:
        value = getattr(profile, policy)
        if not isinstance(value, Duration) or value.nanoseconds < INFINITE_NS:
            setattr(told, policy, value)
    return told


def _apart(policy: str, offered: QoSProfile, asked: QoSProfile) -> bool:
    """Return whether this policy alone keeps a publisher and a subscription apart."""
    one, two = QoSProfile(depth=1), QoSProfile(depth=1)
    setattr(one, policy, getattr(offered, policy))
    setattr(two, policy, getattr(asked, policy))
    return qos_check_compatible(one, two)[0] == QoSCompatibility.ERROR


def _word(profile: QoSProfile, policy: str) -> str:
    value = getattr(profile, policy, None)
    return str(getattr(value, 'name', value))
