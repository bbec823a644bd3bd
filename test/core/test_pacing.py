"""Tests of the pacer and the tick statistics."""

import pytest
from robot_runtime.core.pacing import BINS, Pacer, TickStats


@pytest.mark.parametrize(
    ('now', 'missed', 'deadline'),
    [(90, 0, 110), (100, 0, 110), (109, 0, 110), (110, 1, 120), (135, 3, 140)],
)
def test_a_late_tick_drops_the_missed_ones_and_stays_on_the_grid(now, missed, deadline):
    pacer = Pacer(10, 100)
    assert pacer.advance(now) == missed
    assert pacer.deadline_ns == deadline


def test_percentiles_are_upper_edges_of_bins_and_at_most_the_worst():
    stats = TickStats()
    for lateness_us in range(100):
        stats.record(lateness_us * 1000)
    assert stats.percentile(50) == 50_000
    assert stats.percentile(99) == 99_000
    assert stats.percentile(0) == 1_000
    assert stats.percentile(100) == stats.worst_ns == 99_000


def test_no_ticks_have_percentile_zero():
    assert TickStats().percentile(99.9) == 0


def test_what_is_later_than_the_last_bin_is_reported_as_the_worst():
    stats = TickStats()
    stats.record(5 * BINS * 1000)
    assert stats.percentile(50) == 5 * BINS * 1000


def test_an_early_tick_counts_as_on_time_and_missed_ticks_add_up():
    stats = TickStats()
    stats.record(-5)
    stats.record(10, missed=3)
    assert (stats.ticks, stats.missed, stats.counts[0]) == (2, 3, 2)


def test_a_record_never_grows_the_histogram():
    stats = TickStats()
    counts = stats.counts
    stats.record(10**12)
    assert stats.counts is counts


@pytest.mark.parametrize('q', [-1.0, 100.1, float('nan')])
def test_a_percentile_outside_its_range_is_refused(q):
    with pytest.raises(ValueError, match='0 to 100'):
        TickStats().percentile(q)
