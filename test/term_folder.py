"""Model folder whose graph gives back what it is fed, so that a test sees every figure of it."""

import hashlib

from onnx import helper, TensorProto
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Measured
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
import yaml

ROBOT = load_robot('fr3')
JOINTS = list(ROBOT.joint_names)
MS = 1_000_000
OUTPUT = {
    'name': 'actions', 'action': 'joint_position', 'joints': JOINTS, 'rows': 1, 'dt_s': 0.02,
    'interpolation': 'zoh', 'anchor': 'observation', 'normalization': 'identity',
}  # fmt: skip
FLOAT = TensorProto.FLOAT


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, weights=()):
    body = helper.make_graph(nodes, 'test', inputs, outputs, list(weights))
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def first_eight(size):
    """Return a graph whose action is the first eight of the `size` figures of its input."""
    bounds = [helper.make_tensor(n, TensorProto.INT64, [1], [v])
              for n, v in (('from', 0), ('to', 8), ('axis', 1))]
    nodes = [helper.make_node('Slice', ['obs', 'from', 'to', 'axis'], ['actions'])]
    return model(nodes, [value('obs', [1, size])], [value('actions', [1, 8])], bounds)


def write(tmp_path, graph, inputs, **changes):
    """Write a folder and return it; `changes` are fields of the card, `output` in part."""
    content = graph.SerializeToString()
    (tmp_path / 'policy.onnx').write_bytes(content)
    card = {
        'format': 1, 'name': 'terms', 'licence': 'Apache-2.0',
        'graph': {'file': 'policy.onnx', 'sha256': hashlib.sha256(content).hexdigest()},
        'inputs': inputs,
        'output': OUTPUT | changes.pop('output', {}),
        'schedule': {'kind': 'latest', 'period_s': 0.02},
    } | changes  # fmt: skip
    (tmp_path / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return tmp_path


def loaded(path, robot=ROBOT):
    return Inference(OnnxPolicy.load(path), robot)


def state(position, at_ms=10, velocity=None, effort=None):
    return Sample(at_ms * MS, at_ms * MS, Measured(position, velocity, effort))


def proposals(inference, positions, step_ms=20, **more):
    """Return a proposal for each of `positions`, one after the other, as one engagement."""
    memory, made = Memory(), []
    for k, position in enumerate(positions):
        at_ms = 10 + k * step_ms
        seen = Inputs((state(position, at_ms),), **more)
        made.append(inference.propose(seen, at_ms * MS, memory=memory))
        memory = made[-1].memory
    return made
