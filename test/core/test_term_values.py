"""Tests of the terms: what each is made of, and what it is called when it is not there."""

from dataclasses import replace
import math

import numpy as np
import pytest
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Measured, Term
from robot_runtime.core.tensors import Normalization
from robot_runtime.core.term_values import Seen, VALUES

S = 1_000_000_000
STATE = Measured(np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0, 7.0]))
BEGUN = Memory(begun_ns=7 * S, stamp_ns=9 * S, steps=4, action=np.array([0.1, -0.2, 0.3]))


def value(term, state=STATE, memory=BEGUN, stamp_ns=10 * S):
    return VALUES[term.kind](term, Seen(state, Inputs(), stamp_ns, S, S, memory))


def test_offset_clip_scale_and_normalization_come_in_this_order():
    term = Term(
        'q', 'joint_position', Normalization(np.array([1.0]), np.array([2.0])),
        offset=np.array([0.5, 1.0, 0.0]), clip=(-1.0, 1.0), factors=np.array([10.0]),
    )  # fmt: skip
    assert value(term).tolist() == [(0.0 - 1.0) / 2.0, (-10.0 - 1.0) / 2.0, (10.0 - 1.0) / 2.0]


def test_joints_are_those_of_the_card_in_its_order():
    assert value(Term('f', 'joint_effort', index=np.array([2, 0]))).tolist() == [7.0, 5.0]


@pytest.mark.parametrize(
    ('kind', 'state', 'phrase'),
    [
        ('joint_velocity', replace(STATE, velocity=None), 'velocities in joint_states'),
        ('joint_effort', replace(STATE, effort=None), 'efforts in joint_states'),
        (
            'joint_effort',
            replace(STATE, effort=np.array([1.0, np.nan, 1.0])),
            'finite joint_effort',
        ),
    ],
)
def test_what_the_driver_does_not_say_is_missing(kind, state, phrase):
    assert value(Term('x', kind), state) == phrase


def test_the_last_action_is_what_the_graph_gave_and_zero_before_that():
    term = Term('a', 'last_action', columns=3)
    assert value(term).tolist() == [0.1, -0.2, 0.3]
    assert value(term, memory=Memory()).tolist() == [0.0, 0.0, 0.0]
    assert value(replace(term, index=np.array([2]))).tolist() == [0.3]


def test_an_action_that_is_not_finite_is_not_fed_back():
    broken = replace(BEGUN, action=np.array([np.nan, 0.0, 0.0]))
    assert value(Term('a', 'last_action', columns=3), memory=broken) == 'finite last_action'


def test_the_time_of_an_episode_is_that_since_its_first_observation():
    assert value(Term('t', 'episode_time', factors=np.array([0.5]))).tolist() == [1.5]


@pytest.mark.parametrize(
    ('form', 'wanted'),
    [
        ('turn', [0.75, 0.25]),
        ('sin', [-1.0, 1.0]),
        ('cos', [0.0, 0.0]),
        ('sin_cos', [-1.0, 1.0, 0.0, 0.0]),
    ],
)
def test_a_phase_goes_round_and_its_hands_are_apart(form, wanted):
    clock = Term('p', 'phase', period_s=4.0, phases=(0.0, 0.5), form=form)
    np.testing.assert_allclose(value(clock), wanted, atol=1e-12)


def test_a_phase_does_not_lose_its_place_in_a_long_episode():
    clock = Term('p', 'phase', period_s=0.8, form='turn')
    late = value(clock, stamp_ns=7 * S + 800_000_000 * 1_000_000 + 200_000_000)
    assert math.isclose(late[0], 0.25, abs_tol=1e-6)


def test_a_constant_is_what_the_card_says():
    term = Term('e', 'constant', constant=np.array([0.25, -3.0]))
    assert value(term).tolist() == [0.25, -3.0]


def test_the_first_observation_of_an_engagement_says_that_it_is():
    assert value(Term('i', 'is_init'), memory=Memory()).tolist() == [True]
    assert value(Term('i', 'is_init')).tolist() == [False]
