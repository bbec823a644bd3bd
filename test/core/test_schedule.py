"""Tests of the schedule."""

import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.schedule import merge, sample, Schedule, speaking


def chunk(start, value, stamp, rows=10):
    return Chunk(start, 10, np.full((rows, 1), float(value)), stamp)


OLD, NEW = chunk(0, 1.0, 1), chunk(50, 3.0, 2)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match='latest, blend, sync, ensemble'):
        Schedule('average')


def test_an_empty_schedule_has_no_target():
    assert sample(Schedule(), 0) is None


def test_the_same_chunk_twice_is_one_chunk_and_an_older_one_is_dropped():
    once = merge(merge(Schedule(), OLD, 5), NEW, 60)
    assert merge(once, NEW, 70) is once
    assert merge(once, OLD, 70) is once
    assert merge(once, chunk(50, 9.0, 2), 70) is once


def test_lost_doubled_and_reordered_chunks_end_in_the_same_schedule():
    third = chunk(60, 4.0, 3)
    straight = merge(merge(merge(Schedule(), OLD, 5), NEW, 60), third, 70)
    doubled = straight
    for late in (OLD, NEW, third):
        doubled = merge(doubled, late, 80)
    assert doubled is straight
    assert [c.stamp_ns for c in straight.chunks] == [2, 3]


def test_latest_takes_the_new_chunk_at_once():
    schedule = merge(merge(Schedule(), OLD, 5), NEW, 60)
    assert sample(schedule, 60)[0] == 3.0


def test_a_chunk_from_the_future_leaves_the_word_to_the_one_before():
    schedule = merge(merge(Schedule(), OLD, 5), NEW, 40)
    assert schedule.merged_ns == 50
    assert sample(schedule, 49)[0] == 1.0
    assert speaking(schedule, 49) is OLD
    assert sample(schedule, 50)[0] == 3.0


@pytest.mark.parametrize(('now', 'expected'), [(60, 1.0), (70, 1.5), (80, 2.0), (100, 3.0)])
def test_blend_ramps_from_the_old_target_to_the_new_one(now, expected):
    schedule = merge(merge(Schedule('blend', 40), OLD, 5), NEW, 60)
    assert sample(schedule, now)[0] == pytest.approx(expected)


def test_blend_uses_the_new_chunk_alone_once_the_old_one_has_ended():
    schedule = merge(merge(Schedule('blend', 400), OLD, 5), NEW, 100)
    assert sample(schedule, 109)[0] < 3.0
    assert sample(schedule, 110)[0] == 3.0


def test_the_first_chunk_is_not_blended():
    assert sample(merge(Schedule('blend', 40), OLD, 5), 6)[0] == 1.0


def test_of_two_chunks_in_one_tick_the_first_never_spoke():
    schedule = merge(merge(merge(Schedule('blend', 40), OLD, 5), NEW, 60), chunk(55, 4.0, 3), 60)
    assert [c.stamp_ns for c in schedule.chunks] == [1, 3]


def test_after_the_newest_chunk_nothing_speaks():
    short = chunk(50, 3.0, 2, rows=1)
    schedule = merge(merge(Schedule(), OLD, 5), short, 60)
    assert sample(schedule, 69) is not None
    assert sample(schedule, 70) is None
    assert sample(schedule, 60, grace_ns=0) is None
