"""Tests of the token bucket."""

import numpy as np
import pytest
from robot_runtime.core.tokens import TokenBucket

P = 4_000_000


def test_a_full_bucket_gives_three_and_no_more():
    bucket, got = TokenBucket.full(P, 0), []
    for _ in range(5):
        bucket, ok = bucket.take(0)
        got.append(ok)
    assert got == [True, True, True, False, False]


def test_one_comes_back_per_period_and_not_a_nanosecond_sooner():
    bucket = TokenBucket.full(P, 0)
    for _ in range(3):
        bucket, _ = bucket.take(0)
    assert not bucket.take(P - 1)[1]
    assert bucket.take(P)[1]


def test_asking_in_vain_costs_nothing_and_gains_nothing():
    bucket = TokenBucket.full(P, 0)
    for _ in range(3):
        bucket, _ = bucket.take(0)
    for now in range(0, P, P // 8):
        bucket, ok = bucket.take(now)
        assert not ok
    assert bucket.take(P)[1]


def test_a_sender_on_time_is_never_refused_however_long():
    bucket = TokenBucket.full(P, 0)
    rng = np.random.default_rng(2)
    for n in range(20_000):
        bucket, ok = bucket.take(n * P + int(rng.integers(-200_000, 200_000)))
        assert ok


def test_a_sender_one_percent_too_fast_is_refused_within_three_periods_of_lead():
    bucket = TokenBucket.full(P, 0)
    for n in range(1000):
        bucket, ok = bucket.take(n * P * 99 // 100)
        if not ok:
            break
    assert 150 < n < 250


@pytest.mark.parametrize('ticks', [1, 2, 3, 4, 5])
def test_skipping_ticks_buys_no_time(ticks):
    bucket, passed = TokenBucket.full(P, 0), 0
    for now in range(0, 1000 * P, P // 4):
        bucket, ok = bucket.take(now, ticks)
        passed += ticks * ok
    assert passed <= 1000 + max(3, ticks)


def test_a_command_after_lost_ones_may_use_their_time():
    bucket, _ = TokenBucket.full(P, 0).take(0)
    assert bucket.take(5 * P, 5)[1]
    assert not bucket.take(2 * P, 5)[1]


def test_what_was_left_unused_is_kept_up_to_the_burst_only():
    bucket = TokenBucket.full(P, 0)
    for _ in range(3):
        bucket, ok = bucket.take(10**12)
        assert ok
    assert not bucket.take(10**12)[1]


def test_a_clock_that_goes_back_gives_nothing():
    bucket = TokenBucket.full(P, 10 * P)
    for _ in range(3):
        bucket, _ = bucket.take(10 * P)
    bucket, ok = bucket.take(0)
    assert not ok
    assert not bucket.take(10 * P)[1]


def test_a_step_of_the_gates_own_spends_and_never_owes():
    bucket = TokenBucket.full(P, 0)
    for _ in range(5):
        bucket = bucket.spend(0)
    assert not bucket.take(0)[1]
    assert bucket.take(P)[1]
