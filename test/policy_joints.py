"""Measured joints of a running robot, and a policy that is run until they are somewhere."""

from collections.abc import Callable

import numpy as np
from robot_runtime.ros import conversions, qos
from running_robot import CONTROL, RunningRobot
from sensor_msgs.msg import JointState


class Joints:
    """The newest measured positions, in the order of `names`."""

    def __init__(self, robot: RunningRobot, names: list[str]) -> None:
        self.position = np.full(len(names), np.nan)
        self._names = names
        node = robot.client._node
        node.create_subscription(JointState, 'joint_states', self._on_joints, qos.SENSOR)

    def _on_joints(self, message: JointState) -> None:
        self.position = conversions.ordered(message.name, message.position, self._names)


def policy_until(robot: RunningRobot, condition: Callable[[], bool], what: str) -> None:
    """Run the policy until `condition` holds; lateness is let go of."""

    def there() -> bool:
        if robot.value(CONTROL, 'mode') != 'POLICY':
            robot.hold()
            robot.call('control_node/mode/policy')
        return condition()

    robot.until(there, what)


def policy_past(robot: RunningRobot, joints: Joints, past: float) -> None:
    """Run the policy until the first joint is past a place."""
    policy_until(robot, lambda: bool(joints.position[0] > past), f'a first joint past {past}')


def no_violation(robot: RunningRobot) -> None:
    """Assert that many commands came, and that the witness has nothing against them."""
    seen = robot.last_witness()
    assert int(seen['commands']) > 100
    assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen
