"""Setpoint joints: which joints of a robot take positions for a PD of their own, and its gains."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats, Limits

# From one greatest rate to the other within the shortest period of a robot file, 0.5 ms: nothing
# but the rate binds a setpoint, and it may stand at once. Finite, so that no sum becomes a NaN.
ACCELERATION_PER_RATE = 4_000.0  # [1/s]
JERK_PER_RATE = 1.6e7  # [1/s^2]


@dataclass(frozen=True, slots=True, eq=False)
class SetpointJoints:
    """
    K joints that are pulled to a setpoint q* by stiffness * (q* - q) - damping * dq.

    In the order of the robot file; all fields are (K,). How fast a setpoint may go is the
    velocity of the limits.
    """

    index: NDArray[np.intp]  # of them, in an array of all joints
    stiffness: Floats  # [N m/rad] or [N/m], > 0
    damping: Floats  # [N m s/rad] or [N s/m]
    effort: Floats  # [N m] or [N] that the drive may be asked for
    share: Floats  # of that effort, which the loop uses
    pose: Floats  # where a stop goes; NaN: where the joint is then measured
    pace: Floats  # [rad/s] or [m/s] at which it goes to the pose
    follows: NDArray[np.bool_]  # whether a stop follows its joint until that stands: damping


def freed(limits: Limits, index: NDArray[np.intp]) -> Limits:
    """Return limits (J,) in which of some joints only range and rate are bounded."""
    rate = limits.velocity[index]
    fields: dict[str, Floats] = {}
    for name, value in (
        ('acceleration', ACCELERATION_PER_RATE * rate), ('jerk', JERK_PER_RATE * rate),
        ('lead', np.inf), ('velocity_offset', 0.0), ('velocity_deceleration', np.inf),
    ):  # fmt: skip
        fields[name] = getattr(limits, name).copy()
        fields[name][index] = value
        fields[name].flags.writeable = False
    return replace(limits, **fields)
