"""Tests of what is left of the chunks a policy has sent."""

import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.sent_chunks import HEARD_WITHIN_NS, KEPT, reanchored, SentChunks

STEP = 10


def chunk(stamp, first=0.0, rows=10, interpolation='linear'):
    values = first + np.arange(float(rows))[:, None]
    return Chunk(stamp, STEP, values, stamp, interpolation)


def test_what_is_left_are_the_rows_from_the_new_observation_on_and_then_the_last_one():
    left = SentChunks(delay_ns=20).added(chunk(100), 120).leftover(140, 150, 10)
    assert left.rows[:, 0].tolist() == [4, 5, 6, 7, 8, 9, 9, 9, 9, 9]
    assert (left.length, left.delay) == (6, 2)


def test_rows_are_found_by_the_clock_between_those_of_the_last_chunk():
    left = SentChunks(delay_ns=11).added(chunk(100), 120).leftover(145, 150, 6)
    np.testing.assert_allclose(left.rows[:, 0], [4.5, 5.5, 6.5, 7.5, 8.5, 9.0])
    assert (left.length, left.delay) == (5, 2)
    held = SentChunks().added(chunk(100, interpolation='zoh'), 120).leftover(145, 150, 6)
    assert held.rows[:, 0].tolist() == [4, 5, 6, 7, 8, 9]


def test_at_another_speed_the_old_rows_pass_as_slowly_as_the_new_ones_will():
    sent = SentChunks(delay_ns=30).added(chunk(100), 120).heard(100, 0, 0.5)
    left = sent.leftover(140, 150, 5)
    assert left.rows[:, 0].tolist() == [2, 3, 4, 5, 6]
    assert left.delay == 2


@pytest.mark.parametrize(('stamp', 'length'), [(190, 1), (191, 0), (250, 0), (99, 0)])
def test_of_a_chunk_that_is_over_or_yet_to_come_nothing_is_left(stamp, length):
    left = SentChunks(delay_ns=50).added(chunk(100), 120).leftover(stamp, 120, 10)
    assert (0 if left is None else left.length) == length
    assert left is None or left.delay == length


def test_the_newest_chunk_is_executed_unless_control_had_time_to_say_that_it_was_not():
    sent = SentChunks().added(chunk(100), 120).added(chunk(140, 50.0), 160).heard(100, 0, 1.0)
    assert sent.executed(161).stamp_ns == 140
    assert sent.executed(160 + HEARD_WITHIN_NS).stamp_ns == 100
    assert sent.heard(140, 0, 1.0).executed(160 + HEARD_WITHIN_NS).stamp_ns == 140
    lost = SentChunks().added(chunk(100), 120)
    assert lost.executed(120 + HEARD_WITHIN_NS) is None
    assert lost.leftover(150, 120 + HEARD_WITHIN_NS, 5) is None


def test_a_new_engagement_goes_on_from_nothing_and_keeps_the_delay():
    sent = SentChunks(delay_ns=7).added(chunk(100), 120).heard(100, 30, 0.5).restarted()
    assert sent.executed(121) is None
    assert (sent.taken_ns, sent.delay_ns, sent.speed) == (0, 30, 0.5)


def test_a_delay_that_was_not_measured_leaves_the_expected_one_and_few_chunks_are_kept():
    sent = SentChunks(delay_ns=7)
    for i in range(20):
        sent = sent.added(chunk(i), i)
    assert sent.heard(0, 0, 1.0).delay_ns == 7
    assert len(sent.chunks) == len(sent.sent_ns) == KEPT


def test_ways_are_those_from_the_joints_of_the_new_observation():
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert reanchored(rows, np.array([1.0, 5.0])).tolist() == [[0.0, -3.0], [2.0, -1.0]]
