"""Life cycle: nodes that wait, rest and leave as `ros2 lifecycle` asks for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecycle_msgs.srv import ChangeState, GetState
from robot_runtime.ros.session_client import SessionClient
from running_robot import CONTROL, GATE, POLICY, RunningRobot, WITNESS

SECONDS = 10.0


def ask(client: SessionClient, service: str, kind: Any, request: Any) -> Any:
    """Call any service through the client's own node."""
    made = client._node.create_client(kind, service)
    try:
        assert made.wait_for_service(SECONDS), service
        future = made.call_async(request)
        client._executor.spin_until_future_complete(future, SECONDS)
        assert future.done(), service
        return future.result()
    finally:
        client._node.destroy_client(made)


def state(robot: RunningRobot, node: str) -> str:
    """Return what `ros2 lifecycle get` prints."""
    answer = ask(robot.client, f'{node}/get_state', GetState, GetState.Request())
    return str(answer.current_state.label)


def change(robot: RunningRobot, node: str, transition: str) -> bool:
    """Do what `ros2 lifecycle set` does."""
    request = ChangeState.Request()
    request.transition.label = transition
    return bool(ask(robot.client, f'{node}/change_state', ChangeState, request).success)


def is_(robot: RunningRobot, topic: str, key: str, value: str) -> Callable[[], bool]:
    return lambda: robot.value(topic, key) == value


def test_nodes_rest_wait_leave_and_come_back_as_ros2_lifecycle_asks(tmp_path: Path) -> None:
    with RunningRobot(tmp_path) as robot:
        robot.start()
        assert {state(robot, node) for node in ('control_node', 'safety_node', 'policy_node')} == {
            'active'
        }
        assert not change(robot, 'control_node', 'cleanup')  # it is not inactive

        robot.move_fast()
        assert change(robot, 'control_node', 'deactivate')
        robot.until(is_(robot, CONTROL, 'mode', 'IDLE'), 'control in IDLE')
        assert not robot.call('control_node/mode/hold')
        assert change(robot, 'control_node', 'activate')
        robot.hold()

        robot.move_fast()
        assert change(robot, 'safety_node', 'deactivate')
        robot.until(is_(robot, GATE, 'active', '0'), 'an inactive gate')
        assert robot.value(GATE, 'state') == 'REST'
        assert not robot.call('safety_node/reset')
        robot.until(
            lambda: float(robot.value(WITNESS, 'last_command_age_ms') or 0) > 500.0, 'silence'
        )
        assert change(robot, 'safety_node', 'activate')
        robot.hold()

        assert change(robot, 'policy_node', 'deactivate')
        robot.until(is_(robot, POLICY, 'state', 'inactive'), 'an inactive policy')
        assert change(robot, 'policy_node', 'cleanup')
        robot.until(lambda: not robot.values(POLICY), 'a policy that has left')
        assert state(robot, 'policy_node') == 'unconfigured'
        assert change(robot, 'policy_node', 'configure')
        assert change(robot, 'policy_node', 'activate')
        robot.hold()
        robot.move_fast()
        seen = robot.last_witness()
        assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen
        assert robot.end() == 0
