"""Operator's speed: the chunk's clock and the bounds are scaled together."""

from dataclasses import replace

from control_rig import CONFIG, in_policy, limits, MS
import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk


def at_speed(speed):
    """Return a loop in POLICY whose bounds are scaled, as a robot file does."""
    full = limits()
    names = ('velocity', 'acceleration', 'jerk')
    bounds = replace(full, **{name: getattr(full, name) * speed for name in names})
    return in_policy(replace(CONFIG, limits=bounds, speed=speed))


@pytest.mark.parametrize('speed', [1.0, 0.5, 0.25])
def test_a_chunk_is_followed_at_its_share_of_speed_and_comes_to_the_same_place(speed):
    loop = at_speed(speed)
    start = loop.state.motion.position
    rows = start + np.minimum(np.arange(60), 30)[:, None] * np.array([0.01, -0.005])
    loop.tick(chunks=[loop.chunk(rows)])
    ticks = round(30 * 5 / speed)
    commands = loop.ticks(2 * ticks - 5)
    later = commands[ticks * 2 // 3 - 1].motion
    assert later.position == pytest.approx(rows[20], abs=0.003)
    assert later.velocity == pytest.approx(speed * np.array([0.5, -0.25]), abs=1e-6)
    peak = max(abs(command.motion.velocity[0]) for command in commands)
    assert peak <= 1.5 * speed
    assert commands[-1].motion.position == pytest.approx(rows[-1], abs=1e-6)


def test_a_chunk_starts_when_its_observation_was_taken_at_any_speed():
    rows = np.arange(6.0)[:, None] * np.ones(2)
    chunk = Chunk(100 * MS, 20 * MS, rows, 7)
    slow = chunk.at_speed(0.5)
    assert (slow.start_ns, slow.stamp_ns, slow.end_ns) == (100 * MS, 7, 340 * MS)
    for since in (0, 30 * MS, 77 * MS):
        assert (slow.at(100 * MS + 2 * since) == chunk.at(100 * MS + since)).all()
    assert chunk.at_speed(1.0) is chunk


@pytest.mark.parametrize('speed', [0.0, -0.5, 1.01, np.nan])
def test_a_speed_that_is_no_share_is_refused(speed):
    with pytest.raises(ValueError, match='allowed: above 0, at most 1'):
        replace(CONFIG, speed=speed)
