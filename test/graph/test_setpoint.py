"""A robot whose arm takes setpoints, on the real graph: it moves, stops, and ends inside."""

from pathlib import Path

from model_folder import folder
from onnx import helper, ModelProto, TensorProto
from policy_joints import Joints, no_violation, policy_past
import pytest
from robot_runtime.runtime.robot_file import load_robot
from running_robot import GATE, RunningRobot

ROBOT = load_robot('fr3_setpoint')
NAMES = list(ROBOT.joint_names)
HOME = ROBOT.home_position
END = 2.7437  # [rad] of the first joint


def graph(row: list[float]) -> ModelProto:
    """Return a graph that says `row` whatever the state is."""
    nodes = [
        helper.make_node('Mul', ['state', 'zero'], ['nothing']),
        helper.make_node('Add', ['nothing', 'row'], ['actions']),
    ]
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, [len(value)], value)
        for name, value in {'row': row, 'zero': [0.0]}.items()
    ]
    shape = [1, 8]
    body = helper.make_graph(
        nodes, 'places', [helper.make_tensor_value_info('state', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info('actions', TensorProto.FLOAT, shape)], tensors,
    )  # fmt: skip
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def policy(path: Path, first: float) -> str:
    """Write a policy of one row at 50 Hz that sends the first joint to a place."""

    def change(card: dict) -> None:
        del card['inputs'][1]
        card['inputs'][0] |= {'joints': NAMES, 'normalization': 'identity'}
        card['output'] |= {
            'joints': NAMES, 'rows': 1, 'dt_s': 0.1, 'interpolation': 'zoh',
            'anchor': 'arrival', 'normalization': 'identity',
        }  # fmt: skip
        card['schedule'] = {'kind': 'latest', 'period_s': 0.02}

    path.mkdir()
    return str(folder(path, change, graph([first, *HOME[1:].tolist()])))


def test_setpoints_move_the_arm_end_at_its_range_and_an_estop_holds_it_where_it_is(
    tmp_path: Path,
) -> None:
    with RunningRobot(tmp_path, 'robot:=fr3_setpoint', 'witness_scale:=0.5') as robot:
        joints = Joints(robot, NAMES)
        robot.start('--robot', 'fr3_setpoint', '--policy', policy(tmp_path / 'far', 9.0))
        policy_past(robot, joints, 0.5)
        robot.call('safety_node/estop')
        robot.until(lambda: robot.value(GATE, 'state') == 'REST', 'a gate at rest')
        robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm that stands')
        stopped = joints.position[0]
        assert 0.5 < stopped < 1.2
        robot.hold()
        assert joints.position[0] == pytest.approx(stopped, abs=0.02)
        policy_past(robot, joints, END - 0.02)
        robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm that stands')
        assert joints.position[0] == pytest.approx(END, abs=0.005)
        assert joints.position[7] == pytest.approx(HOME[7], abs=5e-3)
        robot.call('control_node/mode/hold')
        robot.call('control_node/mode/home')
        robot.until(lambda: abs(joints.position[0]) < 0.02, 'an arm at home')
        no_violation(robot)
