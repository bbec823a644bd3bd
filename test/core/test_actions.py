"""Tests of actions: the figures of a graph made into targets of the joints."""

import numpy as np
import pytest
from robot_runtime.core.actions import Actions, Grip
from robot_runtime.core.tensors import Normalization

MAP = Normalization(np.array([0.0, 5.0]), np.array([1.0, 0.1]))
AT = np.array([10.0, 20.0])


def targets(actions, output, position=None):
    return actions.targets(actions.table(np.array(output, np.float32)), position)


def test_rows_are_in_si_units_and_float64():
    rows = targets(Actions(2, MAP), [[[1.0, 10.0], [2.0, 20.0]]])
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows, [[1.0, 6.0], [2.0, 7.0]])


def test_nan_is_not_hidden_from_those_who_must_refuse_it():
    actions = Actions(1, clip=(-1.0, 1.0), grips=(Grip(1, 0.0, 1.0, 0.0, 0.04, binary=True),))
    assert np.isnan(targets(actions, [[np.nan, np.nan]])).all()


def test_a_target_is_offset_and_scaled_per_joint_after_the_clip_and_the_normalization():
    actions = Actions(1, MAP, (-2.0, 2.0), np.array([0.5, 10.0]), np.array([1.0, -1.0]))
    assert targets(actions, [3.0, 1.0]).tolist() == [[1.0 + 0.5 * 2.0, -1.0 + 10.0 * 5.1]]


def test_what_is_clipped_is_what_the_graph_is_told_that_it_did():
    assert Actions(1, clip=(-2.0, 2.0)).table(np.array([3.0, 1.0])).tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize(
    ('summed', 'wanted'),
    [(False, [[11.0, 5.0], [12.0, 6.0]]), (True, [[11.0, 5.0], [13.0, 6.0]])],
)
def test_deltas_start_at_the_observation_or_at_the_row_before(summed, wanted):
    actions = Actions(2, relative=np.array([True, False]), summed=summed)
    assert targets(actions, [[1.0, 5.0], [2.0, 6.0]], AT).tolist() == wanted


def test_deltas_are_scaled_before_they_are_added():
    actions = Actions(1, scale=np.array([0.1]), relative=np.array([True, True]))
    np.testing.assert_allclose(targets(actions, [1.0, 5.0], AT), [[10.1, 20.5]])


def test_deltas_without_a_place_are_refused():
    with pytest.raises(ValueError, match='relative to'):
        targets(Actions(1, relative=np.array([True, True])), [1.0, 5.0])


@pytest.mark.parametrize(
    ('binary', 'figures', 'wanted'),
    [
        (False, [-1.0, 0.0, 0.5, 1.0, 9.0], [0.0, 0.02, 0.03, 0.04, 0.04]),
        (True, [-1.0, 0.0, 0.5, 1.0, 9.0], [0.0, 0.0, 0.04, 0.04, 0.04]),
    ],
)
def test_a_hand_goes_from_closed_to_open_and_no_further(binary, figures, wanted):
    grip = Grip(0, -1.0, 1.0, 0.0, 0.04, binary)
    rows = targets(Actions(5, scale=np.array([9.0]), grips=(grip,)), figures)
    np.testing.assert_allclose(rows[:, 0], wanted, atol=1e-12)


def test_a_hand_may_be_said_the_other_way_round():
    grip = Grip(0, 1.0, 0.0, 0.0, 0.04)
    assert targets(Actions(1, grips=(grip,)), [1.0]).tolist() == [[0.0]]
    assert targets(Actions(1, grips=(grip,)), [0.0]).tolist() == [[0.04]]
