"""Policies that nobody should run: ONNX graphs that ask for anything, and a cell for them."""

import hashlib
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from onnx import helper, ModelProto, NodeProto, TensorProto
from robot_runtime.core.types import Floats
from robot_runtime.runtime import resources
from robot_runtime.runtime.robot_file import RobotFile
import yaml

ROWS = 20
# From one row to the next, and from one chunk to the next: of corners, there is time to get far.
TIMES_S = {'random': (0.05, 0.2), 'random corners': (0.15, 2.0), 'far limit': (0.05, 0.2)}
POLICIES = tuple(TIMES_S)
LOOSE = ('red', 'green', 'blue', 'tray')  # that no robot file tells the runtime of


def make_policy(folder: Path, kind: str, robot: RobotFile, seed: int = 1) -> Path:
    """Write one of POLICIES for `robot` to a new folder; return it."""
    path = folder / kind.replace(' ', '_')
    path.mkdir(parents=True)
    content = graph(kind, robot, seed).SerializeToString()
    (path / 'policy.onnx').write_bytes(content)
    joints, (row_s, chunk_s) = list(robot.joint_names), TIMES_S[kind]
    state = {'name': 'state', 'term': 'joint_position', 'joints': joints}
    card = {
        'format': 1,
        'name': path.name,
        'licence': 'Apache-2.0',
        'graph': {'file': 'policy.onnx', 'sha256': hashlib.sha256(content).hexdigest()},
        'inputs': [state | {'normalization': 'identity'}],
        'output': {
            'name': 'actions', 'action': 'joint_position', 'joints': joints, 'rows': ROWS,
            'dt_s': row_s, 'interpolation': 'zoh', 'anchor': 'arrival',
            'normalization': 'identity',
        },
        'schedule': {'kind': 'latest', 'period_s': chunk_s},
    }  # fmt: skip
    (path / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return path


def graph(kind: str, robot: RobotFile, seed: int) -> ModelProto:
    """
    Return a graph from the state (1, J) to `actions` (1, ROWS, J), of one of POLICIES.

    `random` draws each row anew, uniformly from the range of each joint; `random corners` draws
    an end of each range for a whole chunk; `far limit` wants the upper end of each.
    """
    joints, limits = len(robot.joint_names), robot.published_limits()
    rows = 1 if kind == 'random corners' else ROWS
    if kind == 'far limit':
        nodes = [
            helper.make_node('Mul', ['state', 'zero'], ['none']),
            helper.make_node('Add', ['none', 'upper'], ['one']),
        ]
    else:
        nodes = drawn(seed, kind == 'random corners')
    nodes.append(helper.make_node('Expand', ['one', 'shape'], ['actions']))
    body = helper.make_graph(
        nodes, 'wild',
        [helper.make_tensor_value_info('state', TensorProto.FLOAT, [1, joints])],
        [helper.make_tensor_value_info('actions', TensorProto.FLOAT, [1, ROWS, joints])],
        [
            floats('lower', limits.lower), floats('upper', limits.upper),
            floats('range', limits.upper - limits.lower), floats('zero', 0.0 * limits.upper),
            helper.make_tensor('drawn', TensorProto.INT64, [3], [1, rows, joints]),
            helper.make_tensor('shape', TensorProto.INT64, [3], [1, ROWS, joints]),
        ],
    )  # fmt: skip
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def drawn(seed: int, ends: bool) -> list[NodeProto]:
    """Return nodes that draw `one` from the range, or from its ends, anew at each inference."""
    return [
        helper.make_node('Expand', ['state', 'drawn'], ['like']),
        helper.make_node(
            'RandomUniformLike', ['like'], ['share'], low=0.0, high=1.0, seed=float(seed)
        ),
        helper.make_node('Round' if ends else 'Identity', ['share'], ['part']),
        helper.make_node('Mul', ['part', 'range'], ['above']),
        helper.make_node('Add', ['above', 'lower'], ['one']),
    ]


def floats(name: str, values: Floats) -> TensorProto:
    """Return a constant of the graph."""
    return helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.tolist())


def make_robot(folder: Path, scale: float) -> Path:
    """Write the file of the FR3 with `scale` of its published limits; return its path."""
    source = resources.find('config/robots/fr3.yaml')
    assert source is not None
    path = folder / 'fr3.yaml'
    text = yaml.safe_load(source.read_text(encoding='utf-8')) | {'operating_scale': float(scale)}
    path.write_text(yaml.safe_dump(text), encoding='utf-8')
    return path


def make_overlay(folder: Path) -> Path:
    """Write the cell of the FR3 without cubes and tray, the table alone; return its path."""
    source = resources.find('config/sim/fr3_cell.xml')
    assert source is not None
    tree = ElementTree.parse(source)
    world = tree.getroot().find('worldbody')
    assert world is not None
    for body in world.findall('body'):
        if body.get('name') in LOOSE:
            world.remove(body)
    path = folder / 'fr3_table.xml'
    tree.write(path, encoding='unicode')
    return path
