"""Output adapters: how a verified motion is written to each group's controller."""

from array import array
from typing import Protocol

from rclpy.node import Node
from robot_runtime.core.trajectory_window import TrajectoryWindow
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import RobotFile
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

TRAJECTORY_NS = 20_000_000  # from one message to a trajectory controller to the next
MOST_SPARE_NS = 20_000_000  # that such a message may come late before the controller brakes


class Output(Protocol):
    """Writes motions to one controller."""

    topic: str
    timed: bool  # whether its messages hold times on the ROS clock
    ends: bool  # whether somebody must end what it does, after a hang of ours

    def send(self, motion: Motion) -> None:
        """Take the motion of one period after the last one; publish it, or keep it."""

    def flush(self) -> None:
        """Publish what is kept, if it is time."""

    def overtaken(self, ros_now_ns: int) -> bool:
        """Return whether the controller brakes by itself already."""

    def follow(self, motion: Motion, ros_now_ns: int) -> Motion:
        """Return `motion` with the joints of this group where their controller brakes."""


class ForwardOutput:
    """
    Values for a forward controller of one interface, in the order of its `joints` parameter.

    Positions or efforts, or velocities for a group that takes them. A controller of velocities
    goes on at the last one for ever, and one of efforts pushes on, unless a driver ends that; so
    the gate sends zeros while it holds.
    """

    timed = False

    def __init__(
        self, node: Node, topic: str, joints: slice, rates: bool = False, ends: bool = False
    ) -> None:
        self.topic, self._joints, self._rates, self.ends = topic, joints, rates, ends
        self._publisher = node.create_publisher(Float64MultiArray, topic, qos.COMMAND)
        self._message = Float64MultiArray()

    def send(self, motion: Motion) -> None:
        """Publish the positions (of efforts: these), or the velocities, of this group."""
        values = motion.velocity if self._rates else motion.position
        self._message.data = array('d', values[self._joints].tolist())
        self._publisher.publish(self._message)

    def flush(self) -> None:
        """Do nothing: all is published."""

    def overtaken(self, ros_now_ns: int) -> bool:
        """Return False: such a controller does nothing by itself."""
        return False

    def follow(self, motion: Motion, ros_now_ns: int) -> Motion:
        """Return `motion`."""
        return motion


class TrajectoryOutput:
    """
    Trajectories for a joint_trajectory_controller: verified points and a stop as their tail.

    Times are absolute, on the ROS clock: with stamp 0 ("now") each message would be shifted by
    its own way here, and a message that overlaps the last one would be run twice.
    """

    timed, ends = True, False

    def __init__(
        self,
        node: Node,
        topic: str,
        joints: slice,
        names: tuple[str, ...],
        window: TrajectoryWindow,
    ) -> None:
        self.topic, self._joints = topic, joints
        self._clock, self._window = node.get_clock(), window
        self._publisher = node.create_publisher(JointTrajectory, topic, qos.COMMAND)
        self._message = JointTrajectory(joint_names=list(names))
        self._spare: list[JointTrajectoryPoint] = []
        self._sent_ns = 0
        self._kept = False

    def send(self, motion: Motion) -> None:
        """Keep the motion of this group for the next message."""
        self._kept = True
        self._window.add(motion.part(self._joints), self._now_ns())

    def flush(self) -> None:
        """Publish the trajectory, 50 times a second; an overtaken one would be a jump."""
        now_ns = self._now_ns()
        due = not 0 <= now_ns - self._sent_ns < TRAJECTORY_NS
        if self._kept and due and not self._window.overtaken(now_ns):
            self._sent_ns, self._kept = now_ns, False
            self._publish(*self._window.trajectory(now_ns))

    def overtaken(self, ros_now_ns: int) -> bool:
        """Return whether the controller has begun the stop that the last message ended with."""
        return self._window.overtaken(ros_now_ns)

    def follow(self, motion: Motion, ros_now_ns: int) -> Motion:
        """Return `motion` with the joints of this group where their controller brakes."""
        return motion.with_part(self._joints, self._window.follow_tail(ros_now_ns))

    def _now_ns(self) -> int:
        return int(self._clock.now().nanoseconds)

    def _publish(self, due_ns: list[int], position: Floats, velocity: Floats) -> None:
        while len(self._spare) < len(due_ns):
            self._spare.append(JointTrajectoryPoint())  # made once: that is what costs time
        points = self._spare[: len(due_ns)]
        for point, at_ns, q, v in zip(points, due_ns, position, velocity, strict=True):
            point.positions = array('d', q.tobytes())
            point.velocities = array('d', v.tobytes())
            span = point.time_from_start
            span.sec, span.nanosec = divmod(at_ns - due_ns[0], conversions.SECOND)
        self._message.header.stamp = conversions.time_message(due_ns[0])
        self._message.points = points
        self._publisher.publish(self._message)


def outputs(
    node: Node, robot: RobotFile, limits: Limits, period_ns: int, budget_ns: int
) -> tuple[Output, ...]:
    """Return the output of each joint group of `robot`; `budget_ns` is the gate's patience."""
    made: list[Output] = []
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        output = robot.topics.command[group.name]
        if output.adapter == 'joint_trajectory':
            delay_ns = TRAJECTORY_NS + min(budget_ns, MOST_SPARE_NS)
            window = TrajectoryWindow(limits.part(joints), period_ns, delay_ns)
            names = robot.joint_names[joints]
            made.append(TrajectoryOutput(node, output.topic, joints, names, window))
        else:
            rates = group.command == 'velocity'
            ends = rates or group.command == 'effort'
            made.append(ForwardOutput(node, output.topic, joints, rates, ends))
    return tuple(made)
