"""Model folder for tests: a graph that holds the measured pose, and its card."""

import copy
import hashlib

from onnx import helper, TensorProto
import pytest
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
import yaml

ROBOT = load_robot('fr3')
# the other way round than the robot, so that an order that is lost shows
JOINTS = list(reversed(ROBOT.joint_names))
CARD = {
    'format': 1,
    'name': 'hold',
    'licence': 'Apache-2.0',
    'graph': {'file': 'policy.onnx', 'sha256': '0' * 64},
    'inputs': [
        {
            'name': 'state',
            'term': 'joint_position',
            'joints': JOINTS,
            'normalization': {'mean': [1.0], 'std': [2.0]},
        },
        {
            'name': 'front',
            'term': 'image',
            'camera': 'front',
            'width': 8,
            'height': 6,
            'layout': 'CHW',
            'scale': 0.01,
            'normalization': 'identity',
        },
    ],
    'output': {
        'name': 'actions',
        'action': 'joint_position',
        'joints': JOINTS,
        'rows': 2,
        'dt_s': 0.05,
        'interpolation': 'linear',
        'anchor': 'observation',
        'normalization': {'mean': [1.0], 'std': [2.0]},
    },
    'schedule': {'kind': 'latest', 'period_s': 0.1},
}


def graph(weight_file=None):
    """Return a graph that answers with the state, twice."""
    scale = helper.make_tensor('scale', TensorProto.FLOAT, [1], [1.0])
    if weight_file is not None:
        scale = TensorProto(
            name='scale', data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
        )
        scale.external_data.add(key='location', value=weight_file)
    nodes = [
        helper.make_node('Mul', ['state', 'scale'], ['scaled']),
        helper.make_node('Concat', ['scaled', 'scaled'], ['two'], axis=0),
        helper.make_node('Unsqueeze', ['two', 'axis'], ['moved']),
        helper.make_node('ReduceSum', ['front'], ['sum'], keepdims=0),
        helper.make_node('Mul', ['sum', 'zero'], ['none']),
        helper.make_node('Add', ['moved', 'none'], ['actions']),
    ]
    body = helper.make_graph(
        nodes,
        'hold',
        [
            helper.make_tensor_value_info('state', TensorProto.FLOAT, ['batch', 8]),
            helper.make_tensor_value_info('front', TensorProto.FLOAT, [1, 3, 6, 8]),
        ],
        [helper.make_tensor_value_info('actions', TensorProto.FLOAT, [1, 2, 8])],
        [
            scale,
            helper.make_tensor('axis', TensorProto.INT64, [1], [0]),
            helper.make_tensor('zero', TensorProto.FLOAT, [], [0.0]),
        ],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def folder(tmp_path, change=lambda card: None, model=None):
    content = (model or graph()).SerializeToString()
    (tmp_path / 'policy.onnx').write_bytes(content)
    card = copy.deepcopy(CARD)
    card['graph']['sha256'] = hashlib.sha256(content).hexdigest()
    change(card)
    (tmp_path / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return tmp_path


def refusal(path, robot=ROBOT, **options):
    with pytest.raises(ConfigError) as caught:
        Inference(OnnxPolicy.load(path, **options), robot)
    assert '\n' not in str(caught.value)
    return str(caught.value)
