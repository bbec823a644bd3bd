"""Tests of the shaper's stop, in jumps, where velocities and gains are whole or nearly so."""

import numpy as np
import pytest
from robot_runtime.core.ahead import stop_gains

SPEEDS = np.array([0.0, 0.3, 0.95, 1.0, 1.05, 2.0, 2.93, 3.0, 5.9, 6.0, 10.1, 27.9, 31.5, 70.0])
GAINS = np.array([0.0, 0.4, 1.0, 1.7, 2.0, 3.0, 3.6, 5.0, 7.5, 9.0, 11.0, 12.0])


def by_steps(velocity, gain, cap, ticks):
    """Return the gains of as many ticks of the stop: as hard as may be, by one jump a tick."""
    gains = []
    for _ in range(ticks):
        size = np.abs(velocity)
        k = np.floor(0.5 * np.sqrt(8.0 * size + 1.0) - 0.5)
        hardest = np.minimum(size / (k + 1.0) + 0.5 * k, cap)
        gain = np.clip(-np.copysign(hardest, velocity), gain - 1.0, gain + 1.0)
        velocity = velocity + gain
        velocity = np.where(np.abs(velocity) < 1e-12, 0.0, velocity)
        gains.append(gain)
    return np.array(gains), velocity


@pytest.mark.parametrize('most', [12.5, 12.0, 4.0])
@pytest.mark.parametrize('side', [-1.0, 1.0])
def test_the_gains_of_a_stop_are_those_of_its_steps(most, side):
    gains = np.concatenate((-GAINS, GAINS))
    speed, gain = (one.ravel() for one in np.meshgrid(side * SPEEDS, gains[np.abs(gains) <= most]))
    told = stop_gains(speed, gain, np.full(len(speed), most))
    stepped, left = by_steps(speed, gain, most, len(told))
    assert (left == 0.0).all()
    assert np.abs(told - stepped).max() < 1e-9
