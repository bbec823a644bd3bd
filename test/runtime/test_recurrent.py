"""Tests of recurrent graphs: their state is fed back, and begins at zero with an engagement."""

import numpy as np
from onnx import helper, TensorProto
import pytest
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from term_folder import JOINTS, loaded, model, proposals, value, write

INPUTS = [
    {'name': 'obs', 'term': 'joint_position', 'joints': JOINTS, 'normalization': 'identity'},
    {'name': 'start', 'term': 'is_init'},
]
STATE = [{'input': 'sum_in', 'output': 'sum_out'}, {'input': 'count_in', 'output': 'count_out'}]
POSES = [np.full(8, 0.1), np.full(8, 0.2), np.full(8, 0.4)]


def summing(out=(1, 8), kind=TensorProto.BOOL):
    """Return a graph that adds up what it is fed, counts, and gives sum, count and a rest."""
    one = helper.make_tensor('one', TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node('Add', ['obs', 'sum_in'], ['sum_out']),
        helper.make_node('Add', ['count_in', 'one'], ['count_out']),
        helper.make_node('Identity', ['sum_out'], ['actions']),
        helper.make_node('Cast', ['start'], ['started'], to=TensorProto.FLOAT),
    ]
    inputs = [
        value('obs', [1, 8]), value('start', [1], kind), value('sum_in', [1, 8]),
        value('count_in', ['batch', 1]),
    ]  # fmt: skip
    outputs = [
        value('started', [1]), value('sum_out', out), value('actions', [1, 8]),
        value('count_out', ['batch', 1]),
    ]  # fmt: skip
    return model(nodes, inputs, outputs, [one])


def test_the_state_is_fed_back_and_zero_at_the_beginning_of_an_engagement(tmp_path):
    inference = loaded(write(tmp_path, summing(), INPUTS, state=STATE))
    made = proposals(inference, POSES)
    np.testing.assert_allclose([p.rows[0, 0] for p in made], [0.1, 0.3, 0.7], rtol=1e-6)
    assert [float(p.memory.recurrent['count_in'].item()) for p in made] == [1.0, 2.0, 3.0]
    again = proposals(inference, POSES)
    assert [p.rows.tobytes() for p in again] == [p.rows.tobytes() for p in made]


@pytest.mark.parametrize('kind', [TensorProto.BOOL, TensorProto.FLOAT])
def test_the_first_step_is_told_to_a_graph_that_asks_for_it(tmp_path, kind):
    made = proposals(loaded(write(tmp_path, summing(kind=kind), INPUTS, state=STATE)), POSES)
    assert [p.tensors['start'].tolist() for p in made] == [[True], [False], [False]]


def test_a_proposal_does_not_change_the_state_it_was_made_with(tmp_path):
    policy = OnnxPolicy.load(write(tmp_path, summing(), INPUTS, state=STATE))
    feed = {'obs': POSES[0], 'start': np.array([True])}
    _, after = policy.step(feed)
    before = after['sum_in'].tobytes()
    policy.step(feed, after)
    assert after['sum_in'].tobytes() == before


def golden(tmp_path, **change):
    pairs = {'obs': np.array(POSES), 'start': np.array([[True], [False], [False]])}
    pairs['actions'] = np.cumsum(pairs['obs'], axis=0)
    np.savez(tmp_path / 'golden.npz', **(pairs | change))
    return write(
        tmp_path, summing(), INPUTS, state=STATE,
        golden={'file': 'golden.npz', 'tolerance': 1e-6, 'sequence': True},
    )  # fmt: skip


def test_a_golden_sequence_is_run_with_the_state_fed_back(tmp_path):
    OnnxPolicy.load(golden(tmp_path))


def test_a_sequence_that_comes_out_otherwise_stops_the_policy(tmp_path):
    with pytest.raises(ConfigError, match='golden pair 1 of .* differs by 0.1, more than the'):
        OnnxPolicy.load(golden(tmp_path, actions=np.array(POSES)))


@pytest.mark.parametrize(
    ('state', 'graph', 'sentence'),
    [
        (STATE[:1], summing(), "inputs are ['obs', 'start', 'sum_in'], but the graph has ["),
        (
            [STATE[0], {'input': 'count_in', 'output': 'count'}],
            summing(),
            'state count_in is fed by an output that the graph does not have',
        ),
        (
            [STATE[0], {'input': 'count_in', 'output': 'sum_out'}],
            summing(),
            'state count_in is float32 [None, 1], but the output sum_out that feeds it is float32 '
            '[1, 8]; both must be the same floats',
        ),
        (
            [*STATE, {'input': 'obs', 'output': 'sum_out'}],
            summing(),
            'inputs, prefix and state have a name more than once: [',
        ),
        (
            [{'input': 'sum_in'}],
            summing(),
            'the field state[0].output is missing',
        ),
    ],
)
def test_a_state_that_cannot_be_fed_back_is_one_clear_sentence(tmp_path, state, graph, sentence):
    with pytest.raises(ConfigError) as caught:
        loaded(write(tmp_path, graph, INPUTS, state=state))
    assert sentence in str(caught.value)


def test_a_sequence_needs_a_state(tmp_path):
    card = {'golden': {'file': 'golden.npz', 'tolerance': 1.0, 'sequence': True}}
    with pytest.raises(ConfigError, match='golden.sequence is true, but the card has no state'):
        OnnxPolicy.load(write(tmp_path, summing(), INPUTS, **card))
