"""Tests of a policy's memory: handed on from one observation to the next, and given up in time."""

import numpy as np
from robot_runtime.core.memory import Memory

S = 1_000_000_000
FRAMES = {'obs': (np.zeros(1),)}
STATE = {'h_in': np.ones(2)}


def after_one(at_ns=10 * S):
    return Memory().at(at_ns, S).then(at_ns, np.ones(3), FRAMES, STATE)


def test_an_engagement_begins_with_the_stamp_of_its_first_observation():
    memory = Memory().at(10 * S, S)
    assert (memory.begun_ns, memory.steps, memory.action) == (10 * S, 0, None)
    assert memory.time_s(10 * S) == 0.0
    assert after_one().time_s(12 * S) == 2.0


def test_the_next_observation_has_what_the_last_one_left():
    memory = after_one().at(11 * S, S)
    assert (memory.steps, memory.frames, memory.recurrent) == (1, FRAMES, STATE)


def test_after_a_gap_only_the_time_since_the_beginning_is_left():
    memory = after_one().at(11 * S + 1, S)
    assert (memory.steps, memory.action, memory.frames, memory.recurrent) == (0, None, {}, {})
    assert (memory.begun_ns, memory.lapses) == (10 * S, 1)


def test_a_step_back_in_time_gives_it_up_too():
    memory = after_one().at(10 * S - 1, S)
    assert (memory.steps, memory.lapses) == (0, 1)
    assert memory.time_s(10 * S - 1) == 0.0
