"""Tests of a graph's metadata: what contradicts the graph or the card stops the policy."""

import onnx
import pytest
from robot_runtime.runtime.config_file import ConfigError
from term_folder import first_eight, JOINTS, loaded, write

Q = [{'name': 'obs', 'term': 'joint_position', 'joints': JOINTS, 'normalization': 'identity'}]
POSE = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785, 0.02]
# as mjlab writes it, three decimals
GOOD = {
    'joint_names': ','.join(JOINTS),
    'default_joint_pos': '0.000,-0.785,0.000,-2.356,0.000,1.571,0.785,0.020',
    'joint_stiffness': ','.join(['20.000'] * 8),
    'action_scale': '0.25',
    'observation_names': 'joint_pos',
    'run_path': '2026-01-01,',
}
OUTPUT = {'scale': 0.25, 'offset': [*POSE[:3], -2.3561944901923448, *POSE[4:]]}


def checked(tmp_path, metadata, graph=None, **output):
    made = first_eight(8)
    onnx.helper.set_model_props(made, metadata)
    folder = write(tmp_path, made, Q, output=OUTPUT | output)
    if graph:
        card = folder / 'card.yaml'
        text = card.read_text(encoding='utf-8')
        card.write_text(text.replace('graph:', f'graph:\n  {graph}'), encoding='utf-8')
    return loaded(folder)


def test_metadata_that_agree_with_the_card_let_the_policy_run(tmp_path):
    checked(tmp_path, GOOD)
    checked(tmp_path, GOOD | {'action_scale': ','.join(['0.25'] * 8)})
    checked(tmp_path, {'dof_names': str(JOINTS).replace("'", '"'), 'kp': str([20.0] * 8)})


def test_joints_that_the_graph_names_otherwise_are_for_the_card_to_say(tmp_path):
    checked(tmp_path, GOOD | {'joint_names': ','.join(f'left_{name}' for name in JOINTS)})


@pytest.mark.parametrize(
    ('metadata', 'sentence'),
    [
        (
            {'joint_names': ','.join([*JOINTS, 'piper_joint1', 'piper_joint2'])},
            'the graph has the metadata joint_names with 10 joints, but its output actions gives '
            '8 actions, so that nobody can tell which joint takes which (graph.metadata: ignored, '
            'if you can)',
        ),
        (
            {'joint_names': ','.join(JOINTS[::-1])},
            'but output.joints of the card has them in another order',
        ),
        (
            {'joint_stiffness': '20.000,20.000,40.0'},
            'joint_stiffness with 3 figures for 8 joints: is it cut off?',
        ),
        (
            {'joint_damping': ','.join(['1.000'] * 7) + ',-'},
            "joint_damping, whose item 8 of 8 is '-' and no figure: is it cut off?",
        ),
        (
            {'default_joint_pos': '0.000,-0.785,'},
            'default_joint_pos, whose item 3 of 3 is empty: is it cut off?',
        ),
        ({'dof_names': '["fr3_joint1", "fr3_jo'}, 'dof_names, which is no JSON: is it cut off?'),
        (
            {'action_scale': '0.5'},
            'action_scale 0.5 for fr3_joint1, but output.scale of the card makes it 0.25',
        ),
        (
            {'default_joint_pos': GOOD['default_joint_pos'].replace('1.571', '1.500')},
            'default_joint_pos 1.5 for fr3_joint6, but output.offset of the card makes it 1.571',
        ),
    ],
)
def test_metadata_that_contradict_are_refused_in_one_clear_sentence(tmp_path, metadata, sentence):
    with pytest.raises(ConfigError) as caught:
        checked(tmp_path, GOOD | metadata)
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)
    checked(tmp_path, GOOD | metadata, graph='metadata: ignored')


def test_a_normalization_of_the_output_counts_as_scale_and_offset(tmp_path):
    map_ = {'mean': POSE, 'std': [0.25]}
    checked(tmp_path, GOOD, scale=1.0, offset=0.0, normalization=map_)
