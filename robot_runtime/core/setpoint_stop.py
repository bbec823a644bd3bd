"""Stop of setpoints: they go to where their joints are measured, follow them, or go to a pose."""

from dataclasses import dataclass, replace

import numpy as np
from robot_runtime.core.observation import Measured
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.core.types import Floats, Limits, Motion

SPARE_S = 1.0  # beyond the way itself; then they stay wherever the effort has held them back
FOLLOW_S = 2.0  # so long a setpoint follows a joint that does not come to stand, then it stays
STILL = 0.02  # [rad/s] or [m/s]; a joint that is no faster stands


@dataclass(frozen=True, slots=True, eq=False)
class Stopping:
    """Where the setpoints go, (K,), and when they give it up."""

    goal: Floats
    until_ns: int  # steady clock
    moving: bool = False  # whether a joint that is followed has not come to stand

    def over(self, joints: SetpointJoints, motion: Motion, now_ns: int) -> bool:
        """Return whether they are there, or will not come there any more."""
        there = motion.position[joints.index] == self.goal
        return bool(there.all() and not self.moving) or now_ns >= self.until_ns


def begun(
    joints: SetpointJoints, last: Motion, measured: Floats | None, limits: Limits, now_ns: int
) -> Stopping:
    """
    Return the stop from the setpoints of `last`; `measured` is where all joints are, (J,).

    Without a measurement nobody knows where that is, and every setpoint stays.
    """
    k = joints.index
    here = last.position[k]
    if measured is None:
        return Stopping(here, now_ns)
    goal = np.where(np.isnan(joints.pose), measured[k], joints.pose)
    goal = np.clip(goal, np.minimum(limits.lower[k], here), np.maximum(limits.upper[k], here))
    way_s = float((np.abs(goal - here) / _pace(joints, limits)).max()) + SPARE_S
    if joints.follows.any():
        way_s = max(way_s, FOLLOW_S)
    return Stopping(goal, now_ns + round(way_s * 1e9))


def followed(
    joints: SetpointJoints,
    stopping: Stopping,
    last: Motion,
    measured: Measured | None,
    limits: Limits,
) -> Stopping:
    """
    Return the stop whose setpoints go to where the joints are by now, where it is damping.

    Then the stiffness of a drive has nothing to pull at but the way of the joint since it was
    measured, and its own damping is what brakes. Without a measurement, or without a speed that
    is a number, the setpoints stay where they are.
    """
    k, mine = joints.index, joints.follows
    if not mine.any():
        return stopping
    here = last.position[k]
    velocity = None if measured is None else measured.velocity
    if measured is None or velocity is None or not np.isfinite(velocity[k][mine]).all():
        return replace(stopping, goal=np.where(mine, here, stopping.goal), moving=False)
    place = np.clip(
        measured.position[k], np.minimum(limits.lower[k], here), np.maximum(limits.upper[k], here)
    )
    moving = mine & (np.abs(velocity[k]) > STILL)
    goal = np.where(moving, place, stopping.goal)
    return replace(stopping, goal=goal, moving=bool(moving.any()))


def stop_setpoints(
    joints: SetpointJoints,
    stopping: Stopping,
    motion: Motion,
    last: Motion,
    bearable: tuple[Floats, Floats] | None,
    limits: Limits,
    now_ns: int,
    dt_s: float,
) -> Motion:
    """
    Return `motion` (J,) with the next setpoints of the stop, after those of `last` (J,).

    On the way to a pose they stay between the two ends of `bearable` (K,), which the effort of
    the drives gives; None: these are unknown, and so they stay.
    """
    k, posed = joints.index, ~np.isnan(joints.pose)
    here, pace = last.position[k], _pace(joints, limits) * dt_s
    left = stopping.goal - here
    place = np.where(np.abs(left) <= pace, stopping.goal, here + np.copysign(pace, left))
    if bearable is None:
        place = np.where(posed, here, place)
    else:
        most = limits.velocity[k] * dt_s
        held = np.clip(np.clip(place, *bearable), limits.lower[k], limits.upper[k])
        place = np.where(posed, np.clip(held, here - most, here + most), place)
    if now_ns >= stopping.until_ns:
        place = here
    return motion.with_part(k, last.part(k).onto(place, dt_s))


def _pace(joints: SetpointJoints, limits: Limits) -> Floats:
    """Return how fast each setpoint goes to its goal, (K,)."""
    rate = limits.velocity[joints.index]
    pace: Floats = np.where(np.isnan(joints.pose), rate, np.minimum(joints.pace, rate))
    return pace
