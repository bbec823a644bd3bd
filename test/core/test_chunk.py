"""Tests of the chunk."""

import numpy as np
import pytest
from robot_runtime.core.chunk import checked, Chunk, ChunkError

MS = 1_000_000
ROWS = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, -1.0]])
LINEAR = Chunk(100 * MS, 20 * MS, ROWS, stamp_ns=7)
ZOH = Chunk(100 * MS, 20 * MS, ROWS, stamp_ns=7, interpolation='zoh')


@pytest.mark.parametrize(
    ('now_ms', 'expected'),
    [(100, [0.0, 1.0]), (105, [0.25, 1.5]), (120, [1.0, 3.0]), (130, [1.5, 1.0]),
     (140, [2.0, -1.0]), (159, [2.0, -1.0]), (179, [2.0, -1.0])],
)
def test_a_linear_chunk_runs_straight_between_rows_and_holds_the_last(now_ms, expected):
    np.testing.assert_allclose(LINEAR.at(now_ms * MS), expected, atol=1e-15)


@pytest.mark.parametrize(('now_ms', 'row'), [(100, 0), (119, 0), (120, 1), (139, 1), (179, 2)])
def test_a_zoh_chunk_holds_each_row_for_one_step(now_ms, row):
    np.testing.assert_array_equal(ZOH.at(now_ms * MS), ROWS[row])


def test_a_chunk_says_nothing_before_its_start_or_after_its_grace():
    assert LINEAR.end_ns == 160 * MS
    assert LINEAR.at(100 * MS - 1) is None
    assert LINEAR.at(180 * MS - 1) is not None
    assert LINEAR.at(180 * MS) is None
    assert LINEAR.at(160 * MS - 1, grace_ns=0) is not None
    assert LINEAR.at(160 * MS, grace_ns=0) is None


def test_a_target_is_a_copy_of_the_row():
    LINEAR.at(100 * MS)[:] = 9.0
    assert ROWS[0, 0] == 0.0


def test_a_chunk_of_one_row_holds_it_for_its_step_and_the_grace():
    chunk = Chunk(0, 10, np.array([[5.0]]), 1)
    assert [chunk.at(t) is not None for t in (0, 9, 19, 20)] == [True, True, True, False]


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_place(value):
    rows = ROWS.copy()
    rows[1, 0] = value
    with pytest.raises(ChunkError, match='row 1, joint 0'):
        checked(rows, 2)


@pytest.mark.parametrize('rows', [np.zeros(2), np.zeros((3, 1)), np.zeros((1, 3, 2))])
def test_a_wrong_shape_is_refused(rows):
    with pytest.raises(ChunkError, match='shape'):
        checked(rows, 2)


def test_no_rows_are_refused_and_finite_rows_pass():
    with pytest.raises(ChunkError, match='0 rows'):
        checked(np.zeros((0, 2)), 2)
    checked(ROWS, 2)
