"""Periphery of a running robot: buttons, permits, words to the simulator, and intruders."""

from typing import Any

from rclpy.node import Node
from robot_runtime.ros import qos
from std_msgs.msg import Bool, String
from trajectory_msgs.msg import JointTrajectory

PERMIT_S = 0.05  # a deadman switch says so twenty times a second
PERMITS = (
    {'name': 'deadman', 'topic': 'deadman', 'timeout_s': 0.2},
    {'name': 'driver', 'topic': 'driver_ready', 'timeout_s': None},
)
TOPICS = (
    ('sim/fault', String, qos.INTERNAL), ('estop', Bool, qos.INTERNAL),
    ('deadman', Bool, qos.INTERNAL), ('driver_ready', Bool, qos.LATCHED),
    ('control_node/teleop', JointTrajectory, qos.INTERNAL),
)


class Periphery:
    """Publishes on topics that a robot has around it; its timers run while the node is spun."""

    def __init__(self, node: Node) -> None:
        """Use `node`; what is made at once is known to all when a robot moves."""
        self._outs = {
            topic: node.create_publisher(kind, topic, profile) for topic, kind, profile in TOPICS
        }
        self.given: dict[str, bool] = {}  # permits of PERMITS
        self.intruder: Node | None = None
        node.create_timer(PERMIT_S, self._repeat)

    def say(self, topic: str, message: Any) -> None:
        """Publish a message on one of TOPICS."""
        self._outs[topic].publish(message)

    def give(self, permit: str, given: bool) -> None:
        """Give a permit from now on, or no longer: one that is repeated falls silent."""
        self.given[permit] = given
        if permit == 'driver':
            self.say('driver_ready', Bool(data=given))
        self._repeat()

    def _repeat(self) -> None:
        if self.given.get('deadman'):
            self.say('deadman', Bool(data=True))
