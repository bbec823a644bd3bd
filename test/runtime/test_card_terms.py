"""Tests of terms in a card: what a policy is fed, and cards that cannot be meant."""

import numpy as np
import pytest
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs
from robot_runtime.runtime.config_file import ConfigError
from term_folder import first_eight, JOINTS, loaded, MS, proposals, state, write

DEFAULT = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785, 0.02]
Q = {'term': 'joint_position', 'joints': JOINTS, 'offset': DEFAULT}
LAST = {'term': 'last_action'}
POSES = [np.array(DEFAULT) + 0.01 * k for k in range(4)]


def obs(*terms, **more):
    return [{'name': 'obs', 'terms': list(terms), 'normalization': 'identity', **more}]


def test_one_input_holds_several_terms_and_the_action_before(tmp_path):
    inference = loaded(write(tmp_path, first_eight(17), obs(Q, LAST, {'term': 'episode_time'})))
    made = proposals(inference, POSES)
    for k, proposal in enumerate(made):
        fed = proposal.tensors['obs']
        np.testing.assert_allclose(fed[:8], 0.01 * k, atol=1e-12)
        before = made[k - 1].rows[0] if k else np.zeros(8)
        assert fed[8:16].tolist() == before.tolist()
        assert fed[16] == pytest.approx(0.02 * k)


def test_a_history_of_the_frame_is_stacked_and_begins_anew_with_the_engagement(tmp_path):
    card = obs(Q | {'offset': 0.0}, {'term': 'constant', 'values': [7.0]}, history=3)
    inference = loaded(write(tmp_path, first_eight(27), card))
    fed = proposals(inference, POSES)[-1].tensors['obs']
    assert fed.shape == (3, 9)
    assert fed[:, :8].tolist() == [pose.tolist() for pose in POSES[1:]]
    assert fed[:, 8].tolist() == [7.0] * 3
    anew = proposals(inference, POSES[3:])[0].tensors['obs']
    assert anew[:, :8].tolist() == [POSES[3].tolist()] * 3


def test_the_same_inputs_give_the_same_chunks_whatever_was_computed_in_between(tmp_path):
    inference = loaded(write(tmp_path, first_eight(16), obs(Q, LAST)))
    memory = proposals(inference, POSES[:2])[-1].memory
    seen, now = Inputs((state(POSES[2], 50),)), 50 * MS
    first = inference.propose(seen, now, memory=memory)
    proposals(inference, POSES)
    again = inference.propose(seen, now, memory=memory)
    assert first.rows.tobytes() == again.rows.tobytes()
    assert first.tensors['obs'].tobytes() == again.tensors['obs'].tobytes()


def test_after_half_a_second_without_an_observation_the_memory_begins_anew(tmp_path):
    inference = loaded(write(tmp_path, first_eight(16), obs(Q, LAST)))
    memory = proposals(inference, POSES[:2])[-1].memory
    late = inference.propose(Inputs((state(POSES[2], 531),)), 531 * MS, memory=memory)
    assert late.tensors['obs'][8:].tolist() == [0.0] * 8
    assert (late.memory.steps, late.memory.lapses) == (1, 1)


def test_an_observation_that_is_missing_leaves_the_memory_alone(tmp_path):
    inference = loaded(write(tmp_path, first_eight(16), obs(Q, LAST)))
    assert inference.propose(Inputs(), 0, memory=Memory()).names == ('joint_states',)


@pytest.mark.parametrize(
    ('item', 'sentence'),
    [
        ({'terms': [Q | {'joints': JOINTS[:3]}]}, 'obs.terms[0] has 8 figures in offset, but tak'),
        (
            {'terms': [{'term': 'phase'}]},
            'input obs.terms[0] of term phase needs the field period_s',
        ),
        (
            {'terms': [LAST | {'period_s': 1.0}]},
            'input obs.terms[0] has the field period_s, for which the term last_action has no use;'
            ' allowed: by, clip, history, joints, normalization, offset, order, scale, term',
        ),
        (
            {'terms': [LAST], 'normalization': None},
            "input obs.terms[0] needs a normalization: mean and std, or the word 'identity'",
        ),
        ({'terms': [{'term': 'instruction'}]}, 'has the term instruction in a list; it stands'),
        ({'terms': [LAST], 'joints': JOINTS}, 'and beside it the field joints, which belongs to'),
        ({}, 'input obs needs the field term, or a list of terms'),
        ({'terms': [LAST], 'history': 0}, 'inputs[0].history is 0, but it should be greater than'),
        (
            {'terms': [LAST], 'order': 'newest'},
            "order is 'newest', but it should be 'oldest_first' or 'newest_first'",
        ),
        (
            {'terms': [LAST | {'clip': {'least': 1.0, 'most': -1.0}}]},
            'clip.least is 1.0, which must be below most, -1.0',
        ),
        (
            {'terms': [LAST], 'normalization': {'mean': [0.0] * 3, 'std': [1.0]}},
            'input obs has 3 figures in normalization.mean, but takes 8',
        ),
        (
            {'terms': [{'term': 'orientation', 'rotation': 'none'}]},
            'input obs.terms[0] has rotation: none; allowed for the term orientation: quat',
        ),
        (
            {'terms': [{'term': 'target_pose'}]},
            'input obs.terms[0] of term target_pose needs the field rotation',
        ),
        (
            {'terms': [{'term': 'command', 'components': ['linear.x', 'yaw']}]},
            "terms[0].components[1] is 'yaw', but it should be 'linear.x', 'linear.y', 'linear.z'",
        ),
        (
            {'terms': [{'term': 'constant', 'values': [0.0] * 5}, {'term': 'projected_gravity'}]},
            'an input needs the imu, but the file of the robot fr3 has no topics.imu',
        ),
        ({'terms': [LAST], 'history': 2}, 'shape [1, 8] in the graph, but the card says [16]'),
        (
            {'terms': [LAST | {'joints': ['elbow', *JOINTS[1:]]}]},
            "input obs names ['elbow'], but the robot fr3 has",
        ),
    ],
)
def test_a_card_that_cannot_be_meant_is_one_clear_sentence(tmp_path, item, sentence):
    inputs = [{'name': 'obs', 'normalization': 'identity'} | item]
    with pytest.raises(ConfigError) as caught:
        loaded(write(tmp_path, first_eight(8), inputs))
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)


def test_a_last_action_needs_an_output_of_one_row(tmp_path):
    with pytest.raises(ConfigError, match='last_action, but output.rows is 2; allowed: 1'):
        loaded(write(tmp_path, first_eight(8), obs(LAST), output={'rows': 2}))
