"""Tests of the observation: one instant, nothing invented."""

from dataclasses import replace

import numpy as np
import pytest
from robot_runtime.core.assembly import assemble
from robot_runtime.core.observation import (
    Ages,
    goal_of,
    Inputs,
    Measured,
    Missing,
    Observation,
    state_at,
    Term,
)
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Normalization

MS = 1_000_000
AGES = Ages(50 * MS, 150 * MS, 150 * MS, 40 * MS)
POSITION = Term('state', 'joint_position')
FRONT = Term('front', 'image', camera='front', width=4, height=2)
OBJECTS = Term('objects', 'objects', index=np.array([1, 4]), columns=3)
GOAL = Term('goal', 'goal_index', goals=('red', 'green', 'blue'))


def state(ms, value):
    return Sample(ms * MS, ms * MS, Measured(np.array([value, -value]), np.array([1.0, 2.0])))


def image(ms):
    return Sample(ms * MS, ms * MS, np.zeros((2, 4, 3), np.uint8))


STATES = (state(90, 0.0), state(100, 1.0))
POSES = np.arange(35.0).reshape(5, 7)
FULL = Inputs(
    STATES,
    {'front': image(95)},
    Sample(95 * MS, 95 * MS, POSES),
    'put the GREEN cube into the tray',
)


def seen(*terms, inputs=FULL, reference='front', now_ms=100):
    return assemble(terms, reference, inputs, AGES, now_ms * MS)


def test_the_state_is_interpolated_to_the_stamp_of_the_reference_camera():
    observation = seen(POSITION, FRONT)
    assert isinstance(observation, Observation)
    assert observation.stamp_ns == 95 * MS
    assert observation.terms['state'].tolist() == [0.5, -0.5]


def test_without_a_camera_the_newest_state_is_the_observation():
    observation = seen(POSITION, reference='')
    assert observation.stamp_ns == 100 * MS
    assert observation.terms['state'].tolist() == [1.0, -1.0]


def test_joints_objects_and_goal_are_taken_as_the_card_lists_them():
    map_ = Normalization(np.array([1.0]), np.array([2.0]))
    joints = Term('state', 'joint_velocity', map_, index=np.array([1]))
    terms = seen(joints, OBJECTS, GOAL).terms
    assert terms['state'].tolist() == [0.5]
    assert terms['objects'].tolist() == [7.0, 8.0, 9.0, 28.0, 29.0, 30.0]
    assert terms['goal'].tolist() == [1]


@pytest.mark.parametrize(
    ('change', 'missing'),
    [
        ({'states': ()}, 'joint_states'),
        ({'images': {}}, 'camera front'),
        ({'objects': None}, 'objects'),
        ({'instruction': None}, 'instruction'),
        (
            {'instruction': 'tidy up'},
            "instruction that names one of red, green, blue (it is 'tidy up')",
        ),
        ({'images': {'front': image(120)}}, 'joint_states around the time of the image'),
        ({'images': {'front': image(80)}}, 'joint_states around the time of the image'),
        (
            {'images': {'front': image(5_100)}},
            'joint_states around the time of the image (it is 5.0 s after the newest: are both '
            'clocks in step?)',
        ),
        (
            {'images': {'front': replace(image(100), stamp_ns=-4_900 * MS)}},
            'joint_states around the time of the image (it is 5.0 s before the newest: are both '
            'clocks in step?)',
        ),
        (
            {'images': {'front': Sample(95 * MS, 95 * MS, np.zeros((2, 5, 3), np.uint8))}},
            'camera front of 4x2 pixels',
        ),
        (
            {'objects': Sample(95 * MS, 5 * MS, np.zeros((5, 7)))},
            'objects near the time of the observation',
        ),
        ({'objects': Sample(95 * MS, 95 * MS, np.zeros((4, 7)))}, 'objects as 5 poses'),
        ({'objects': Sample(95 * MS, 95 * MS, np.full((5, 7), np.nan))}, 'finite objects'),
        ({'states': (STATES[0], state(100, np.nan))}, 'finite joint_position'),
    ],
)
def test_what_is_missing_is_named(change, missing):
    answer = seen(POSITION, FRONT, OBJECTS, GOAL, inputs=replace(FULL, **change))
    assert isinstance(answer, Missing)
    assert answer.names == (missing,)


def test_an_old_state_and_an_old_image_are_missing_though_they_are_there():
    answer = seen(POSITION, FRONT, now_ms=300)
    assert answer == Missing(('joint_states', 'camera front'))


def test_a_driver_without_velocities_gives_no_velocity():
    still = Inputs((Sample(0, 0, Measured(np.zeros(2))),))
    answer = seen(Term('v', 'joint_velocity'), inputs=still, reference='', now_ms=0)
    assert answer == Missing(('velocities in joint_states',))


def test_a_gap_in_the_history_is_not_bridged():
    apart = (state(0, 0.0), state(100, 1.0))
    assert state_at(apart, 50 * MS, 50 * MS) is None
    assert state_at(apart, 100 * MS, 50 * MS) is apart[1].value


@pytest.mark.parametrize(
    ('said', 'goal'),
    [
        ('Red cube!', 0),
        ('the blue one', 2),
        ('red or blue', None),
        ('a bored robot', None),
        ('', None),
    ],
)
def test_an_instruction_names_one_goal_as_a_whole_word_or_none(said, goal):
    assert goal_of(said, ('red', 'green', 'blue')) == goal
