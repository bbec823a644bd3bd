"""Policy that can be asked for nonsense: the scripted expert, whose fourth goal is no number."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
from robot_runtime.runtime import resources
import yaml

NONSENSE = 'nonsense'  # the word of an instruction that asks for it


def make(folder: Path) -> Path:
    """Return a model folder, made in `folder`."""
    source = resources.find('models/scripted_pick')
    assert source is not None
    card = yaml.safe_load((source / 'card.yaml').read_text(encoding='utf-8'))
    content = graph(onnx.load(source / 'policy.onnx')).SerializeToString()
    made = folder / 'bad_policy'
    made.mkdir(exist_ok=True)
    (made / 'policy.onnx').write_bytes(content)
    card['graph'] = {'file': 'policy.onnx', 'sha256': hashlib.sha256(content).hexdigest()}
    card['name'] = made.name
    del card['golden']
    (goal,) = (item for item in card['inputs'] if item['term'] == 'goal_index')
    goal['goals'] = [*goal['goals'], NONSENSE]
    (made / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return made


def graph(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with NaN added to all its actions for the fourth goal."""
    body = model.graph
    for node in body.node:
        node.input[:] = ['known_goal' if name == 'goal' else name for name in node.input]
        node.output[:] = ['sane' if name == 'actions' else name for name in node.output]
    values = {'last': np.array([2]), 'fourth': np.array([3])}
    floats = {'nan': np.array([np.nan], np.float32), 'nothing': np.zeros(1, np.float32)}
    body.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in (values | floats).items()
    )
    body.node.insert(0, helper.make_node('Min', ['goal', 'last'], ['known_goal']))
    body.node.extend(
        [
            helper.make_node('Equal', ['goal', 'fourth'], ['is_nonsense']),
            helper.make_node('Where', ['is_nonsense', 'nan', 'nothing'], ['more']),
            helper.make_node('Add', ['sane', 'more'], ['actions']),
        ]
    )
    assert body.output[0].type.tensor_type.elem_type == TensorProto.FLOAT
    return model
