"""Chunk messages: positions, velocities, and both in one robot."""

import numpy as np
import pytest
from robot_runtime.core.chunk import checked, ChunkError
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.ros.conversions import chunk_from, chunk_message

NAMES = ('one', 'two', 'hand')
RATES = np.array([0, 1])
ROWS = np.array([[0.1, -0.2, 0.04], [0.3, 0.4, 0.0]])
STEP_NS = 20_000_000


def test_a_chunk_of_positions_comes_back_and_has_no_velocities():
    message = chunk_message(7, NAMES, ROWS, STEP_NS)
    assert not message.points[0].velocities
    chunk = chunk_from(message, NAMES, 5)
    np.testing.assert_array_equal(chunk.rows, ROWS)
    assert (chunk.stamp_ns, chunk.start_ns, chunk.step_ns) == (7, 12, STEP_NS)


def test_velocities_and_positions_stand_where_they_belong_and_nothing_is_invented():
    message = chunk_message(7, NAMES, ROWS, STEP_NS, RATES)
    np.testing.assert_array_equal(message.points[0].positions, [np.nan, np.nan, 0.04])
    np.testing.assert_array_equal(message.points[0].velocities, [0.1, -0.2, np.nan])
    np.testing.assert_array_equal(chunk_from(message, NAMES, 0, RATES).rows, ROWS)
    other = chunk_from(message, ('hand', 'two', 'one'), 0, np.array([1, 2]))
    np.testing.assert_array_equal(other.rows, ROWS[:, ::-1])


def test_a_robot_of_velocities_alone_needs_no_positions():
    message = chunk_message(7, NAMES, ROWS, STEP_NS, np.arange(3))
    for point in message.points:
        point.positions = []
    np.testing.assert_array_equal(chunk_from(message, NAMES, 0, np.arange(3)).rows, ROWS)
    with pytest.raises(JointNameError, match='3 joint names and 0 values'):
        chunk_from(message, NAMES, 0, RATES)


def test_what_does_not_go_with_the_robot_is_not_finite_or_does_not_fit():
    positions = chunk_message(7, NAMES, ROWS, STEP_NS)
    with pytest.raises(JointNameError, match='3 joint names and 0 values'):
        chunk_from(positions, NAMES, 0, RATES)
    mixed = chunk_from(chunk_message(7, NAMES, ROWS, STEP_NS, RATES), NAMES, 0)
    with pytest.raises(ChunkError, match='non-finite'):
        checked(mixed.rows, 3)


def test_efforts_stand_in_the_field_of_efforts_and_nowhere_else():
    message = chunk_message(7, NAMES, ROWS, STEP_NS, RATES, 'effort')
    np.testing.assert_array_equal(message.points[1].effort, [0.3, 0.4, np.nan])
    np.testing.assert_array_equal(message.points[1].positions, [np.nan, np.nan, 0.0])
    assert not message.points[1].velocities
    np.testing.assert_array_equal(chunk_from(message, NAMES, 0, RATES, 'effort').rows, ROWS)
    with pytest.raises(JointNameError, match='3 joint names and 0 values'):
        chunk_from(message, NAMES, 0, RATES)
