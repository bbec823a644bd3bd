"""Tests of the ONNX policy: a graph that is not what was promised never runs."""

import hashlib

from model_folder import folder, graph, refusal, ROBOT
import numpy as np
from onnx import helper, TensorProto
import pytest
from robot_runtime.core.observation import Inputs, Measured, Missing
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy, package_sha256
import yaml


def inputs(size=(24, 32)):
    state = Sample(0, 7, Measured(np.linspace(0.0, 0.7, 8)))
    return Inputs((state,), {'front': Sample(0, 7, np.full((*size, 3), 9, np.uint8))})


def test_rows_are_in_si_units_and_in_the_order_of_the_robot(tmp_path):
    proposal = Inference(OnnxPolicy.load(folder(tmp_path)), ROBOT).propose(inputs(), 10)
    assert (proposal.stamp_ns, proposal.step_ns) == (7, 50_000_000)
    assert proposal.rows.dtype == np.float64
    np.testing.assert_allclose(proposal.rows, [np.linspace(0.0, 0.7, 8)] * 2, atol=1e-6)


def test_an_image_is_resized_to_what_the_card_says(tmp_path):
    proposal = Inference(OnnxPolicy.load(folder(tmp_path)), ROBOT).propose(inputs(), 10)
    assert proposal.tensors['front'].shape == (3, 6, 8)
    np.testing.assert_allclose(proposal.tensors['front'], 0.09, rtol=1e-6)


def test_without_an_image_nothing_is_proposed(tmp_path):
    inference = Inference(OnnxPolicy.load(folder(tmp_path)), ROBOT)
    assert inference.propose(Inputs(inputs().states), 10) == Missing(('camera front',))


def test_a_missing_folder_is_named(tmp_path):
    assert refusal(tmp_path / 'none').endswith('none does not exist')


def test_a_provider_that_is_not_there_is_no_reason_to_take_the_cpu(tmp_path):
    sentence = refusal(folder(tmp_path), provider='NoSuchExecutionProvider')
    assert 'execution provider NoSuchExecutionProvider is not there; there are [' in sentence


@pytest.mark.parametrize('place', ['../weights.bin', '/etc/passwd', 'sub/weights.bin', '..'])
def test_weights_outside_the_folder_are_refused(tmp_path, place):
    assert f'has its weights in {place!r}' in refusal(folder(tmp_path, model=graph(place)))


def test_weights_beside_the_graph_are_hashed_too(tmp_path):
    content = np.ones(1, np.float32).tobytes()
    (tmp_path / 'w.bin').write_bytes(content)
    model = graph('w.bin')
    sha256 = hashlib.sha256(content).hexdigest()
    assert 'external_data lists [], but the graph uses' in refusal(folder(tmp_path, model=model))
    folder(tmp_path, lambda c: c['graph'].update(external_data={'w.bin': sha256}), model)
    OnnxPolicy.load(tmp_path)
    (tmp_path / 'w.bin').write_bytes(b'\0\0\0\0')
    assert 'w.bin has the sha256' in refusal(tmp_path)


def test_bytes_that_are_no_graph_are_refused(tmp_path):
    folder(tmp_path)
    (tmp_path / 'policy.onnx').write_bytes(b'\xff' * 99)
    sha256 = hashlib.sha256(b'\xff' * 99).hexdigest()
    card = (tmp_path / 'card.yaml').read_text(encoding='utf-8')
    old = yaml.safe_load(card)['graph']['sha256']
    (tmp_path / 'card.yaml').write_text(card.replace(old, sha256), encoding='utf-8')
    assert 'policy.onnx is not an ONNX graph' in refusal(tmp_path)


@pytest.mark.parametrize('share', [0.0, 0.3, 0.9])
def test_a_graph_cut_short_is_refused_even_when_its_hash_is_right(tmp_path, share):
    whole = graph().SerializeToString()
    cut = whole[: round(share * len(whole))]
    folder(tmp_path, lambda c: c['graph'].update(sha256=hashlib.sha256(cut).hexdigest()))
    (tmp_path / 'policy.onnx').write_bytes(cut)
    assert str(tmp_path / 'policy.onnx') in refusal(tmp_path)


def test_a_graph_that_fails_when_it_runs_is_refused(tmp_path):
    model = graph()
    del model.graph.node[-1]
    row_nobody_has = [
        helper.make_node('ReduceSum', ['state'], ['total'], keepdims=0),
        helper.make_node('Cast', ['total'], ['whole'], to=TensorProto.INT64),
        helper.make_node('Sub', ['whole', 'far'], ['row']),
        helper.make_node('Gather', ['moved', 'row'], ['gathered'], axis=0),
        helper.make_node('Unsqueeze', ['gathered', 'axis'], ['actions']),
    ]
    model.graph.node.extend(row_nobody_has)
    model.graph.initializer.append(helper.make_tensor('far', TensorProto.INT64, [], [99]))
    assert 'the graph of hold cannot be run: ' in refusal(folder(tmp_path, model=model))


def golden(tmp_path, pairs):
    np.savez(tmp_path / 'golden.npz', **pairs)
    return folder(tmp_path, lambda c: c.update(golden={'file': 'golden.npz', 'tolerance': 1e-5}))


PAIR = {
    'state': np.ones((3, 1, 8)),
    'front': np.zeros((3, 1, 3, 6, 8)),
    'actions': np.ones((3, 1, 2, 8)),
}


def test_golden_pairs_that_agree_let_the_policy_run(tmp_path):
    OnnxPolicy.load(golden(tmp_path, PAIR))


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'actions': np.full((3, 1, 2, 8), 1.1)}, 'golden pair 0 of'),
        ({'actions': np.full((3, 1, 2, 8), np.nan)}, 'differs by nan, more than the 1e-05'),
        ({'state': np.ones((2, 1, 8))}, 'must hold as many of each'),
        ({'other': np.ones(1)}, "holds ['actions', 'front', 'other', 'state'], but must hold"),
        (
            {'state': np.array([{}], dtype=object)},
            'cannot be read: Object arrays cannot be loaded',
        ),
    ],
)
def test_golden_pairs_that_disagree_stop_it(tmp_path, change, sentence):
    assert sentence in refusal(golden(tmp_path, PAIR | change))


def test_the_pin_of_a_robot_file_holds_the_whole_folder(tmp_path):
    folder(tmp_path)
    pin = f'hold@{package_sha256(tmp_path)}'
    check_pin(tmp_path, pin)
    check_pin(tmp_path, None)
    folder(tmp_path, lambda c: c['schedule'].update(period_s=0.2))
    with pytest.raises(ConfigError, match='the robot file pins the policy hold@'):
        check_pin(tmp_path, pin)
