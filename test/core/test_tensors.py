"""Tests of the tensors that go into a graph."""

import numpy as np
from robot_runtime.core.tensors import image_tensor, Normalization


def test_undo_takes_back_what_apply_did():
    map_ = Normalization(np.array([1.0, -2.0]), np.array([0.5, 4.0]))
    values = np.array([3.0, 7.0])
    assert map_.apply(values).tolist() == [4.0, 2.25]
    assert map_.undo(map_.apply(values)).tolist() == values.tolist()


def test_an_image_becomes_channels_first_scaled_and_then_normalised():
    image = np.zeros((2, 3, 3), np.uint8)
    image[1, 2] = (255, 0, 51)
    map_ = Normalization(np.array([0.5, 0.0, 0.0]), np.array([0.5, 1.0, 2.0]))
    tensor = image_tensor(image, 'CHW', 1 / 255, map_)
    assert tensor.shape == (3, 2, 3)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[:, 1, 2], [1.0, 0.0, 0.1], rtol=1e-6)
