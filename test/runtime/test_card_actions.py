"""Tests of actions in a card: conventions of other labs, and cards that cannot be meant."""

import numpy as np
from onnx import helper
import pytest
from robot_runtime.runtime.config_file import ConfigError
from term_folder import first_eight, JOINTS, loaded, model, proposals, value, write

Q = [{'name': 'obs', 'term': 'joint_position', 'joints': JOINTS, 'normalization': 'identity'}]
POSE = np.linspace(0.1, 0.8, 8)
FINGER = JOINTS[7]
HAND = {'closed': 0.0, 'open': 1.0, 'closed_at': 0.0, 'open_at': 0.04}


def rows(tmp_path, graph=None, pose=POSE, **output):
    folder = write(tmp_path, graph or first_eight(8), Q, output=output)
    return proposals(loaded(folder), [pose])[0].rows


def test_a_policy_of_isaac_lab_has_offset_and_scale(tmp_path):
    got = rows(tmp_path, scale=0.5, offset=[1.0] * 8, joints=JOINTS[::-1])
    np.testing.assert_allclose(got, [1.0 + 0.5 * POSE[::-1]], rtol=1e-6)


def test_deltas_are_relative_to_where_each_joint_was_observed(tmp_path):
    more = {'action': 'joint_delta', 'delta_of': 'observation', 'scale': 0.1}
    got = rows(tmp_path, joints=JOINTS[::-1], grippers={FINGER: HAND}, **more)
    # the graph gives the pose in the robot's order, and the card says that it is the other way
    np.testing.assert_allclose(got[0, :7], POSE[:7] + 0.1 * POSE[::-1][:7], rtol=1e-6)
    np.testing.assert_allclose(got[0, 7], 0.04 * POSE[0], rtol=1e-6)


def test_a_graph_without_a_batch_dimension_gives_one_row(tmp_path):
    flat = model([helper.make_node('Neg', ['obs'], ['actions'])], [value('obs', [8])],
                 [value('actions', [8])])
    np.testing.assert_allclose(rows(tmp_path, flat), [-POSE], rtol=1e-6)


@pytest.mark.parametrize(
    ('output', 'sentence'),
    [
        ({'scale': [1.0, 2.0]}, 'output actions has 2 figures in scale, but takes 8'),
        ({'offset': [1.0, 2.0]}, 'output actions has 2 figures in offset, but takes 8'),
        ({'action': 'joint_delta'}, 'has action: joint_delta, delta_of: None and absolute_joints'),
        ({'delta_of': 'observation'}, 'deltas need delta_of: observation or row_before'),
        ({'absolute_joints': [FINGER]}, 'only joint_delta may have absolute_joints'),
        ({'grippers': {'thumb': HAND}}, "names ['thumb'] in grippers; allowed: ['fr3_joint1'"),
        (
            {'grippers': {FINGER: HAND | {'open': 0.0}}},
            'a gripper has closed and open at 0.0; they must differ',
        ),
        (
            {'grippers': {FINGER: HAND | {'open_at': 0.8}}},
            'output.grippers.fr3_finger_joint1.open_at is 0.8, which is outside the range 0 to',
        ),
        (
            {'action': 'base_velocity'},
            "output.action is 'base_velocity', but it should be 'joint_position'",
        ),
    ],
)
def test_a_card_that_cannot_be_meant_is_one_clear_sentence(tmp_path, output, sentence):
    with pytest.raises(ConfigError) as caught:
        rows(tmp_path, **output)
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)
