"""A robot whose arm takes velocities, on the real graph: bad policies stay inside and stop."""

from pathlib import Path
import signal

from model_folder import folder
from onnx import helper, ModelProto, TensorProto
from policy_joints import Joints, no_violation, policy_past, policy_until
import pytest
from robot_runtime.core.limits import braking
from robot_runtime.runtime.command_kinds import velocity_joints
from robot_runtime.runtime.robot_file import load_robot
from running_robot import CONTROL, GATE, POLICY, RunningRobot

ROBOT = load_robot('fr3_velocity')
NAMES = list(ROBOT.joint_names)
HAND = 0.04  # [m] open
FIRST_NAN = 0.4  # [rad] of the first joint


def graph(speed: float, until: float) -> ModelProto:
    """Return a graph: `speed` for the first joint; not a number once it is past `until`."""
    row = [speed, *([0.0] * 6), HAND]
    mask = [1.0, *([0.0] * 7)]
    nodes = [
        helper.make_node('Mul', ['state', 'mask'], ['first']),
        helper.make_node('Sub', ['until', 'first'], ['left']),
        helper.make_node('Sqrt', ['left'], ['root']),
        helper.make_node('Mul', ['root', 'zero'], ['nothing']),
        helper.make_node('Add', ['nothing', 'row'], ['actions']),
    ]
    values = {'mask': mask, 'row': row, 'until': [until], 'zero': [0.0]}
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, [len(value)], value)
        for name, value in values.items()
    ]
    shape = [1, 8]
    body = helper.make_graph(
        nodes, 'speeds', [helper.make_tensor_value_info('state', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info('actions', TensorProto.FLOAT, shape)], tensors,
    )  # fmt: skip
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def policy(path: Path, speed: float, until: float = 9.0) -> str:
    """Write a policy of velocities, and return its folder."""

    def change(card: dict) -> None:
        del card['inputs'][1]
        card['inputs'][0] |= {'joints': NAMES, 'normalization': 'identity'}
        card['output'] |= {
            'action': 'joint_velocity', 'joints': NAMES, 'rows': 1, 'dt_s': 0.1,
            'interpolation': 'zoh', 'anchor': 'arrival', 'normalization': 'identity',
        }  # fmt: skip
        card['schedule'] = {'kind': 'latest', 'period_s': 0.05}

    path.mkdir()
    return str(folder(path, change, graph(speed, until)))


def stands(robot: RunningRobot) -> None:
    robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm that stands')


def test_policies_that_end_in_no_number_or_go_too_fast_for_an_end_stop_inside(
    tmp_path: Path,
) -> None:
    joints_of_velocity = velocity_joints(ROBOT)
    assert joints_of_velocity is not None
    end = braking(joints_of_velocity.kept, 0.004)[2][0]
    with RunningRobot(tmp_path, 'robot:=fr3_velocity') as robot:
        joints = Joints(robot, NAMES)
        robot.start('--robot', 'fr3_velocity', '--policy',
                    policy(tmp_path / 'nan', 0.3, FIRST_NAN))
        policy_past(robot, joints, FIRST_NAN)
        stands(robot)
        assert joints.position[0] < FIRST_NAN + 0.3
        assert 'not finite' in str(robot.client.status(POLICY, 9.0))
        robot.until(lambda: robot.value(CONTROL, 'mode') != 'POLICY', 'the end of POLICY')
        no_violation(robot)
        robot.end()
        robot.start('--robot', 'fr3_velocity', '--policy', policy(tmp_path / 'fast', 1e3))
        policy_past(robot, joints, end - 0.05)
        stands(robot)
        assert joints.position[0] == pytest.approx(end, abs=0.02)
        assert joints.position[7] == pytest.approx(HAND, abs=5e-3)
        no_violation(robot)


def test_a_gate_that_hung_ends_the_velocity_that_a_driver_without_a_time_out_went_on_at(
    tmp_path: Path,
) -> None:
    # 1 s is as good as no time-out here: the gate wakes after 0.3 s
    with RunningRobot(tmp_path, 'robot:=fr3_velocity', 'command_timeout_s:=1.0') as robot:
        joints = Joints(robot, NAMES)
        robot.start('--robot', 'fr3_velocity', '--policy', policy(tmp_path / 'slow', 0.4))
        policy_until(robot, lambda: robot.trace.speed > 0.35, 'an arm that goes')
        began = joints.position[0]
        robot.send('safety_node', signal.SIGSTOP)
        robot.spin(0.3)
        hung = joints.position[0] - began
        woken_ns = robot.send('safety_node', signal.SIGCONT)
        assert robot.stop_time(woken_ns) < 2.0  # 0.2 s promised, times 10
        assert hung > 0.05, 'the driver went on'
        assert robot.value(GATE, 'latched') == '1'
        assert robot.value(GATE, 'reason').startswith('command late: the gate itself slept 3')
        no_violation(robot)
        assert robot.last_witness()['driver_timeouts'] == '0', 'the gate ended it'
