"""Effort joints: which joints of a robot take torques or forces, and what bounds them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.setpoint_joints import freed
from robot_runtime.core.types import Floats, Limits, Motion

STILL = 0.02  # [rad/s] or [m/s]; a joint that is no faster stands


@dataclass(frozen=True, slots=True, eq=False)
class EffortJoints:
    """
    K joints that are told how hard to push, in the order of the robot file; fields are (K,).

    The position in a command of theirs is the effort itself, and so its velocity is the rate of
    the effort. Where a joint is, and how fast, only the measurement says. A driver behind it
    carries the weight of the arm: no effort is a joint that stays or goes on as it was.
    """

    index: NDArray[np.intp]  # of them, in an array of all joints
    effort: Floats  # [N m] or [N], most that is commanded
    rate: Floats  # [N m/s] or [N/s], most by which it changes
    damping: Floats  # [N m s/rad] or [N s/m]; a stop pushes by this times the speed, against it
    lower: Floats  # [rad] or [m]
    upper: Floats
    fastest: Floats  # [rad/s] or [m/s]
    gain: Floats  # [rad/s^2] or [m/s^2], most that the greatest effort speeds it up by
    response_s: float  # from a measurement to the drive that has obeyed what was made of it
    settle_s: float  # the way of a stop by damping is its speed times this at most
    margin: Floats  # [rad] or [m] that the loop keeps from the ends

    def torques(self, limits: Limits) -> Limits:
        """Return limits (J,) in which these joints have an effort and its rate, and no more."""
        fields: dict[str, Floats] = {}
        for name, value in (
            ('lower', -self.effort), ('upper', self.effort), ('velocity', self.rate),
            ('velocity_lower_end', -self.effort), ('velocity_upper_end', self.effort),
        ):  # fmt: skip
            fields[name] = getattr(limits, name).copy()
            fields[name][self.index] = value
            fields[name].flags.writeable = False
        return freed(replace(limits, **fields), self.index)

    def seed(self, measured: Floats) -> Floats:
        """Return where an engagement begins, (J,): these joints without effort."""
        place = measured.copy()
        place[self.index] = 0.0
        return place

    def bounded(self, rows: Floats) -> Floats:
        """Return rows (T, J) with no effort beyond its limit, so that no sum overflows."""
        kept = rows.copy()
        kept[:, self.index] = np.clip(rows[:, self.index], -self.effort, self.effort)
        return kept


def pushing(joints: EffortJoints | None, motion: Motion) -> bool:
    """Return whether a motion of all joints has an effort that is not zero."""
    return joints is not None and bool(motion.position[joints.index].any())
