"""Kinds of command in one robot: some joints take positions, others velocities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.limits import shape, Shaped
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.core.velocity_joints import VelocityJoints
from robot_runtime.core.velocity_shape import Recent, shape_velocity


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """
    Joints that take velocities, and the others.

    A row of targets (J,) then has velocities for the first and positions for the others.
    """

    velocity: VelocityJoints
    position: NDArray[np.intp]  # the other joints, (P,), in an array of all joints
    limits: Limits  # of these
    groups: tuple[slice, ...]  # of these

    def at_speed(self, rows: Floats, speed: float) -> Floats:
        """Return rows (T, J) on a clock that runs at `speed`: velocities are as much slower."""
        if speed == 1.0:
            return rows
        slowed = rows.copy()
        slowed[:, self.velocity.index] *= speed
        return slowed


def shape_kinds(
    kinds: Kinds,
    aim: Floats,
    drift: Floats | None,
    last: Motion,
    recent: Recent,
    measured: Sample[Floats],
    now_ns: int,
    dt_s: float,
) -> tuple[Shaped, Recent]:
    """Return the motion (J,) one tick after `last` that comes nearest to `aim`, (J,)."""
    joints, k = kinds.velocity, kinds.velocity.index
    rates = shape_velocity(joints, aim[k], joints.of(last), recent, measured, now_ns, dt_s)
    position, velocity, acceleration = (np.empty_like(last.position) for _ in range(3))
    active = np.zeros(last.position.shape, dtype=np.uint8)
    parts = [(k, rates)]
    p = kinds.position
    if len(p):
        moving = None if drift is None else drift[p]
        shaped = shape(aim[p], last.part(p), kinds.limits, dt_s, kinds.groups, moving)
        parts.append((p, shaped))
    for index, part in parts:
        position[index], velocity[index] = part.motion.position, part.motion.velocity
        acceleration[index], active[index] = part.motion.acceleration, part.active
    recent = recent.added(rates.motion.velocity)
    return Shaped(Motion(position, velocity, acceleration), active), recent
