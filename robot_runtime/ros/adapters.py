"""Output adapters: how a verified motion is written to each group's controller."""

from array import array
from typing import Protocol

from rclpy.node import Node
from robot_runtime.core.types import Motion
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import RobotFile
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory


class Output(Protocol):
    """Writes motions to one controller."""

    topic: str

    def send(self, motion: Motion) -> None:
        """Publish the joints of this group."""


class ForwardOutput:
    """Positions for a forward position controller, in the order of its `joints` parameter."""

    def __init__(self, node: Node, topic: str, joints: slice) -> None:
        self.topic, self._joints = topic, joints
        self._publisher = node.create_publisher(Float64MultiArray, topic, qos.COMMAND)
        self._message = Float64MultiArray()

    def send(self, motion: Motion) -> None:
        """Publish the positions of this group."""
        self._message.data = array('d', motion.position[self._joints].tolist())
        self._publisher.publish(self._message)


class TrajectoryOutput:
    """Points for a joint_trajectory_controller: one verified point, due one period ahead."""

    def __init__(
        self, node: Node, topic: str, joints: slice, names: tuple[str, ...], period_ns: int
    ) -> None:
        self.topic, self._joints, self._names = topic, joints, list(names)
        self._period_ns = period_ns
        self._publisher = node.create_publisher(JointTrajectory, topic, qos.COMMAND)

    def send(self, motion: Motion) -> None:
        """Publish position, velocity and acceleration of this group; stamp 0 means now."""
        part = Motion(
            motion.position[self._joints],
            motion.velocity[self._joints],
            motion.acceleration[self._joints],
        )
        point = conversions.motion_point(part, self._period_ns)
        self._publisher.publish(JointTrajectory(joint_names=self._names, points=[point]))


def outputs(node: Node, robot: RobotFile, period_ns: int) -> tuple[Output, ...]:
    """Return the output of each joint group of `robot`."""
    made: list[Output] = []
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        output = robot.topics.command[group.name]
        if output.adapter == 'joint_trajectory':
            names = robot.joint_names[joints]
            made.append(TrajectoryOutput(node, output.topic, joints, names, period_ns))
        else:
            made.append(ForwardOutput(node, output.topic, joints))
    return tuple(made)
