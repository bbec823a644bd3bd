"""Tests of the tensors that go into and come out of a graph."""

import numpy as np
from robot_runtime.core.tensors import image_tensor, Normalization, rows_from_output

IDENTITY = Normalization.identity()


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


def test_rows_come_out_in_the_order_of_the_robot():
    output = np.array([[[1.0, 10.0], [2.0, 20.0]]], np.float32)
    map_ = Normalization(np.array([0.0, 5.0]), np.array([1.0, 0.1]))
    rows = rows_from_output(output, 2, map_, np.array([1, 0]))
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows, [[6.0, 1.0], [7.0, 2.0]])


def test_nan_is_not_hidden_from_those_who_must_refuse_it():
    rows = rows_from_output(np.array([[np.nan, 1.0]]), 1, IDENTITY, np.arange(2))
    assert np.isnan(rows[0, 0])
