"""Permits: what is not there, not right or too old gives none."""

import pytest
from robot_runtime.core.permits import lacking, Permit
from robot_runtime.core.stream import Sample

MS = 1_000_000
DEADMAN, HEARTBEAT = Permit('deadman'), Permit('heartbeat', None, 100 * MS)
DRIVER = Permit('driver', True, None)


def heard(value, ms):
    return Sample(ms * MS, 0, value)


@pytest.mark.parametrize(
    ('permit', 'sample', 'sentence'),
    [
        (DEADMAN, None, 'deadman: never heard'),
        (DEADMAN, heard(False, 1000), 'deadman: is False, must be True'),
        (DEADMAN, heard(True, 799), 'deadman: not heard for 201.0 ms, allowed 200'),
        (DEADMAN, heard(True, 800), ''),
        (HEARTBEAT, heard(False, 900), ''),
        (HEARTBEAT, heard(True, 899), 'heartbeat: not heard for 101.0 ms, allowed 100'),
        (DRIVER, heard(True, 0), ''),
        (DRIVER, heard(False, 1000), 'driver: is False, must be True'),
        (Permit('protective stop', False, None), heard(True, 1000),
         'protective stop: is True, must be False'),
    ],
)  # fmt: skip
def test_a_permit_says_why_it_is_not_given(permit, sample, sentence):
    assert permit.lacking(sample, 1000 * MS) == sentence


def test_the_first_one_that_lacks_is_told():
    permits = (DRIVER, DEADMAN)
    assert lacking(permits, (heard(True, 0), heard(True, 1000)), 1000 * MS) == ''
    assert lacking(permits, (heard(False, 0), None), 1000 * MS).startswith('driver')
    assert lacking((), (), 0) == ''
