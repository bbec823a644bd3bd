"""Second senders on the graph: two policies, or two persons, stop the robot and are both named."""

from collections.abc import Callable, Iterator

import pytest
from rclpy.node import Node
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import load_robot
from running_robot import CONTROL, GATE, RunningRobot
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

FR3 = load_robot('fr3')
CHUNK, TELEOP = 'policy_node/chunk', 'control_node/teleop'
PERIOD_S = 0.02
WITHIN_S = 10.0  # ten times what is promised


class Other:
    """A node of another name that sends positions: as chunks, or as a person does."""

    def __init__(self, robot: RunningRobot, name: str, topic: str) -> None:
        self._node = Node(
            name, context=robot.client._node.context, start_parameter_services=False
        )
        self._out = self._node.create_publisher(JointTrajectory, topic, qos.INTERNAL)
        robot.until(self._out.get_subscription_count, 'control, which reads it')

    def send(self, position: Floats) -> None:
        """Send one position, as a chunk of one row or a message of teleop."""
        point = JointTrajectoryPoint(positions=position.tolist())
        message = JointTrajectory(joint_names=list(FR3.joint_names), points=[point])
        now_ns = self._node.get_clock().now().nanoseconds
        message.header.stamp = conversions.time_message(now_ns)
        self._out.publish(message)

    def leave(self) -> None:
        """End it."""
        self._node.destroy_node()


@pytest.fixture(scope='module')
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRobot]:
    with RunningRobot(tmp_path_factory.mktemp('robot')) as made:
        made.start()
        yield made


def sending(robot: RunningRobot, *others: Other) -> Callable[[], None]:
    def send() -> None:
        for other in others:
            other.send(FR3.home_position)
        robot.spin(PERIOD_S)

    return send


def until_fault(robot: RunningRobot, send: Callable[[], None], sentence: str) -> None:
    """Send until control is in FAULT for that; lateness, on a busy machine, is let go of."""

    def stopped() -> bool:
        send()
        return sentence in robot.value(CONTROL, 'fault')

    robot.until(stopped, sentence, WITHIN_S)
    robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm that stands')
    assert robot.value(CONTROL, 'mode') == 'FAULT'


def test_a_second_policy_stops_the_robot_with_its_first_chunk(robot: RunningRobot) -> None:
    robot.move_fast()
    other = Other(robot, 'second_policy', CHUNK)
    sentence = (
        'a second publisher sends on /policy_node/chunk, where one alone may: /policy_node and '
        '/second_policy; end the other one or use another ROS_DOMAIN_ID'
    )
    until_fault(robot, sending(robot, other), sentence)
    assert robot.value(GATE, 'state') in ('PASS', 'REST')  # it was control that came to rest
    other.leave()
    robot.hold()
    robot.move_fast()  # the one that is left is listened to again
    seen = robot.last_witness()
    assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen


def test_two_persons_at_once_stop_the_robot_and_one_after_the_other_do_not(
    robot: RunningRobot,
) -> None:
    robot.hold()
    one, two = (Other(robot, name, TELEOP) for name in ('person_one', 'person_two'))
    for person in (one, two, one):  # each waits for the silence that ends the other's turn
        send = sending(robot, person)

        def moves(send: Callable[[], None] = send) -> bool:
            if robot.value(CONTROL, 'mode') == 'FAULT':
                robot.hold()
            send()
            return robot.value(CONTROL, 'mode') == 'TELEOP'

        robot.until(moves, 'TELEOP')
        assert 'second' not in robot.value(CONTROL, 'teleop')
        robot.until(lambda: robot.value(CONTROL, 'mode') in ('HOLD', 'FAULT'), 'silence')
    robot.hold()
    sentence = (
        'a second publisher sends on /control_node/teleop, where one alone may: /person_one and '
        '/person_two; end the other one or use another ROS_DOMAIN_ID'
    )
    until_fault(robot, sending(robot, one, two), sentence)
    one.leave()
    two.leave()
    robot.hold()


def test_a_policy_that_cannot_be_heard_is_named(robot: RunningRobot) -> None:
    robot.hold()
    mute = robot.client._node.create_publisher(JointTrajectory, CHUNK, qos.SENSOR)
    robot.until(lambda: 'RELIABLE' in robot.value(CONTROL, 'fault'), 'a fault', WITHIN_S)
    assert robot.value(CONTROL, 'fault').startswith(
        '/policy_node/chunk: /running_robot publishes with reliability BEST_EFFORT, but this node '
        'reads with RELIABLE, so nothing arrives; set it in /running_robot'
    )
    assert robot.value(CONTROL, 'mode') == 'FAULT'
    robot.client._node.destroy_publisher(mute)
    robot.hold()
    assert robot.end() == 0
