"""Tests of inertial unit, odometry, command and target: in which frame, and how old."""

from dataclasses import replace

import numpy as np
import pytest
from robot_runtime.core.assembly import assemble
from robot_runtime.core.observation import Ages, Inputs, Measured, Missing, Term
from robot_runtime.core.stream import Sample

MS = 1_000_000
AGES = Ages(50 * MS, 150 * MS, 150 * MS, 150 * MS)
HALF = np.sqrt(0.5)
ROLLED = [HALF, 0.0, 0.0, HALF]  # a quarter turn about x: y of the base looks up
YAWED = [0.0, 0.0, HALF, HALF]  # a quarter turn about z: x of the base is y of the world
IMU = [*ROLLED, 0.1, 0.2, 0.3, 1.0, 2.0, 9.81]
ODOMETRY = [1.0, 2.0, 3.0, *YAWED, 0.5, 0.0, 0.1, 0.01, 0.02, 0.03]
TWIST = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
TARGET = [0.3, 0.2, 0.1, *YAWED]
STATE = Sample(100 * MS, 100 * MS, Measured(np.zeros(2)))


def sample(figures, ms=100):
    return Sample(ms * MS, ms * MS, np.array(figures))


FULL = {
    'imu': (sample(IMU),), 'odometry': (sample(ODOMETRY),), 'twist': (sample(TWIST),),
    'target': (sample(TARGET),),
}  # fmt: skip


def seen(term, streams=FULL, now_ms=100, state=STATE):
    answer = assemble([term], '', Inputs((state,), streams=streams), AGES, now_ms * MS)
    return answer if isinstance(answer, Missing) else answer.terms[term.name].tolist()


@pytest.mark.parametrize(
    ('kind', 'fields', 'wanted'),
    [
        ('orientation', {'rotation': 'quaternion_wxyz'}, [HALF, HALF, 0.0, 0.0]),
        ('angular_velocity', {}, [0.1, 0.2, 0.3]),
        ('linear_acceleration', {}, [1.0, 2.0, 9.81]),
        ('projected_gravity', {}, [0.0, -1.0, 0.0]),
        ('base_position', {}, [1.0, 2.0, 3.0]),
        ('base_orientation', {'rotation': 'matrix'}, [0, -1, 0, 1, 0, 0, 0, 0, 1]),
        ('base_linear_velocity', {}, [0.5, 0.0, 0.1]),
        ('base_linear_velocity', {'frame': 'world'}, [0.0, 0.5, 0.1]),
        ('base_angular_velocity', {}, [0.01, 0.02, 0.03]),
        ('command', {'index': np.array([0, 1, 5]), 'factors': np.array([2.0])}, [0.8, 1.0, 1.8]),
        ('target_pose', {'rotation': 'none'}, [0.3, 0.2, 0.1]),
        ('target_pose', {'rotation': 'quaternion_wxyz'}, [0.3, 0.2, 0.1, HALF, 0, 0, HALF]),
    ],
)
def test_a_term_takes_its_figures_in_the_frame_that_it_says(kind, fields, wanted):
    term = Term('x', kind, **{'age_ns': 500 * MS, **fields})
    np.testing.assert_allclose(seen(term), wanted, atol=1e-12)


def test_a_robot_that_stands_upright_feels_gravity_downwards():
    upright = FULL | {'imu': (sample([0.0, 0.0, 0.0, 1.0, *IMU[4:]]),)}
    assert seen(Term('g', 'projected_gravity'), upright) == [0.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ('kind', 'stream', 'age_ms'),
    [
        ('angular_velocity', 'imu', 50),
        ('base_position', 'odometry', 50),
        ('command', 'twist', 500),
        ('target_pose', 'target', 500),
    ],
)
def test_what_is_absent_or_too_old_is_missing_by_name(kind, stream, age_ms):
    term = Term('x', kind, age_ns=500 * MS)
    assert seen(term, {}) == Missing((stream,))
    old = FULL | {stream: (replace(FULL[stream][0], received_ns=0),)}
    fresh = replace(STATE, received_ns=age_ms * MS)
    assert not isinstance(seen(term, old, age_ms, fresh), Missing)
    assert seen(term, old, age_ms + 1, fresh) == Missing((stream,))


def test_of_several_the_one_nearest_to_the_observation_is_taken():
    many = {'imu': tuple(sample([*ROLLED, ms, 0, 0, 0, 0, 0], ms) for ms in (80, 97, 105, 130))}
    assert seen(Term('w', 'angular_velocity'), many, 130) == [97.0, 0.0, 0.0]


def test_one_of_another_time_than_the_joints_is_not_taken():
    early = {'imu': (replace(FULL['imu'][0], stamp_ns=49 * MS),)}
    answer = seen(Term('w', 'angular_velocity'), early)
    assert answer == Missing(('imu near the time of the observation',))


@pytest.mark.parametrize(
    ('kind', 'stream', 'figures', 'phrase'),
    [
        ('projected_gravity', 'imu', [0.0] * 10, 'imu with an orientation'),
        ('projected_gravity', 'imu', [np.nan] * 4 + [0.0] * 6, 'imu with an orientation'),
        ('angular_velocity', 'imu', [0.0] * 4 + [np.nan] * 6, 'finite angular_velocity'),
        ('base_linear_velocity', 'odometry', [0.0] * 13, 'odometry with an orientation'),
        ('target_pose', 'target', [0.0] * 7, 'target with an orientation'),
        ('command', 'twist', [np.inf] * 6, 'finite command'),
        ('command', 'twist', [0.0] * 5, 'twist as 6 figures'),
    ],
)
def test_what_cannot_be_so_is_missing(kind, stream, figures, phrase):
    term = Term('x', kind, rotation='matrix', frame='world', age_ns=500 * MS)
    assert seen(term, FULL | {stream: (sample(figures),)}) == Missing((phrase,))
