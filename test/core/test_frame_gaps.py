"""Tests of the gaps in a camera's stream."""

import numpy as np
import pytest
from robot_runtime.core.frame_gaps import FrameGaps

STEP = 66_666_667
SECOND = 1_000_000_000


def taken(stamps, step=STEP):
    gaps = FrameGaps(step)
    for stamp in stamps:
        gaps.take(int(stamp))
    return gaps


def grid(count, step=STEP, start=5 * SECOND):
    return start + np.arange(count) * step


def test_an_even_stream_loses_nothing():
    assert taken(grid(1000)).lost == 0


@pytest.mark.parametrize('missing', [[5], [5, 6, 7], [5, 9, 400], [1], [998]])
def test_each_frame_that_is_left_out_counts_once(missing):
    assert taken(np.delete(grid(1000), missing)).lost == len(missing)


def test_jitter_of_a_quarter_of_a_period_loses_nothing():
    jitter = np.random.default_rng(1).uniform(-STEP / 4, STEP / 4, 5000)
    assert taken(grid(5000) + jitter).lost == 0


def test_a_long_gap_before_a_short_one_is_jitter_and_no_loss():
    stamps = grid(100)
    stamps[50] += int(0.45 * STEP)
    assert taken(stamps).lost == 0


def test_frames_lost_amid_jitter_are_all_counted():
    rng = np.random.default_rng(2)
    stamps = grid(5000) + rng.uniform(-STEP / 5, STEP / 5, 5000)
    assert taken(np.delete(stamps, np.arange(100, 4900, 37))).lost == len(range(100, 4900, 37))


@pytest.mark.parametrize('scale', [0.97, 0.999, 1.001, 1.03])
def test_a_clock_that_runs_a_little_otherwise_loses_nothing(scale):
    assert taken(grid(5000, round(STEP * scale))).lost == 0


def test_a_camera_at_half_the_rate_loses_half():
    assert taken(grid(101, 2 * STEP)).lost == pytest.approx(100, abs=1)


def test_a_camera_at_twice_the_rate_loses_nothing():
    assert taken(grid(1000, STEP // 2)).lost == 0


@pytest.mark.parametrize('jump', [-60 * SECOND, 60 * SECOND])
def test_a_stream_that_begins_again_is_counted_as_that_and_nothing_as_lost(jump):
    gaps = taken(np.concatenate((grid(50), grid(50, start=500 * SECOND + jump))))
    assert (gaps.lost, gaps.restarts) == (0, 1)


def test_a_frame_that_is_not_newer_is_refused_and_counted():
    gaps = taken(grid(10))
    last = int(grid(10)[-1])
    assert [gaps.take(last), gaps.take(last - STEP), gaps.take(last + STEP)] == [
        False, False, True,
    ]
    assert (gaps.lost, gaps.stale) == (0, 2)
