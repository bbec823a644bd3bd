"""Tests of actions about a tool: joints that bring it there, and poses that no arm reaches."""

from pathlib import Path

import numpy as np
from onnx import helper, TensorProto
import pinocchio as pin
import pytest
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.urdf_model import load_model
from term_folder import JOINTS, loaded, model, MS, ROBOT, state, value, write

FRAME = 'fr3_hand_tcp'
ARM = JOINTS[:7]
HOME = ROBOT.home_position
URDF = load_model(Path(ROBOT.urdf), JOINTS)
STEP = 0.02


def place(joints):
    """Return where the tool is, by pinocchio's own words."""
    data = URDF.model.createData()
    pin.framesForwardKinematics(URDF.model, data, URDF.matrix @ joints + URDF.offset)
    return data.oMf[URDF.model.getFrameId(FRAME)].copy()


AT = place(HOME)
XYZW = pin.Quaternion(AT.rotation).coeffs()


def chunk(tmp_path, rows, tool, robot=ROBOT, **output):
    """Return what is proposed at home by a policy that gives `rows`."""
    rows = np.array(rows, np.float32)
    shape = [1, *rows.shape] if len(rows) > 1 else [1, rows.shape[1]]
    nodes = [
        helper.make_node('ReduceSum', ['obs'], ['sum'], keepdims=0),
        helper.make_node('Mul', ['sum', 'zero'], ['none']),
        helper.make_node('Add', ['rows', 'none'], ['actions']),
    ]
    weights = [
        helper.make_tensor('rows', TensorProto.FLOAT, shape, rows.ravel()),
        helper.make_tensor('zero', TensorProto.FLOAT, [], [0.0]),
    ]
    graph = model(nodes, [value('obs', [1, 8])], [value('actions', shape)], weights)
    seen = [{'name': 'obs', 'term': 'joint_position', 'joints': JOINTS,
             'normalization': 'identity'}]
    tool = tool if tool is None else {'frame': FRAME, 'joints': ARM} | tool
    given = {'rows': len(rows), 'tool': tool, **output}
    inference = loaded(write(tmp_path, graph, seen, output=given), robot)
    answer = inference.propose(Inputs((state(HOME),)), 10 * MS, memory=Memory())
    return answer if isinstance(answer, Missing) else answer.rows


def assert_at(joints, target, at_m=2e-4, at_rad=2e-3):
    got = place(joints)
    assert np.linalg.norm(got.translation - target.translation) < at_m
    assert np.linalg.norm(pin.log3(got.rotation.T @ target.rotation)) < at_rad


@pytest.mark.parametrize(
    ('rotation', 'order'), [('quaternion_xyzw', [0, 1, 2, 3]), ('quaternion_wxyz', [3, 0, 1, 2])]
)
def test_a_pose_is_reached_from_the_row_before_it(tmp_path, rotation, order):
    turn = pin.Quaternion(AT.rotation @ pin.exp3(np.array([0.0, 0.0, 0.3])))
    rows = [
        [*(AT.translation + [0.0, STEP * k, -STEP * k]), *turn.coeffs()[order], 0.01 * k]
        for k in range(1, 4)
    ]
    joints = chunk(tmp_path, rows, {'rotation': rotation}, action='ee_pose')
    for k, row in enumerate(joints, start=1):
        target = pin.SE3(turn.toRotationMatrix(), AT.translation + [0.0, STEP * k, -STEP * k])
        assert_at(row, target)
        assert row[7] == pytest.approx(0.01 * k)
    assert np.abs(np.diff(joints[:, :7], axis=0)).max() < 0.1


def test_a_place_alone_leaves_the_turn_to_the_arm(tmp_path):
    goal = AT.translation + [0.1, 0.1, -0.1]
    (row,) = chunk(tmp_path, [[*goal, 0.0]], {'rotation': 'none'}, action='ee_pose')
    np.testing.assert_allclose(place(row).translation, goal, atol=2e-4)


@pytest.mark.parametrize(
    ('delta_of', 'far'), [('observation', [1, 1, 1]), ('row_before', [1, 2, 3])]
)
def test_deltas_are_of_the_observation_or_of_the_row_before(tmp_path, delta_of, far):
    rows = [[STEP, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0]] * 3
    joints = chunk(
        tmp_path, rows, {'rotation': 'rotation_vector'}, action='ee_delta', delta_of=delta_of
    )
    for times, row in zip(far, joints, strict=True):
        turn = pin.exp3(np.array([0.0, 0.0, 0.1 * times])) @ AT.rotation
        assert_at(row, pin.SE3(turn, AT.translation + [STEP * times, 0.0, 0.0]))


def test_deltas_may_be_along_the_tool_and_scaled(tmp_path):
    (row,) = chunk(
        tmp_path, [[0.0, 0.0, 1.0, 0.0]], {'rotation': 'none', 'deltas_in': 'tool'},
        action='ee_delta', delta_of='observation', scale=[STEP, STEP, STEP, 1.0],
    )  # fmt: skip
    assert_at(row, AT * pin.SE3(np.eye(3), np.array([0.0, 0.0, STEP])))


def test_a_hand_has_its_convention_after_the_pose(tmp_path):
    hand = {'closed': -1.0, 'open': 1.0, 'closed_at': 0.0, 'open_at': 0.04}
    (row,) = chunk(
        tmp_path, [[*AT.translation, *XYZW, 0.5]], {'rotation': 'quaternion_xyzw'},
        action='ee_pose', grippers={JOINTS[7]: hand},
    )  # fmt: skip
    assert row[7] == pytest.approx(0.03)


def test_the_same_rows_give_the_same_joints_to_the_bit(tmp_path):
    rows = [[*(AT.translation + 0.05), *XYZW, 0.0]]
    one, two = (
        chunk(tmp_path, rows, {'rotation': 'quaternion_xyzw'}, action='ee_pose') for _ in range(2)
    )
    assert one.tobytes() == two.tobytes()


def test_a_pose_that_is_out_of_reach_gives_no_chunk(tmp_path):
    rows = [[*AT.translation, *XYZW, 0.0], [2.0, 0.0, 0.5, *XYZW, 0.0]]
    answer = chunk(tmp_path, rows, {'rotation': 'quaternion_xyzw'}, action='ee_pose')
    assert isinstance(answer, Missing)
    assert answer.names[0].startswith('pose of the tool that the arm reaches (row 1 is 1.')


def test_a_quaternion_that_is_none_gives_no_chunk(tmp_path):
    rows = [[*AT.translation, 0.0, 0.0, 0.0, 0.0, 0.0]]
    answer = chunk(tmp_path, rows, {'rotation': 'quaternion_xyzw'}, action='ee_pose')
    assert answer == Missing(('pose of the tool with an orientation (row 0)',))


def test_nan_is_not_hidden_from_those_who_must_refuse_it(tmp_path):
    rows = [[np.nan, 0.0, 0.5, *XYZW, 0.0]]
    got = chunk(tmp_path, rows, {'rotation': 'quaternion_xyzw'}, action='ee_pose')
    assert np.isnan(got).all()


@pytest.mark.parametrize(
    ('output', 'tool', 'sentence'),
    [
        ({'action': 'joint_position'}, {}, 'has action: joint_position and a tool; ee_pose and'),
        ({}, None, 'has action: ee_pose and no tool; ee_pose and ee_delta need one'),
        ({}, {'joints': ['elbow']}, "names ['elbow'] in tool.joints; allowed: ['fr3_joint1', "),
        ({}, {'frame': 'spoon'}, 'tool.frame spoon is not in '),
        (
            {'action': 'ee_delta', 'delta_of': 'observation'},
            {},
            'has tool.rotation: quaternion_xyzw; allowed for ee_delta: rotation_vector, none',
        ),
        (
            {},
            {'rotation': 'none'},
            'output actions has the shape [1, 8] in the graph, but the card says [4]',
        ),
        (
            {'grippers': {ARM[0]: {'closed': 0.0, 'open': 1.0, 'closed_at': 0.0, 'open_at': 0.0}}},
            {},
            "names ['fr3_joint1'] in grippers; allowed: ['fr3_finger_joint1']",
        ),
    ],
)
def test_a_card_that_cannot_be_meant_is_one_clear_sentence(tmp_path, output, tool, sentence):
    rows = [[*AT.translation, *XYZW, 0.0]]
    with pytest.raises(ConfigError) as caught:
        chunk(
            tmp_path, rows, tool if tool is None else {'rotation': 'quaternion_xyzw'} | tool,
            **{'action': 'ee_pose', **output},
        )  # fmt: skip
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)


def test_a_robot_without_a_urdf_has_no_tool(tmp_path):
    rows = [[*AT.translation, *XYZW, 0.0]]
    bare = ROBOT.model_copy(update={'urdf': None})
    with pytest.raises(ConfigError, match='needs the urdf of the robot fr3, which names none'):
        chunk(tmp_path, rows, {'rotation': 'quaternion_xyzw'}, bare, action='ee_pose')
