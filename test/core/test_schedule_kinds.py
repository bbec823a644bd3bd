"""Tests of 'sync' and 'ensemble', and of joints that are mixed in a way of their own."""

import math

import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.ensemble import Ensemble, Mixing, MOST, ratio_of
from robot_runtime.core.schedule import ahead, merge, playing, sample, Schedule

STEP = 10


def chunk(start, rows, stamp=None, interpolation='linear'):
    rows = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    return Chunk(start, STEP, rows, start if stamp is None else stamp, interpolation)


def merged(chunks, m=0.01, **fields):
    schedule = Schedule('ensemble', mixing=Mixing(ratio_of(m)), **fields)
    for one in chunks:
        schedule = merge(schedule, one, one.start_ns + 1)
    return schedule


def offline(chunks, now, m):
    """Return the sum as ACT writes it, for an instant of the rows: the oldest is i = 0."""
    said = [c.rows[(now - c.start_ns) // STEP] for c in chunks if now < c.end_ns]
    ages = [(c.start_ns - chunks[0].start_ns) // STEP for c in chunks if now < c.end_ns]
    weights = np.exp(-m * np.array(ages))
    return (np.array(said) * weights[:, None]).sum(0) / weights.sum()


@pytest.mark.parametrize(
    ('m', 'expected'),
    [(0.01, [0.2538, 0.2512, 0.2487, 0.2463]), (0.1, [0.2887, 0.2612, 0.2363, 0.2138]),
     (0.0, [0.25, 0.25, 0.25, 0.25])],
)
def test_four_predictions_count_as_in_act(m, expected):
    weights = []
    for speaker in range(4):
        rows = [np.full(8, float(i == speaker)) for i in range(4)]
        schedule = merged([chunk(i * STEP, own) for i, own in enumerate(rows)], m)
        weights.append(sample(schedule, 3 * STEP)[0])
    np.testing.assert_allclose(weights, expected, atol=5e-5)
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize('m', [0.01, 0.1, 0.0, -0.1])
def test_a_chunk_with_every_row_is_the_temporal_ensemble_of_act(m):
    rng = np.random.default_rng(3)
    chunks = [chunk(i * STEP, rng.normal(size=(6, 2))) for i in range(40)]
    schedule = Schedule('ensemble', mixing=Mixing(ratio_of(m)))
    for i, one in enumerate(chunks):
        schedule = merge(schedule, one, i * STEP)
        lasting = chunks[max(0, i - 5): i + 1]
        np.testing.assert_allclose(
            sample(schedule, i * STEP), offline(lasting, i * STEP, m), atol=1e-12
        )


def test_a_prediction_of_exactly_zero_counts_like_any_other():
    schedule = merged([chunk(0, np.zeros((5, 2))), chunk(STEP, np.full((5, 2), [1.0, 0.0]))], 0.0)
    np.testing.assert_array_equal(sample(schedule, 2 * STEP), [0.5, 0.0])


def test_a_chunk_counts_by_its_time_on_the_clock_and_not_by_the_number_of_its_row():
    ramp = np.arange(20.0)
    late = merged([chunk(0, ramp), chunk(35, ramp[:10] + 3.5)])
    for now in (40, 41, 47, 60, 99):
        assert sample(late, now)[0] == pytest.approx(now / STEP, abs=1e-12)


def test_a_lost_chunk_leaves_the_weights_of_the_others_as_they_were():
    first, lost, last = (chunk(i * STEP, np.full(9, float(i))) for i in range(3))
    ratio = ratio_of(0.1)
    got = sample(merged([first, last], 0.1), 4 * STEP)[0]
    assert got == pytest.approx(2.0 * ratio**2 / (1.0 + ratio**2), abs=1e-12)
    every = sample(merged([first, lost, last], 0.1), 4 * STEP)[0]
    weight = ratio / (1.0 + ratio + ratio**2)
    assert every == pytest.approx(weight * 1.0 + (1.0 - weight) * got, abs=1e-12)


def test_no_target_jumps_when_an_old_chunk_ends():
    schedule = merged([chunk(0, np.zeros(4)), chunk(15, np.ones(8))], 0.0)
    targets = [sample(schedule, now)[0] for now in range(16, 60)]
    assert targets[0] == 0.5
    assert targets[-1] == 1.0
    assert np.abs(np.diff(targets)).max() < 0.1


def test_a_new_chunk_of_an_ensemble_fades_in_where_a_blend_is_asked_for():
    one, two = chunk(0, np.zeros(20)), chunk(50, np.ones(20))
    schedule = merge(merge(Schedule('ensemble', 40), one, 5), two, 60)
    assert [sample(schedule, now)[0] for now in (60, 80, 100)] == pytest.approx([0.0, 1 / 3, 0.5])


def test_an_ensemble_ends_with_its_newest_chunk_and_holds_its_last_row_for_the_grace():
    schedule = merged([chunk(0, np.zeros(30)), chunk(STEP, np.ones(2))], 0.0)
    assert sample(schedule, 39) is not None
    assert sample(schedule, 40) is None
    alone = merged([chunk(0, [1.0, 2.0])])
    assert sample(alone, 25)[0] == 2.0
    assert sample(alone, 20, grace_ns=0) is None


def test_a_chunk_that_has_not_begun_says_nothing_in_an_ensemble():
    schedule = merge(merged([chunk(0, np.zeros(9))], 0.0), chunk(50, np.ones(9)), 45)
    assert sample(schedule, 49)[0] == 0.0
    assert sample(schedule, 50)[0] == 0.5


def test_an_ensemble_keeps_what_lasts_and_never_more_than_a_bounded_number():
    schedule = merged([chunk(i, np.full(100, float(i))) for i in range(200)])
    assert len(schedule.chunks) == MOST
    assert len(merged([chunk(0, [1.0]), chunk(50, [1.0])]).chunks) == 1
    assert merge(schedule, schedule.chunks[-1], 500) is schedule


def test_angles_are_averaged_the_short_way_round():
    near, beyond = math.pi - 0.1, -math.pi + 0.1
    mixing = Mixing(1.0, angles=np.array([True, False]))
    schedule = Schedule('ensemble', mixing=mixing)
    for start, value in ((0, near), (STEP, beyond)):
        schedule = merge(schedule, chunk(start, np.full((9, 2), value)), start + 1)
    turned, plain = sample(schedule, 2 * STEP)
    assert math.cos(turned) == pytest.approx(-1.0, abs=1e-12)
    assert plain == pytest.approx(0.0, abs=1e-12)
    blend = Schedule('blend', 40, mixing=mixing)
    blend = merge(merge(blend, chunk(0, np.full((20, 2), near)), 5),
                  chunk(50, np.full((20, 2), beyond)), 60)
    assert sample(blend, 80)[0] == pytest.approx(math.pi, abs=1e-12)


@pytest.mark.parametrize('kind', ['latest', 'blend', 'ensemble', 'sync'])
def test_targets_that_are_choices_are_those_of_the_newest_chunk_and_never_between(kind):
    mixing = Mixing(1.0, discrete=np.array([False, True]))
    schedule = Schedule(kind, 40, mixing=mixing)
    opening = np.stack([np.linspace(0.0, 1.0, 20), np.arange(20) % 2], axis=1)
    for start in (0, 50):
        schedule = merge(schedule, chunk(start, opening), start + 3)
    for now in range(53, 200):
        target = sample(schedule, now)
        assert target[1] in (0.0, 1.0)
        assert target[1] == ((now - 50) // STEP) % 2
        soon = ahead(schedule, now, now + 1, target)
        assert soon is None or soon[1] == target[1]


def test_sync_plays_what_is_executed_and_then_holds_it_until_the_next_chunk():
    schedule = merge(Schedule('sync', executed_ns=40), chunk(100, np.arange(10.0)), 100)
    assert sample(schedule, 125)[0] == 2.5
    assert sample(schedule, 139)[0] == pytest.approx(3.9)
    for now in (140, 160, 1000, 10**12):
        assert sample(schedule, now)[0] == pytest.approx(3.9)
    assert [playing(schedule, now) for now in (99, 100, 139, 140)] == [False, True, True, False]
    following = merge(schedule, chunk(300, np.arange(10.0) + 4.0, 2_000), 300)
    assert sample(following, 310)[0] == 5.0


def test_sync_executes_a_whole_chunk_where_nothing_is_said():
    held = merge(Schedule('sync'), chunk(0, [1.0, 2.0], interpolation='zoh'), 0)
    assert [sample(held, now)[0] for now in (0, 9, 10, 19, 20, 500)] == [1, 1, 2, 2, 2, 2]
    assert not playing(held, 20)


def test_many_chunks_of_equal_weight_are_the_mean_of_what_each_says_by_itself():
    rng = np.random.default_rng(1)
    chunks = [chunk(7 * i, rng.normal(size=(30, 8))) for i in range(12)]
    ensemble = Ensemble.of(chunks, 1.0)
    now = 101
    values = np.array([c.at(now) for c in chunks])
    mean = values[-1] + (values - values[-1]).sum(0) / 12
    np.testing.assert_allclose(ensemble.at(now, 1.0, Mixing()), mean, atol=1e-14)


@pytest.mark.parametrize('kind', ['blend', 'ensemble'])
def test_the_motion_of_a_target_is_that_of_its_chunks_and_not_that_of_a_handover(kind):
    schedule = Schedule(kind, 40)
    for start, offset in ((0, 0.0), (50, 5.0)):
        schedule = merge(schedule, chunk(start, np.arange(20.0) + offset), start + 10)
    for now in range(60, 105):
        target = sample(schedule, now)
        assert (ahead(schedule, now, now + 2, target) - target)[0] == pytest.approx(0.2)


def test_where_a_chunk_ends_or_another_begins_no_motion_leads_further():
    schedule = merge(merge(Schedule(), chunk(0, np.zeros(9)), 0), chunk(50, np.ones(2)), 45)
    target = np.zeros(1)
    assert ahead(schedule, 48, 49, target) is not None
    assert ahead(schedule, 48, 50, target) is None
    assert ahead(schedule, 79, 80, target) is None
    assert ahead(Schedule(), 0, 1, target) is None
