"""Export of a trained pick network: ONNX graph with its reader of words, card, golden pairs."""

import hashlib
import json
from pathlib import Path
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, TensorProto
from robot_runtime.export.language import entries, reader, tokenize, vocabulary, WORDS
from robot_runtime.export.make_scripted_pick import archive
from robot_runtime.export.pick_card import (
    card_text,
    normal_images,
    normal_state,
    README,
    RECORD,
    SIZE,
)
from robot_runtime.export.pick_rollout import Rollout
from robot_runtime.export.pick_student import INSTRUCTION
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.task import COLOURS
import torch
from torch import nn, Tensor

OPSET = 20
PARITY = 1e-3  # [rad] and [m] between the graph and the network it was made from
MOST_BYTES = 20_000_000
INPUTS = ('front', 'wrist', 'state', 'tokens')
GOLDEN_SEED = 0
SENTENCES = (*(INSTRUCTION.format(colour) for colour in COLOURS), 'wait')


class ExportError(RuntimeError):
    """The graph is not what was trained; the text is one sentence."""


class Actions(nn.Module):
    """The part of the network that the graph holds."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, front: Tensor, wrist: Tensor, state: Tensor, tokens: Tensor) -> Tensor:
        actions: Tensor = self.network.actions(front, wrist, state, tokens)
        return actions


def example() -> tuple[Tensor, ...]:
    """Return inputs of the graph's shapes."""
    front, wrist = torch.zeros(2, 1, 3, SIZE, SIZE).unbind(0)  # one tensor would be one input
    return front, wrist, torch.zeros(1, 8), torch.zeros(1, WORDS, dtype=torch.int64)


def graph_of(network: nn.Module) -> onnx.ModelProto:
    """Return the checked graph from images, state and words to actions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'network.onnx'
        torch.onnx.export(
            Actions(network).eval(), example(), str(path), input_names=list(INPUTS),
            output_names=['actions'], opset_version=OPSET, dynamo=True, external_data=False,
            verbose=False)
        model = onnx.load(path)
    return with_reader(model)


def with_reader(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with words in place of their numbers."""
    nodes, constants = reader(vocabulary(), 'instruction', 'tokens')
    graph = model.graph
    inputs = [value for value in graph.input if value.name != 'tokens']
    inputs.append(helper.make_tensor_value_info('instruction', TensorProto.STRING, [1]))
    bare = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    for node in bare:  # where in the source a node came from is of no use to a robot
        del node.metadata_props[:]
        node.doc_string = ''
    made = helper.make_graph(
        [*nodes, *bare], 'pick', inputs, list(graph.output), [*constants, *graph.initializer])
    opsets = [helper.make_opsetid('', OPSET), helper.make_opsetid('ai.onnx.ml', 4)]
    whole = helper.make_model(
        made, opset_imports=opsets, ir_version=10, producer_name='robot_runtime')
    onnx.checker.check_model(whole)
    return whole


def golden_inputs() -> dict[str, NDArray[Any]]:
    """Return what the robot sees at its start, once per sentence."""
    cell = Cell(seed=GOLDEN_SEED)
    cell.step(dt=0.1)
    scene = Rollout(cell).look()
    cell.close()
    front, wrist = normal_images(scene.images)
    count = len(SENTENCES)
    state = normal_state(scene.state)
    return {'front': np.stack([front[None]] * count), 'wrist': np.stack([wrist[None]] * count),
            'state': np.stack([state[None]] * count), 'instruction': np.array(SENTENCES)[:, None]}


def expected(network: nn.Module, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Return what the network itself gives for golden inputs."""
    table = entries(vocabulary())
    rows = []
    for i, text in enumerate(inputs['instruction'][:, 0]):
        parts = [torch.from_numpy(inputs[name][i]) for name in INPUTS[:3]]
        with torch.no_grad():
            given = Actions(network)(*parts, torch.from_numpy(tokenize(str(text), table))[None])
        rows.append(given.numpy())
    return np.stack(rows)


def check_parity(graph: bytes, inputs: dict[str, NDArray[Any]], wanted: NDArray[Any]) -> float:
    """Return how far ONNX Runtime is from the network, or raise when that is too much."""
    import onnxruntime as ort

    session = ort.InferenceSession(graph, providers=['CPUExecutionProvider'])
    worst = 0.0
    for i, rows in enumerate(wanted):
        feed = {name: values[i] for name, values in inputs.items()}
        feed['instruction'] = feed['instruction'].astype(object)
        worst = max(worst, float(np.abs(session.run(None, feed)[0] - rows).max()))
    if not worst <= PARITY:
        raise ExportError(f'the exported graph differs from the network by {worst:.2g}, more than '
                          f'{PARITY:g}: nothing was written')
    return worst


def write(network: nn.Module, folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write graph, golden pairs, card and record of the training; return the record."""
    content = graph_of(network).SerializeToString(deterministic=True)
    inputs = golden_inputs()
    wanted = expected(network.eval(), inputs)
    record = facts | {
        'parity': check_parity(content, inputs, wanted), 'graph_bytes': len(content),
        'parameters': sum(p.numel() for p in network.parameters())}
    if len(content) > MOST_BYTES:
        raise ExportError(f'the graph has {len(content)} bytes, more than {MOST_BYTES}')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'policy.onnx').write_bytes(content)
    (folder / 'golden.npz').write_bytes(archive(inputs | {'actions': wanted}))
    card = card_text(hashlib.sha256(content).hexdigest())
    (folder / 'card.yaml').write_text(card, encoding='utf-8')
    (folder / 'README.md').write_text(README, encoding='utf-8')
    text = json.dumps(record, indent=1, sort_keys=True)
    (folder / RECORD).write_text(text + '\n', encoding='utf-8')
    return record
