"""Tests of real-time chunking: the vectors of the paper's code, and what they are for."""

import numpy as np
import pytest
from robot_runtime.core.rtc import conditioned, guidance_weight, guided, prefix_weights


@pytest.mark.parametrize(
    ('decay', 'start', 'end', 'total', 'expected'),
    [
        ('linear', 2, 6, 10, [1, 1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0, 0]),
        ('exp', 2, 6, 10, [1, 1, 0.570589, 0.287072, 0.114492, 0.02577, 0, 0, 0, 0]),
        ('ones', 2, 6, 10, [1] * 6 + [0] * 4),
        ('zeros', 2, 6, 10, [1] * 2 + [0] * 8),
        ('exp', 3, 10, 16, [1, 1, 1, 0.712349, 0.487551, 0.315812, 0.18877, 0.099298, 0.041324,
                            0.009686, 0, 0, 0, 0, 0, 0]),
        ('exp', 2, 4, 6, [1, 1, 0.367706, 0.076746, 0, 0]),
        ('linear', 8, 3, 5, [1, 1, 1, 0, 0]),
        ('exp', 0, 0, 3, [0, 0, 0]),
    ],
)  # fmt: skip
def test_the_weights_of_a_prefix_are_those_of_the_paper(decay, start, end, total, expected):
    np.testing.assert_allclose(prefix_weights(decay, start, end, total), expected, atol=6e-7)


def test_a_prefix_longer_than_its_chunk_is_refused():
    with pytest.raises(ValueError, match='end is 7; allowed: 0 to 6'):
        prefix_weights('exp', 2, 7, 6)


@pytest.mark.parametrize(
    ('most', 'steps', 'expected'),
    [(5.0, 5, [5, 4.25, 2.1667, 2.1667, 4.25]),
     (10.0, 10, [10, 9.1111, 4.25, 2.7619, 2.1667, 2, 2.1667, 2.7619, 4.25, 9.1111])],
)
def test_the_guidance_of_each_step_is_that_of_the_paper(most, steps, expected):
    weights = [guidance_weight(k / steps, most) for k in range(steps)]
    np.testing.assert_allclose(weights, expected, atol=5e-5)


def toward(chunk):
    """Return a flow that goes straight to `chunk`."""
    return lambda x, time: (chunk - x) / (1.0 - time)


def test_the_whole_loop_gives_the_chunk_that_was_worked_out_by_hand():
    wanted, leftover = np.linspace(0.0, 1.0, 6)[:, None], np.full((6, 1), 0.5)
    weights = prefix_weights('exp', 2, 4, 6)
    got = guided(toward(wanted), np.zeros((6, 1)), leftover, weights, 5, 5.0)
    expected = [0.425, 0.455, 0.431255, 0.593477, 0.8, 1.0]
    np.testing.assert_allclose(got[:, 0], expected, atol=1e-6)


def test_without_weights_a_guided_chunk_is_the_policys_own():
    rng = np.random.default_rng(0)
    wanted, noise = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    got = guided(toward(wanted), noise, np.full((8, 3), 9.0), np.zeros(8), 10, 10.0)
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_a_pullback_guides_by_its_own_gradient():
    wanted, noise, weights = np.ones((4, 2)), np.zeros((4, 2)), np.ones(4)
    leftover = np.full((4, 2), 3.0)
    same = guided(toward(wanted), noise, leftover, weights, 5, 5.0, lambda x, t, error: error)
    np.testing.assert_array_equal(
        same, guided(toward(wanted), noise, leftover, weights, 5, 5.0))
    none = guided(toward(wanted), noise, leftover, weights, 5, 5.0, lambda x, t, e: 0.0 * e)
    np.testing.assert_allclose(none, wanted, atol=1e-12)


def test_a_conditioned_chunk_begins_with_its_prefix_and_knows_that_it_is_certain():
    rng = np.random.default_rng(1)
    prefix, noise, times = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), []

    def velocity(x, time):
        times.append(time)
        np.testing.assert_array_equal(x[:2], prefix[:2])
        wanted = np.broadcast_to(x[1], x.shape)  # goes on where the prefix ends
        return np.where(time[:, None] < 1.0, (wanted - x) / np.maximum(1.0 - time, 0.1)[:, None],
                        7.0)

    got = conditioned(velocity, noise, prefix, 2, 10)
    np.testing.assert_array_equal(got[:2], prefix[:2])
    np.testing.assert_allclose(got[2:], np.broadcast_to(prefix[1], (4, 2)), atol=1e-12)
    np.testing.assert_allclose([t[:2] for t in times], 1.0)
    np.testing.assert_allclose([t[2] for t in times], np.arange(10) / 10)


def test_a_delay_of_nothing_leaves_a_conditioned_chunk_to_the_policy():
    noise, wanted = np.zeros((3, 1)), np.arange(3.0)[:, None]
    got = conditioned(lambda x, t: (wanted - x) / (1.0 - t[:, None]), noise, wanted + 5.0, 0, 4)
    np.testing.assert_allclose(got, wanted, atol=1e-12)
