"""Listening: a policy infers in engagements that begin while it is there, and in no other."""

import pytest
from robot_runtime.ros.listening import Listening


def status(mode: str, epoch: int) -> dict[str, str]:
    return {'mode': mode, 'policy_since_ns': str(epoch)}


@pytest.mark.parametrize('mode', ['POLICY', 'SHADOW'])
def test_it_begins_with_each_engagement_and_ends_with_it(mode: str) -> None:
    listening = Listening()
    assert not listening
    assert not listening.begins(status('HOLD', 0))
    assert listening.begins(status(mode, 1))
    assert not listening.begins(status(mode, 1))
    assert listening
    assert not listening.begins(status('TELEOP', 1))
    assert not listening
    assert listening.begins(status(mode, 2))


def test_from_shadow_to_policy_is_a_new_engagement() -> None:
    listening = Listening()
    listening.begins(status('HOLD', 0))
    assert listening.begins(status('SHADOW', 1))
    assert listening.begins(status('POLICY', 2))


def test_an_engagement_that_was_there_before_us_is_not_ours() -> None:
    listening = Listening()
    assert not listening.begins(status('POLICY', 1))
    assert listening.missed
    assert not listening
    assert not listening.begins(status('HOLD', 1))
    assert not listening.missed
    assert listening.begins(status('POLICY', 2))
    listening.restart()
    assert not listening.begins(status('POLICY', 2))
    assert listening.missed
