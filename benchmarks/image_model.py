"""Image policy for the benchmark: a graph that looks at two cameras for a given time."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from onnx import GraphProto, helper, ModelProto, numpy_helper, TensorProto
import onnxruntime
from robot_runtime.runtime import resources
from robot_runtime.runtime.clock import SteadyClock
import yaml

CAMERAS = ('front', 'wrist')
WIDTH, HEIGHT, FPS = 640, 480, 30
SIDE = 224  # pixels of an image as the graph takes it
JOINTS = 8
ROWS, DT_S, PERIOD_S = 10, 0.05, 0.2
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
BUSY = 192  # side of the matrices that are multiplied to spend time
IMAGE = [1, 3, SIDE, SIDE]


def write(folder: Path, inference_ms: float) -> tuple[Path, Path]:
    """Write a robot with two VGA cameras and a policy for it; return both paths."""
    found = resources.find('config/robots/fr3.yaml')
    if found is None:
        raise FileNotFoundError('config/robots/fr3.yaml is missing')
    robot = yaml.safe_load(found.read_text(encoding='utf-8'))
    size = {'width': WIDTH, 'height': HEIGHT, 'fps': float(FPS)}
    robot['cameras'] = [{'name': c, 'topic': f'{c}/image_raw', **size} for c in CAMERAS]
    robot |= dict.fromkeys(('policy', 'urdf', 'workspace', 'tool_speed', 'collision'))
    robot_path = folder / 'vga.yaml'
    robot_path.write_text(yaml.safe_dump(robot), encoding='utf-8')
    names = [joint['name'] for group in robot['groups'] for joint in group['joints']]
    content = _graph(_loops(inference_ms)).SerializeToString()
    (folder / 'policy.onnx').write_bytes(content)
    card = _card(names, hashlib.sha256(content).hexdigest())
    (folder / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return robot_path, folder


def _card(names: list[str], sha256: str) -> dict[str, Any]:
    images = [
        {
            'name': camera, 'term': 'image', 'camera': camera, 'width': SIDE, 'height': SIDE,
            'layout': 'CHW', 'scale': 1 / 255, 'normalization': 'identity',
        }
        for camera in CAMERAS
    ]  # fmt: skip
    state = {'name': 'state', 'term': 'joint_position', 'joints': names}
    return {
        'format': 1,
        'name': 'looks_on',
        'reference_camera': 'front',
        'licence': 'Apache-2.0',
        'graph': {'file': 'policy.onnx', 'sha256': sha256},
        'inputs': [state | {'normalization': 'identity'}, *images],
        'output': {
            'name': 'actions', 'action': 'joint_position', 'joints': names, 'rows': ROWS,
            'dt_s': DT_S, 'interpolation': 'linear', 'anchor': 'observation',
            'normalization': 'identity',
        },
        'schedule': {'kind': 'latest', 'period_s': PERIOD_S},
    }  # fmt: skip


def _graph(loops: int) -> ModelProto:
    """Return a graph that answers with the state, after `loops` products of matrices."""
    matrix = np.eye(BUSY, dtype=np.float32)
    constants = {
        'matrix': matrix, 'loops': np.array(loops), 'go': np.array(True), 'one': np.array([1]),
        'zero': np.array(0, np.float32), 'rows': np.array([1, ROWS, 1]),
    }  # fmt: skip
    nodes = [
        *(helper.make_node('ReduceMean', [c], [f'{c}_mean'], keepdims=0) for c in CAMERAS),
        helper.make_node('Add', [f'{c}_mean' for c in CAMERAS], ['brightness']),
        helper.make_node('Mul', ['matrix', 'brightness'], ['begin']),
        helper.make_node('Loop', ['loops', 'go', 'begin'], ['end'], body=_busy()),
        helper.make_node('ReduceMean', ['end'], ['mean'], keepdims=0),
        helper.make_node('Mul', ['mean', 'zero'], ['none']),
        helper.make_node('Unsqueeze', ['state', 'one'], ['row']),
        helper.make_node('Tile', ['row', 'rows'], ['held']),
        helper.make_node('Add', ['held', 'none'], ['actions']),
    ]
    inputs = [helper.make_tensor_value_info('state', FLOAT, [1, JOINTS])]
    inputs += [helper.make_tensor_value_info(camera, FLOAT, IMAGE) for camera in CAMERAS]
    outputs = [helper.make_tensor_value_info('actions', FLOAT, [1, ROWS, JOINTS])]
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(nodes, 'looks_on', inputs, outputs, stored)
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def _busy() -> GraphProto:
    nodes = [
        helper.make_node('Identity', ['go_in'], ['go_out']),
        helper.make_node('MatMul', ['a', 'matrix'], ['b']),
    ]
    square = [BUSY, BUSY]
    return helper.make_graph(
        nodes, 'busy',
        [
            helper.make_tensor_value_info('i', INT64, []),
            helper.make_tensor_value_info('go_in', BOOL, []),
            helper.make_tensor_value_info('a', FLOAT, square),
        ],
        [
            helper.make_tensor_value_info('go_out', BOOL, []),
            helper.make_tensor_value_info('b', FLOAT, square),
        ],
    )  # fmt: skip


def _loops(inference_ms: float) -> int:
    """Return how many products take `inference_ms` on this machine."""
    tried = 200
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(_graph(tried).SerializeToString(), options)
    feed = {camera: np.ones(IMAGE, np.float32) for camera in CAMERAS}
    feed['state'] = np.zeros((1, JOINTS), np.float32)
    session.run(None, feed)
    clock = SteadyClock()
    begin = clock.now_ns()
    session.run(None, feed)
    return max(1, round(tried * inference_ms * 1e6 / (clock.now_ns() - begin)))
