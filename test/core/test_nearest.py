"""Tests of when the shaper looks at the ends of a range."""

import numpy as np
import pytest
from robot_runtime.core.nearest import _near_an_end, Units

WAY = 2.0
MOTIONS = [(v, gain) for v in (-70.0, 0.0, 30.0) for gain in (-6.5, 0.0, 4.0)]


def units(down, up, brake=3.0):
    """Return the limits of a joint at 0 with so much room on both sides."""
    return Units(0.5, WAY, -down, up, 100.0, 200.0, 12.0, brake, 1.0)


@pytest.mark.parametrize(('v', 'gain'), MOTIONS)
@pytest.mark.parametrize('brake', [2.0, 8.0])  # all figures are exact
def test_an_end_is_looked_at_within_the_way_of_a_stop_that_begins_two_jumps_too_late(
    v, gain, brake
):
    strong = abs(gain) + 2.0
    for sign in (-1.0, 1.0):
        speed = max(sign * v, 0.0) + strong + 0.5 * strong**2
        far = WAY * (speed * (strong + 4.0 + 2.0 * brake) + 0.5 * speed**2 / brake)
        for share, expected in ((0.0, True), (1.0, True), (1.0 + 1e-9, False)):
            room = (far * share, np.inf) if sign < 0.0 else (np.inf, far * share)
            assert _near_an_end(v, gain, 0.0, np.nan, units(*room, brake)) == expected


def test_a_joint_whose_stop_is_sure_to_end_within_its_range_is_not_looked_at():
    for down, up, stop_end, expected in (
        (1.0, 1.0, 0.0, False), (1.0, 1.0, 0.5, False), (1.0, 1.0, -0.5, False),
        (1.0, 1.0, np.nextafter(0.5, 1.0), True), (1.0, 1.0, np.nextafter(-0.5, -1.0), True),
        (0.0, 1.0, 0.0, False), (1.0, 0.0, 0.0, False), (0.0, 1.0, 0.5, False),
        (1.0, 0.0, -0.5, False), (1.0, 1.0, np.nan, True),
        (-1.0, 3.0, 1.0, True), (3.0, -1.0, -1.0, True), (-1.0, 3.0, 0.0, True),
    ):  # fmt: skip
        assert _near_an_end(0.0, 0.0, 0.0, stop_end, units(down, up)) == expected
