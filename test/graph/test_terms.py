"""A policy that follows a command, on the real graph: it waits for it, and does not outlive it."""

from pathlib import Path
import threading

from geometry_msgs.msg import Twist
from onnx import helper, TensorProto
from policy_joints import Joints, no_violation, policy_until
import pytest
from robot_runtime.ros import qos
from running_robot import POLICY, RunningRobot
from term_folder import JOINTS, model, ROBOT, value, write

HOME = ROBOT.home_position
PERIOD_S = 0.05


class Sender:
    """Sends a command again and again, from a thread of its own, until it is told to stop."""

    def __init__(self, robot: RunningRobot, forward: float) -> None:
        self._out = robot.trace.node.create_publisher(Twist, 'policy_node/twist', qos.INTERNAL)
        self._message, self._over = Twist(), threading.Event()
        self._message.linear.x = forward
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        while not self._over.wait(PERIOD_S):
            self._out.publish(self._message)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def policy(path: Path) -> str:
    """Write a policy that turns the first joint as far as it is told to go forward."""
    weights = {'home': HOME.tolist(), 'first': [1.0] + [0.0] * 7}
    tensors = [helper.make_tensor(name, TensorProto.FLOAT, [1, 8], row)
               for name, row in weights.items()]
    bounds = [helper.make_tensor(name, TensorProto.INT64, [1], [at])
              for name, at in (('from', 8), ('to', 9), ('axis', 1))]
    nodes = [
        helper.make_node('Slice', ['obs', 'from', 'to', 'axis'], ['forward']),
        helper.make_node('Mul', ['forward', 'first'], ['away']),
        helper.make_node('Add', ['home', 'away'], ['actions']),
    ]
    graph = model(nodes, [value('obs', [1, 17])], [value('actions', [1, 8])], [*tensors, *bounds])
    terms = [
        {'term': 'joint_position', 'joints': JOINTS},
        {'term': 'command', 'components': ['linear.x']},
        {'term': 'last_action'},
    ]
    inputs = [{'name': 'obs', 'terms': terms, 'normalization': 'identity'}]
    path.mkdir()
    return str(write(path, graph, inputs, output={'dt_s': 0.1, 'anchor': 'arrival'}))


def test_a_policy_waits_for_a_command_follows_it_and_stops_when_it_falls_silent(
    tmp_path: Path,
) -> None:
    with RunningRobot(tmp_path) as robot:
        joints = Joints(robot, JOINTS)
        robot.start('--policy', policy(tmp_path / 'told'))

        def waiting() -> bool:
            return robot.value(POLICY, 'message') == 'missing: twist'

        policy_until(robot, waiting, 'a policy without a command')
        assert joints.position[0] == pytest.approx(0.0, abs=0.01)
        sender = Sender(robot, 0.3)
        try:
            policy_until(robot, lambda: bool(joints.position[0] > 0.29), 'an arm that follows')
        finally:
            sender.stop()
        policy_until(robot, waiting, 'a policy whose command is old')
        no_violation(robot)
