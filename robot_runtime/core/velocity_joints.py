"""Velocity joints: which joints of a robot take velocities, and the numbers that bound them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats, Limits, Motion


@dataclass(frozen=True, slots=True, eq=False)
class VelocityJoints:
    """
    K joints that are told how fast to go, in the order of the robot file; all fields are (K,).

    The position in a command of theirs is what its velocities add up to since the gate was first
    engaged. It gives the derivatives; where the joint is, only the measurement says.
    """

    index: NDArray[np.intp]  # of them, in an array of all joints
    limits: Limits  # with the ends of the range that the gate holds
    kept: Limits  # the same with the ends that the loop keeps, a margin inside
    groups: tuple[slice, ...]  # of the K joints
    response_ns: int  # by which a joint is behind its command at most, its measurement included
    drift: Floats  # [rad] or [m] that a joint may move once it was told to stand

    def of(self, motion: Motion) -> Motion:
        """Return the motion of these joints, (K,)."""
        return motion.part(self.index)


def opened(limits: Limits, index: NDArray[np.intp]) -> Limits:
    """Return limits (J,) in which some joints have no range: a sum of velocities has none."""
    ends: dict[str, Floats] = {}
    for name, value in (
        ('lower', -np.inf), ('upper', np.inf), ('lead', np.inf), ('velocity_offset', 0.0),
        ('velocity_deceleration', np.inf), ('velocity_lower_end', -np.inf),
        ('velocity_upper_end', np.inf),
    ):  # fmt: skip
        ends[name] = getattr(limits, name).copy()
        ends[name][index] = value
        ends[name].flags.writeable = False
    return replace(limits, **ends)


def narrowed(limits: Limits, margin: Floats) -> Limits:
    """Return the limits with both ends of each range, and of its curve, `margin` further in."""
    return replace(
        limits,
        lower=limits.lower + margin,
        upper=limits.upper - margin,
        velocity_lower_end=limits.velocity_lower_end + margin,
        velocity_upper_end=limits.velocity_upper_end - margin,
    )
