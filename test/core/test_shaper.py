"""Tests of the shaper tick by tick: what it answered when its figures were last looked at."""

import json

from gate_robot import DT
import numpy as np
import pytest
from robot_runtime.core.limits import ACCELERATION, BRAKE, INFEASIBLE, JERK, POSITION, VELOCITY
from shaper_rig import answers, RECORD, SIZE

MADE = ('shaped', 'alone', 'steered', 'ramped')
LAST, MOTIONS, FLAGS = answers(1)
KNOWN = json.loads(RECORD.read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', MADE)
def test_the_shaper_gives_the_motions_of_the_record(name):
    np.testing.assert_allclose(
        MOTIONS[name].velocity, KNOWN['velocity'][name], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize('name', ['shaped', 'alone'])
def test_the_shaper_names_the_limits_of_the_record(name):
    np.testing.assert_array_equal(FLAGS[name], KNOWN['active'][name])


@pytest.mark.parametrize('name', MADE)
def test_position_velocity_and_acceleration_of_a_motion_agree_to_the_bit(name):
    made = MOTIONS[name]
    np.testing.assert_array_equal(made.position, LAST.position + made.velocity * DT)
    np.testing.assert_array_equal(made.acceleration, (made.velocity - LAST.velocity) / DT)


def test_every_limit_binds_somewhere_in_the_record_and_not_everywhere():
    for flag in (ACCELERATION, BRAKE, INFEASIBLE, JERK, POSITION, VELOCITY):
        assert 3 <= np.count_nonzero(FLAGS['shaped'] & flag) <= SIZE[0] * SIZE[1] - 3
