"""Shorthands for the tests of the guard."""

from dataclasses import replace

from gate_robot import DT, fr3, HOME
import numpy as np
from robot_runtime.core.guard import verify
from robot_runtime.core.types import Motion

LIMITS = fr3()
REST = Motion.at_rest(HOME)


def only(joint, value, base=0.0):
    values = np.zeros(8) + base
    values[joint] = value
    return values


def refusal(command, last=REST, ticks=1, measured=None, limits=LIMITS):
    return verify(command, last, ticks, measured, limits, DT).refusal


def wide():
    """Return limits without position, curve and jerk in the way."""
    far = np.full(8, 1e3)
    return replace(
        LIMITS, lower=-far, upper=far, velocity_deceleration=np.full(8, np.inf),
        jerk=np.full(8, 1e6),
    )  # fmt: skip


def moving(position, velocity, acceleration=0.0):
    """Return two ticks that agree with each other, the second at (position, velocity)."""
    acceleration = np.zeros(8) + acceleration
    before = velocity - acceleration * DT
    last = Motion(position - velocity * DT, before, np.zeros(8))
    return Motion(position, velocity, acceleration), last
