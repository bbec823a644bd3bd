"""Frozen camera: equal pictures are a fault only where the picture had to change."""

import numpy as np
import pytest
from robot_runtime.core.frozen import FrozenCheck

S = 1_000_000_000
HERE, THERE = np.zeros(7), np.array([0.0, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_equal_pictures_are_a_fault_once_the_robot_has_moved():
    check = FrozenCheck('motion', S)
    assert check.take(5, HERE, 0) == ''
    assert check.take(5, THERE, S - 1) == ''
    said = check.take(5, HERE, 2 * S)
    assert said == 'is frozen: the same picture for 2.0 s, while the robot moved by 0.03'


def test_a_new_picture_cures_it():
    check = FrozenCheck('motion', S)
    check.take(5, HERE, 0)
    assert check.take(5, THERE, S) != ''
    assert check.take(6, THERE, S) == ''
    assert check.take(6, THERE, 5 * S) == ''


def test_without_a_robot_nothing_is_said_of_motion():
    check = FrozenCheck('motion', S)
    check.take(5, None, 0)
    assert check.take(5, None, 9 * S) == ''
    assert check.take(5, HERE, 9 * S) == ''
    assert check.take(5, THERE, 9 * S) != ''


@pytest.mark.parametrize(('when', 'fault'), [('always', True), ('off', False)])
def test_always_and_off_do_not_ask_for_motion(when, fault):
    check = FrozenCheck(when, S)
    check.take(5, HERE, 0)
    assert bool(check.take(5, HERE, S)) is fault
