"""Controller of one joint group of the simulator: its topics, its driver and its witness."""

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling
from robot_runtime.sim.driver import Driver
from robot_runtime.sim.groups import JointGroup
from robot_runtime.sim.witness import CommandWitness
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

# As deep as the longest stall to be survived: the witness must judge every command that was sent.
MOST = 200
COMMANDS = QoSProfile(depth=MOST, reliability=ReliabilityPolicy.RELIABLE)


class SimController:
    """Takes commands as ros2_control's forward and trajectory controllers do."""

    def __init__(self, node: Node, group: JointGroup, period_s: float) -> None:
        """Subscribe; `period_s` is nominal, from one array command to the next."""
        self._group, self._node, self._period_s = group, node, period_s
        self._origin_ns = 0
        self.joints, self.driver, self.witness = group.joints, group.driver, group.witness
        self._forward = node.create_subscription(
            Float64MultiArray, f'{group.name}/commands', _unused, COMMANDS
        )
        self._trajectories = node.create_subscription(
            JointTrajectory, f'{group.name}/joint_trajectory', _unused, COMMANDS
        )

    def take(self, measured: Floats, now_ns: int, ros_ns: int) -> None:
        """Take what came; a message that cannot be meant for these joints is refused aloud."""
        mine = measured[self._group.joints]
        for message in polling.drain(self._forward, MOST):
            values = np.array(message.data, dtype=np.float64)
            if len(values) == len(self._group.joint_names):
                if self.witness is not None:
                    self.witness.command(values, self._period_s, mine, now_ns)
                self.driver.command(values, now_ns)
            else:
                self._refuse(f'{len(values)} values for {len(self._group.joint_names)} joints')
        for message in polling.drain(self._trajectories, MOST):
            try:
                self._run(message, mine, now_ns, ros_ns)
            except (JointNameError, ValueError) as error:
                self._refuse(str(error))

    def _run(self, message: JointTrajectory, measured: Floats, now_ns: int, ros_ns: int) -> None:
        driver, witness = self.driver, self.witness
        if not isinstance(driver, Driver) or not isinstance(witness, CommandWitness | None):
            raise ValueError('a trajectory, but this controller takes no positions')
        names, points = self._group.joint_names, message.points
        if not points:
            raise ValueError('a trajectory without points')
        rows = [conversions.ordered(message.joint_names, p.positions, names) for p in points]
        times = [conversions.nanoseconds(p.time_from_start) for p in points]
        if any(after <= before for before, after in zip(times, times[1:], strict=False)):
            raise ValueError('times of a trajectory must increase')
        stamp_ns = conversions.nanoseconds(message.header.stamp)
        if stamp_ns and stamp_ns + times[-1] < ros_ns:
            past_ms = (ros_ns - stamp_ns - times[-1]) / 1e6
            raise ValueError(f'a trajectory that ended {past_ms} ms ago')
        velocities = None
        if all(point.velocities for point in points):
            have = message.joint_names
            velocities = np.array([conversions.ordered(have, p.velocities, names) for p in points])
            if velocities[-1].any():
                raise ValueError('a trajectory whose last point has a velocity')
        times_s, positions = np.array(times) / 1e9, np.array(rows)
        if witness is not None:
            # Since the first one: seconds since 1970 leave 0.2 us of a float, which is too little.
            self._origin_ns = self._origin_ns or stamp_ns
            start_s = (stamp_ns - self._origin_ns) / 1e9 if stamp_ns else None
            witness.trajectory(times_s, positions, start_s, measured, now_ns)
        ahead_s = (stamp_ns - ros_ns) / 1e9 if stamp_ns else 0.0
        driver.trajectory(times_s + ahead_s, positions, now_ns, velocities)

    def _refuse(self, why: str) -> None:
        self._node.get_logger().warning(f'{self._group.name} refused a command: {why}')


def _unused(message: object) -> None:
    """Subscriptions are polled; rclpy wants a callback all the same."""
