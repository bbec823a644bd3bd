"""Staged graphs: what they sample is what the pure functions say, and what does not fit."""

import hashlib
from pathlib import Path
from typing import Any

from model_folder import folder, refusal, ROBOT
import numpy as np
from onnx import helper, ModelProto, numpy_helper, TensorProto
import prefix_policy
import pytest
from robot_runtime.core.observation import Inputs, Measured
from robot_runtime.core.rtc import guided, prefix_weights
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.inference import Inference, Proposal
from robot_runtime.runtime.onnx_policy import OnnxPolicy, package_sha256

MS, ROWS, JOINTS, STEPS = 1_000_000, 20, 8, 5
STAMP, NOW = 1_000_000 * MS, 500 * MS
FLOAT = TensorProto.FLOAT
AHEAD = np.linspace(0.0, 0.5, ROWS, dtype=np.float32)[:, None]
HOME = ROBOT.home_position


def model(nodes: list[Any], inputs: list[Any], outputs: list[Any], **values: Any) -> ModelProto:
    stored = [numpy_helper.from_array(np.array(value), name) for name, value in values.items()]
    body = helper.make_graph(nodes, 'stage', inputs, outputs, stored)
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def tensor(name: str, *shape: int) -> Any:
    return helper.make_tensor_value_info(name, FLOAT, shape)


def seeing() -> ModelProto:
    """Return a graph that makes of the state what it wants: to go AHEAD, and a thing to spare."""
    nodes = [helper.make_node('Add', ['state', 'ahead'], ['goal']),
             helper.make_node('ReduceSum', ['state'], ['spare'], keepdims=0)]
    outputs = [tensor('spare'), tensor('goal', ROWS, JOINTS)]
    return model(nodes, [tensor('state', 1, JOINTS)], outputs, ahead=AHEAD)


def denoising(down: bool = False, goal: str = 'goal') -> ModelProto:
    """Return the velocity straight to what is wanted; `down`: in a time that runs from 1 to 0."""
    left = helper.make_node('Sub', ['t', 'zero'] if down else ['one', 't'], ['left'])
    way = helper.make_node('Sub', ['x', goal] if down else [goal, 'x'], ['way'])
    nodes = [left, way, helper.make_node('Div', ['way', 'left'], ['actions'])]
    inputs = [tensor('x', 1, ROWS, JOINTS), tensor('t', 1), tensor(goal, ROWS, JOINTS)]
    return model(nodes, inputs, [tensor('actions', 1, ROWS, JOINTS)],
                 one=np.float32(1.0), zero=np.float32(0.0))


def staged(path: Path, second: ModelProto, change: Any = lambda card: None) -> Path:
    content = second.SerializeToString()
    (path / 'denoise.onnx').write_bytes(content)

    def both(card: dict[str, Any]) -> None:
        prefix_policy.card(card)
        card['prefix'] = [
            {'name': 'before', 'term': 'action_prefix', 'normalization': 'identity'},
            {'name': 'noise', 'term': 'noise'}, {'name': 'bound', 'term': 'prefix_weights'},
        ]  # fmt: skip
        card['schedule']['kind'] = 'rtc_guided'
        sha256 = hashlib.sha256(content).hexdigest()
        card['sampler'] = {
            'graph': {'file': 'denoise.onnx', 'sha256': sha256}, 'x': 'x', 'time': 't',
            'steps': STEPS, 'guidance': 5.0,
        }  # fmt: skip
        change(card)

    return folder(path, both, seeing())


def flow(x: np.ndarray, time: float) -> np.ndarray:
    return (HOME + AHEAD - x) / (1.0 - time)


def observed(inference: Inference, sent: SentChunks | None = None) -> Proposal:
    states = (Sample(NOW, STAMP, Measured(HOME)),)
    result = inference.propose(Inputs(states), NOW, sent=sent)
    assert isinstance(result, Proposal)
    return result


def set_down(card: dict[str, Any]) -> None:
    card['sampler']['time_from'] = 1


@pytest.mark.parametrize('down', [False, True])
def test_a_chunk_is_guided_to_what_is_executed_as_the_pure_function_says(
    tmp_path: Path, down: bool
) -> None:
    path = staged(tmp_path, denoising(down), set_down if down else lambda card: None)
    inference = Inference(OnnxPolicy.load(path), ROBOT)
    rows = np.tile(HOME + 0.3, (ROWS, 1))
    before = Proposal(STAMP - 200 * MS, 50 * MS, rows, {}).chunk('linear')
    got = observed(inference, SentChunks(delay_ns=100 * MS).added(before, NOW))
    noise = np.random.default_rng(STAMP).standard_normal((ROWS, JOINTS))[:, ::-1]
    weights = prefix_weights('exp', 2, 16, ROWS)
    wanted = guided(flow, noise, rows, weights, STEPS, 5.0)
    np.testing.assert_allclose(got.rows, wanted, atol=2e-5)
    free = observed(inference)
    np.testing.assert_allclose(free.rows, HOME + AHEAD, atol=2e-5)
    assert np.abs(got.rows[0] - (HOME + 0.3)).max() < np.abs(free.rows[0] - (HOME + 0.3)).max()


def test_the_hash_of_a_package_holds_the_second_graph(tmp_path: Path) -> None:
    path = staged(tmp_path, denoising())
    before = package_sha256(path)
    (path / 'denoise.onnx').write_bytes(denoising(down=True).SerializeToString())
    assert package_sha256(path) != before
    assert 'denoise.onnx has the sha256' in refusal(path)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda c: c['sampler'].update(x='y'), 'sampler.graph has no input y of floats'),
        (lambda c: c['prefix'].pop(), 'sampler needs in prefix one input each of'),
        (lambda c: c['output'].update(name='out'), "output.name is out, but the graph has ['act"),
        (lambda c: c['sampler'].update(steps=0), 'sampler.steps is 0, but it should be'),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused(
    tmp_path: Path, change: Any, sentence: str
) -> None:
    assert sentence in refusal(staged(tmp_path, denoising(), change))


def test_a_second_graph_that_needs_what_the_first_does_not_give_is_refused(
    tmp_path: Path,
) -> None:
    sentence = "needs ['aim'], but graph gives ['spare', 'goal']"
    assert sentence in refusal(staged(tmp_path, denoising(goal='aim')))
