"""A robot whose arm takes efforts, on the real graph: it moves, is damped, and stays inside."""

from pathlib import Path

from model_folder import folder
from onnx import helper, ModelProto, TensorProto
from policy_joints import Joints, no_violation, policy_past, policy_until
from robot_runtime.runtime.command_kinds import effort_joints
from robot_runtime.runtime.robot_file import load_robot
from running_robot import CONTROL, GATE, POLICY, RunningRobot

ROBOT = load_robot('fr3_effort')
NAMES = list(ROBOT.joint_names)
HAND = 0.04  # [m] open
FIRST_NAN = 0.5  # [rad] of the first joint


def graph(effort: float, until: float) -> ModelProto:
    """Return a graph: `effort` for the first joint; not a number once it is past `until`."""
    row, mask = [effort, *([0.0] * 6), HAND], [1.0, *([0.0] * 7)]
    nodes = [
        helper.make_node('Mul', ['state', 'mask'], ['first']),
        helper.make_node('Sub', ['until', 'first'], ['left']),
        helper.make_node('Sqrt', ['left'], ['root']),
        helper.make_node('Mul', ['root', 'zero'], ['nothing']),
        helper.make_node('Cast', ['nothing'], ['none'], to=TensorProto.DOUBLE),
        helper.make_node('Add', ['none', 'row'], ['actions']),
    ]
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, [len(value)], value)
        for name, value in {'mask': mask, 'until': [until], 'zero': [0.0]}.items()
    ]
    tensors.append(helper.make_tensor('row', TensorProto.DOUBLE, [8], row))
    body = helper.make_graph(
        nodes, 'efforts', [helper.make_tensor_value_info('state', TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info('actions', TensorProto.DOUBLE, [1, 8])], tensors,
    )  # fmt: skip
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def policy(path: Path, effort: float, until: float = 9.0) -> str:
    """Write a policy of efforts, and return its folder."""

    def change(card: dict) -> None:
        del card['inputs'][1]
        card['inputs'][0] |= {'joints': NAMES, 'normalization': 'identity'}
        card['output'] |= {
            'action': 'effort', 'joints': NAMES, 'rows': 1, 'dt_s': 0.1,
            'interpolation': 'zoh', 'anchor': 'arrival', 'normalization': 'identity',
        }  # fmt: skip
        card['schedule'] = {'kind': 'latest', 'period_s': 0.02}

    path.mkdir()
    return str(folder(path, change, graph(effort, until)))


def rests(robot: RunningRobot) -> None:
    robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm at rest')


def test_efforts_move_the_arm_an_estop_damps_it_and_wild_policies_are_stopped_inside(
    tmp_path: Path,
) -> None:
    known = effort_joints(ROBOT)
    assert known is not None
    with RunningRobot(tmp_path, 'robot:=fr3_effort', 'witness_scale:=0.5') as robot:
        joints = Joints(robot, NAMES)
        robot.start('--robot', 'fr3_effort', '--policy', policy(tmp_path / 'push', 6.0))
        policy_past(robot, joints, 0.3)
        robot.call('safety_node/estop')
        robot.until(lambda: robot.value(GATE, 'state') == 'REST', 'a gate at rest')
        rests(robot)
        assert robot.value(CONTROL, 'mode') == 'ESTOP'
        stopped = joints.position[0]
        assert 0.3 < stopped < 1.5
        robot.hold()
        policy_past(robot, joints, stopped + 0.1)
        robot.call('control_node/mode/hold')
        rests(robot)
        robot.end()

        robot.start('--robot', 'fr3_effort', '--policy', policy(tmp_path / 'back', -1e308))
        policy_until(robot, lambda: bool(joints.position[0] < -1.0), 'an arm that came back')
        robot.call('control_node/mode/hold')
        rests(robot)
        robot.end()

        robot.start('--robot', 'fr3_effort', '--policy',
                    policy(tmp_path / 'nan', 8.0, FIRST_NAN))
        policy_past(robot, joints, FIRST_NAN)
        robot.until(lambda: robot.value(CONTROL, 'mode') != 'POLICY', 'the end of POLICY')
        robot.until(lambda: 'not finite' in robot.value(POLICY, 'message'), 'the reason')
        rests(robot)
        assert joints.position[0] < FIRST_NAN + 1.0
        robot.end()

        robot.start('--robot', 'fr3_effort', '--policy', policy(tmp_path / 'far', 1e308))
        policy_past(robot, joints, known.upper[0] - 0.1)
        robot.spin(3.0)  # it pushes all the time, and may creep to and fro before the end
        assert joints.position[0] < known.upper[0]
        no_violation(robot)
