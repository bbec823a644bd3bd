"""Tests of the card: what disagrees with the graph or the robot is one clear sentence."""

from model_folder import folder, graph, JOINTS, refusal
import onnx
import pytest
from robot_runtime.runtime.policy_card import PolicyCard


def no_normalization(card):
    del card['inputs'][0]['normalization']


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda c: c['graph'].update(sha256='f' * 64), 'but its card says ffff'),
        (
            lambda c: c['graph'].update(file='../policy.onnx'),
            "graph.file is '../policy.onnx', but ",
        ),
        (
            lambda c: c['graph'].update(file='other.onnx'),
            'other.onnx cannot be read: No such file',
        ),
        (
            no_normalization,
            "input state needs a normalization: mean and std, or the word 'identity'",
        ),
        (
            lambda c: c['inputs'][0].update(normalization={'mean': [0.0], 'std': [0.0]}),
            'inputs[0].normalization.std[0] is 0.0, but it should be greater than 0',
        ),
        (
            lambda c: c['inputs'][0].update(normalization={'mean': [0.0, 1.0], 'std': [1.0]}),
            'input state has 2 figures in normalization.mean, but takes 8',
        ),
        (
            lambda c: c['inputs'][0].update(name='q'),
            "inputs are ['front', 'q'], but the graph has ['front', 'state']",
        ),
        (
            lambda c: c['inputs'][0].update(joints=JOINTS[:7]),
            'input state has the shape [None, 8] in the graph, but the card says [7]',
        ),
        (
            lambda c: c['inputs'][0].update(shape=[2, 7]),
            'input state has the shape [None, 8] in the graph, but the card says [2, 7]',
        ),
        (
            lambda c: c['inputs'][0].update(dtype='float64'),
            'input state is float32 in the graph, but the card says float64',
        ),
        (
            lambda c: c['inputs'][1].update(layout='HWC'),
            'input front has the shape [1, 3, 6, 8] in the graph, but the card says [6, 8, 3]',
        ),
        (
            lambda c: c['output'].update(name='out'),
            "output.name is out, but the graph has ['actions']",
        ),
        (
            lambda c: c['output'].update(rows=4),
            'output actions has the shape [1, 2, 8] in the graph, but the card says [4, 8]',
        ),
        (
            lambda c: c['inputs'][1].update(camera='back'),
            "camera back is asked for, but the robot fr3 has ['front', 'wrist']",
        ),
        (
            lambda c: c['inputs'][0].update(joints=[*JOINTS[:7], 'elbow']),
            "input state names ['elbow'], but the robot fr3 has ['fr3_joint1'",
        ),
        (
            lambda c: c['output'].update(joints=[*JOINTS[:7], JOINTS[0]]),
            'each must stand there once',
        ),
        (
            lambda c: c.update(start={'position': {'elbow': 0.0}, 'tolerance': 0.1}),
            "start.position names ['elbow']",
        ),
        (
            lambda c: c['schedule'].update(blend_s=0.2),
            'schedule.blend_s is 0.2, more than a chunk of 0.1 s',
        ),
        (
            lambda c: c.update(reference_camera='wrist'),
            "reference_camera is wrist, not one of ['front']",
        ),
        (
            lambda c: c.update(formt=1),
            'the field formt is unknown; known here: description, format',
        ),
        (
            lambda c: c.update(golden={'file': 'golden.npz', 'tolerance': 1e-5}),
            'golden.npz cannot be read: ',
        ),
    ],
)
def test_a_card_that_disagrees_is_refused_with_one_sentence(tmp_path, change, sentence):
    assert sentence in refusal(folder(tmp_path, change))


def test_the_schema_of_the_card_is_published():
    assert 'schedule' in PolicyCard.model_json_schema()['properties']
    assert onnx.checker.check_model(graph()) is None
