"""Managed node: what goes wrong in a transition is said, and does not leave half a node behind."""

from collections.abc import Iterator
import os

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from robot_runtime.ros.managed_node import ManagedNode
from robot_runtime.ros.shutdown import NodeError
from robot_runtime.runtime.config_file import ConfigError
from std_msgs.msg import String


class Told:
    """Stop flag that is set from the start or never."""

    def __init__(self, set_: bool) -> None:
        self.set = set_


class Worker:
    """Part that publishes, and runs until it may leave."""

    refuses = ''

    def __init__(self, node: ManagedNode, done: list[str], fails: bool = False) -> None:
        self._node, self._done, self._fails = node, done, fails
        node.create_publisher(String, 'words', 1)

    def activate(self) -> None:
        if self.refuses:
            raise NodeError(self.refuses)
        self._done.append('activate')

    def deactivate(self) -> None:
        self._done.append('deactivate')
        if self._fails:
            raise ConfigError('it does not come to rest')

    def run(self) -> int:
        self._done.append('run')
        self._node.trigger_deactivate()
        self._node.trigger_cleanup()
        assert self._node.leaving
        return 0

    def close(self) -> None:
        self._done.append('close')


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagedNode]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    rclpy.init()
    made = ManagedNode('managed')
    yield made
    made.destroy_node()
    rclpy.shutdown()


def topics(node: ManagedNode) -> list[str]:
    return [publisher.topic_name for publisher in node.publishers]


def test_a_part_works_between_configure_and_cleanup_and_leaves_nothing(node: ManagedNode) -> None:
    done: list[str] = []
    stop = Told(False)
    node.make = lambda: Worker(node, done)
    node.start()
    assert '/words' in topics(node)
    stop.set = True
    assert node.live(stop) == 0
    assert done == ['activate', 'run', 'deactivate', 'close']
    assert node.part is None
    assert '/words' not in topics(node)


def test_files_that_are_wrong_leave_it_unconfigured_and_it_may_be_tried_again(
    node: ManagedNode,
) -> None:
    def wrong() -> Worker:
        node.create_publisher(String, 'half', 1)
        raise ConfigError('no robot is named nobody')

    node.make = wrong
    with pytest.raises(ConfigError, match='nobody'):
        node.start()
    assert '/half' not in topics(node)
    node.make = lambda: Worker(node, [])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_a_part_that_cannot_rest_ends_the_process_with_its_error(node: ManagedNode) -> None:
    node.make = lambda: Worker(node, [], fails=True)
    node.start()
    with pytest.raises(ConfigError, match='rest'):
        node.live(Told(True))
    assert not node.active


def test_an_activation_that_is_refused_leaves_it_inactive_and_may_be_asked_for_again(
    node: ManagedNode,
) -> None:
    done: list[str] = []
    part = Worker(node, done)
    part.refuses = 'estop: the qualities of service differ'
    node.make = lambda: part
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert (node.active, node.part, done) == (False, part, [])
    part.refuses = ''
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert node.active
    assert done == ['activate']


def test_a_node_that_starts_by_itself_ends_with_the_refusal(node: ManagedNode) -> None:
    done: list[str] = []
    part = Worker(node, done)
    part.refuses = 'estop: the qualities of service differ'
    node.make = lambda: part
    with pytest.raises(NodeError, match='differ'):
        node.start()
    assert done == ['close']
