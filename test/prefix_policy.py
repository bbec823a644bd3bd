"""Policies that move one joint at one slope; one goes on from what is executed."""

import numpy as np
from onnx import helper, numpy_helper, TensorProto

ROWS, JOINTS, SLOPE = 20, 8, 0.01
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
PREFIX = [
    {'name': 'before', 'term': 'action_prefix', 'normalization': {'mean': [0.5], 'std': [2.0]}},
    {'name': 'left', 'term': 'prefix_length'},
    {'name': 'late', 'term': 'delay'},
]


def graph():
    """Return a graph whose rows are those that are left, and then SLOPE more with every row."""
    def constant(name, value):
        return numpy_helper.from_array(np.array(value), name)
    slope = np.zeros((1, JOINTS), dtype=np.float32)
    slope[0, -1] = SLOPE
    constants = [
        constant('one', np.int64(1)), constant('none', np.int64(0)), constant('slope', slope),
        constant('numbers', np.arange(ROWS)), constant('axis1', [1]), constant('axis0', [0]),
        constant('mean', np.float32(0.5)), constant('std', np.float32(2.0)),
        constant('nothing', np.float32(0.0)),
    ]
    nodes = [
        helper.make_node('Mul', ['before', 'std'], ['scaled']),
        helper.make_node('Add', ['scaled', 'mean'], ['rows']),
        helper.make_node('Sub', ['left', 'one'], ['last']),
        helper.make_node('Max', ['last', 'none'], ['index']),
        helper.make_node('Gather', ['rows', 'index'], ['base'], axis=0),
        helper.make_node('Sub', ['numbers', 'last'], ['beyond']),
        helper.make_node('Cast', ['beyond'], ['beyond_f'], to=FLOAT),
        helper.make_node('Unsqueeze', ['beyond_f', 'axis1'], ['column']),
        helper.make_node('Mul', ['column', 'slope'], ['way']),
        helper.make_node('Add', ['base', 'way'], ['onward']),
        helper.make_node('LessOrEqual', ['column', 'nothing'], ['known']),
        helper.make_node('Where', ['known', 'rows', 'onward'], ['chunk']),
        helper.make_node('ReduceSum', ['state'], ['sum'], keepdims=0),
        helper.make_node('Cast', ['late'], ['late_f'], to=FLOAT),
        helper.make_node('Add', ['sum', 'late_f'], ['unused']),
        helper.make_node('Mul', ['unused', 'nothing'], ['zero']),
        helper.make_node('Add', ['chunk', 'zero'], ['wanted']),
        helper.make_node('Unsqueeze', ['wanted', 'axis0'], ['actions']),
    ]
    inputs = [
        helper.make_tensor_value_info('state', FLOAT, [1, JOINTS]),
        helper.make_tensor_value_info('before', FLOAT, [ROWS, JOINTS]),
        helper.make_tensor_value_info('left', INT, [1]),
        helper.make_tensor_value_info('late', INT, [1]),
    ]
    outputs = [helper.make_tensor_value_info('actions', FLOAT, [1, ROWS, JOINTS])]
    body = helper.make_graph(nodes, 'onward', inputs, outputs, constants)
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def plain_graph():
    """Return a graph whose rows go SLOPE further each, from the measured joints on."""
    ways = np.zeros((1, ROWS, JOINTS), dtype=np.float32)
    ways[0, :, -1] = SLOPE * np.arange(ROWS)
    state = helper.make_tensor_value_info('state', FLOAT, [1, JOINTS])
    actions = helper.make_tensor_value_info('actions', FLOAT, [1, ROWS, JOINTS])
    nodes = [helper.make_node('Add', ['state', 'ways'], ['actions'])]
    body = helper.make_graph(
        nodes, 'ways', [state], [actions], [numpy_helper.from_array(ways, 'ways')])
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def sync_card(content):
    """Make the card of test/model_folder.py that of the plain graph, half of a chunk a time."""
    card(content)
    del content['prefix']
    content['output'].update(anchor='arrival')
    content['schedule'] = {'kind': 'sync', 'period_s': 0.5}


def card(content):
    """Make the card of test/model_folder.py that of the graph."""
    content['inputs'] = content['inputs'][:1]
    content['inputs'][0]['normalization'] = 'identity'
    content['prefix'] = [dict(item) for item in PREFIX]
    content['output'].update(rows=ROWS, normalization='identity')
    content['schedule'] = {'kind': 'rtc_prefix', 'period_s': 0.2}
