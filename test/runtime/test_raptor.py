"""RAPTOR, a recurrent policy of another lab: 500 steps of two flights as its makers saw them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from onnx import numpy_helper
from onnx.helper import make_node
import pytest
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from term_folder import model, value, write

MOTORS = [f'motor_{k}' for k in range(1, 5)]
SEEN = [
    {'term': 'base_position'},
    {'term': 'base_orientation', 'rotation': 'matrix'},
    {'term': 'base_linear_velocity', 'frame': 'world'},
    {'term': 'base_angular_velocity'},
    {'term': 'last_action'},
]
TOLERANCE = 1e-5


@pytest.fixture(scope='module')
def checkpoint():
    """Return the arrays of the package's checkpoint, by their names."""
    import h5py

    package = Path(find_spec('foundation_policy').origin).parent
    arrays = {}
    with h5py.File(package / 'blob' / 'checkpoint.h5') as file:
        file.visititems(
            lambda name, one: arrays.update({name: one[()]}) if hasattr(one, 'shape') else None
        )
    return {name.removesuffix('/parameters'): array for name, array in arrays.items()}


def raptor(arrays):
    """Return the policy as a graph whose state is an input and an output."""

    def gates(name):
        """Return reset, update and new as ONNX has them: update, reset, new."""
        reset, update, new = np.split(arrays[f'actor/layers/1/{name}'], 3)
        return np.concatenate([update, reset, new])

    biases = np.concatenate([gates('biases_input'), gates('biases_hidden')])
    weights = {
        'w0': arrays['actor/layers/0/weights'], 'b0': arrays['actor/layers/0/biases'][0],
        'w': gates('weights_input')[None], 'r': gates('weights_hidden')[None], 'b': biases[None],
        'w2': arrays['actor/layers/2/weights'], 'b2': arrays['actor/layers/2/biases'][0],
        'axis': np.array([0], np.int64),
    }  # fmt: skip
    nodes = [
        make_node('Gemm', ['obs', 'w0', 'b0'], ['dense'], transB=1),
        make_node('Relu', ['dense'], ['x']),
        make_node('Unsqueeze', ['x', 'axis'], ['xs']),
        make_node('Unsqueeze', ['h_in', 'axis'], ['h']),
        make_node(
            'GRU', ['xs', 'w', 'r', 'b', '', 'h'], ['', 'next'],
            hidden_size=16, linear_before_reset=1,
        ),
        make_node('Squeeze', ['next', 'axis'], ['h_out']),
        make_node('Gemm', ['h_out', 'w2', 'b2'], ['actions'], transB=1),
    ]  # fmt: skip
    return model(
        nodes, [value('obs', [1, 22]), value('h_in', [1, 16])],
        [value('actions', [1, 4]), value('h_out', [1, 16])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )  # fmt: skip


def flown(tmp_path, checkpoint, flight, **golden):
    pairs = {'obs': checkpoint['example/input'], 'actions': checkpoint['example/output']}
    np.savez(tmp_path / 'golden.npz', **{name: a[:, flight] for name, a in pairs.items()})
    return write(
        tmp_path, raptor(checkpoint),
        [{'name': 'obs', 'terms': SEEN, 'normalization': 'identity'}],
        output={'joints': MOTORS, 'dt_s': 0.01}, state=[{'input': 'h_in', 'output': 'h_out'}],
        golden={'file': 'golden.npz', 'tolerance': TOLERANCE, 'sequence': True} | golden,
    )  # fmt: skip


@pytest.mark.parametrize('flight', [0, 1])
def test_raptor_flies_500_steps_as_its_makers_saw_it(tmp_path, checkpoint, flight):
    assert checkpoint['example/input'].shape == (500, 2, 22)
    OnnxPolicy.load(flown(tmp_path, checkpoint, flight))


def test_raptor_without_its_state_is_noticed(tmp_path, checkpoint):
    folder = flown(tmp_path, checkpoint, 0)
    card = folder / 'card.yaml'
    text = card.read_text(encoding='utf-8')
    card.write_text(text.replace('sequence: true', 'sequence: false'), encoding='utf-8')
    stored = dict(np.load(folder / 'golden.npz'))
    np.savez(folder / 'golden.npz', h_in=np.zeros((500, 1, 16), np.float32), **stored)
    with pytest.raises(ConfigError, match='golden pair 1 of .* differs by'):
        OnnxPolicy.load(folder)
