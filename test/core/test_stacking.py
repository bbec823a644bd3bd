"""Tests of a graph's inputs: terms one after the other, and those of the steps before."""

import numpy as np
import pytest
from robot_runtime.core.observation import Term
from robot_runtime.core.stacking import Entry, feed_of, History
from robot_runtime.core.tensors import Normalization

Q, DQ = Term('q', 'joint_position'), Term('dq', 'joint_velocity')
ONE = History()


def fed(entry, *steps):
    """Return what the graph is fed at the last of `steps`, each the values of all terms."""
    past, feed = {}, {}
    for values in steps:
        arrays = {
            term.name: np.array(value) for term, value in zip(entry.terms, values, strict=True)
        }
        feed, past = feed_of([entry], arrays, past)
    return feed[entry.name]


def test_a_term_alone_is_fed_as_it_is():
    values = np.zeros((3, 2, 2), np.float32)
    feed, kept = feed_of([Entry('front', (Q,), (ONE,))], {'q': values}, {})
    assert feed['front'] is values
    assert kept == {}


def test_terms_lie_one_after_the_other():
    entry = Entry('obs', (Q, DQ), (ONE, ONE))
    assert fed(entry, ([1.0, 2.0], [3.0])).tolist() == [1.0, 2.0, 3.0]


def test_the_whole_is_normalised_and_then_cut():
    map_ = Normalization(np.array([1.0, 1.0, 0.0]), np.array([0.5, 1.0, 1.0]))
    entry = Entry('obs', (Q, DQ), (ONE, ONE), normalization=map_, clip=(-1.0, 1.5))
    assert fed(entry, ([2.0, 2.0], [-3.0])).tolist() == [1.5, 1.0, -1.0]


@pytest.mark.parametrize(
    ('history', 'order'),
    [
        (History(3), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]),
        (History(3, newest_first=True), [3.0, 30.0, 2.0, 20.0, 1.0, 10.0]),
        (History(3, by_element=True), [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]),
        (History(3, newest_first=True, by_element=True), [3.0, 2.0, 1.0, 30.0, 20.0, 10.0]),
    ],
)
def test_a_history_of_a_term_lies_in_the_order_of_the_card(history, order):
    steps = [([1.0, 10.0],), ([2.0, 20.0],), ([3.0, 30.0],)]
    assert fed(Entry('obs', (Q,), (history,)), *steps).ravel().tolist() == order


def test_each_term_has_its_own_history_or_the_frame_has_one():
    steps = [([1.0], [10.0]), ([2.0], [20.0])]
    apart = Entry('obs', (Q, DQ), (History(2), History(2)))
    assert fed(apart, *steps).tolist() == [1.0, 2.0, 10.0, 20.0]
    together = Entry('obs', (Q, DQ), (ONE, ONE), History(2))
    assert fed(together, *steps).ravel().tolist() == [1.0, 10.0, 2.0, 20.0]


def test_before_the_second_observation_the_first_fills_the_history():
    entry = Entry('obs', (Q,), (History(4),))
    assert fed(entry, ([5.0],)).ravel().tolist() == [5.0] * 4
    assert fed(entry, ([5.0],), ([6.0],)).ravel().tolist() == [5.0, 5.0, 5.0, 6.0]


def test_what_was_kept_is_not_changed_by_the_next_step():
    entry = Entry('obs', (Q,), (History(2),))
    _, first = feed_of([entry], {'q': np.array([1.0])}, {})
    _, second = feed_of([entry], {'q': np.array([2.0])}, first)
    assert [frame.tolist() for frame in first['q']] == [[1.0], [1.0]]
    assert [frame.tolist() for frame in second['q']] == [[1.0], [2.0]]
