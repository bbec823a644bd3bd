"""Shaper: the motion nearest to a target that the limits allow one tick later."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.nearest import (
    ACCELERATION,
    BRAKE,
    INFEASIBLE,
    JERK,
    POSITION,
    Units,
    VELOCITY,
)
from robot_runtime.core.shaping import ramp_all, shape_all, Spans, steer_all
from robot_runtime.core.types import CURVE_SHARE, Floats, Limits, Motion

__all__ = [
    'ACCELERATION', 'BRAKE', 'braking', 'INFEASIBLE', 'JERK', 'POSITION', 'ramp_to_rest',
    'shape', 'Shaped', 'steer', 'VELOCITY',
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """A motion within the limits, and which of them changed it."""

    motion: Motion
    active: NDArray[np.uint8]  # (..., J) flags: POSITION | VELOCITY | ... | INFEASIBLE


def braking(limits: Limits, dt_s: float) -> tuple[Floats, Floats, Floats]:
    """
    Return deceleration, lower and upper end of a braking parabola below every limit, each (J,).

    v^2 = 2 * b * (Q - q) touches the curve v = -offset + sqrt(2 * dec * (end - q)) from below
    when Q = end - offset^2 / (2 * (dec - b)), for any b < dec. A stop in ticks still has
    v^2 / (2 * b) - v * dt / 2 to go or more, so half a tick's way is kept off.
    """
    curve = limits.velocity_deceleration
    bounded = np.isfinite(curve)
    b = np.minimum(limits.acceleration, CURVE_SHARE * curve)
    inset = limits.velocity_offset**2 / (2.0 * (curve - b)) + 0.5 * dt_s * limits.velocity
    lower_root, upper_root = limits.velocity_lower_end, limits.velocity_upper_end
    lower = np.where(bounded, np.maximum(limits.lower, lower_root + inset), limits.lower)
    upper = np.where(bounded, np.minimum(limits.upper, upper_root - inset), limits.upper)
    return b, lower, upper


def shape(
    target: Floats,
    last: Motion,
    limits: Limits,
    dt_s: float,
    groups: tuple[slice, ...] | None = None,
    target_velocity: Floats | None = None,
    target_acceleration: Floats | None = None,
) -> Shaped:
    """
    Return the motion one tick after `last` that comes nearest to `target`, all (..., J).

    `target_velocity` and `target_acceleration` are those of the target itself, zero by default:
    the approach rule holds for the motion relative to it, so a target that moves within bounds
    is followed without lag. Joints of one group slow down together; None leaves each joint on
    its own. Raise ValueError for a value that is not finite.
    """
    drift = 0.0 if target_velocity is None else target_velocity
    bend = 0.0 if target_acceleration is None else target_acceleration
    given, units, after = _laid_out((target, drift, bend), last, limits, dt_s)
    active = np.empty(last.position.shape, np.uint8)
    spans = _spans(groups, after.shape[-1])
    if not shape_all(given, units, spans, dt_s, _rows(after), active.reshape(given.shape[1:])):
        raise ValueError(
            f'target {target} with {target_velocity}, {target_acceleration} is not finite'
        )
    return Shaped(Motion(after[0], after[1], after[2]), active)


def steer(
    velocity: Floats,
    acceleration: Floats,
    last: Motion,
    limits: Limits,
    dt_s: float,
    groups: tuple[slice, ...],
) -> Motion:
    """
    Return the motion one tick after `last` that takes up `velocity` soonest, all (J,).

    It is the velocity wanted after this tick, and changes by `acceleration` from then on. A
    group changes its velocity in one direction, as far as the bounds of each joint let it.
    """
    given, units, after = _laid_out((velocity, acceleration), last, limits, dt_s)
    steer_all(given, units, _spans(groups, after.shape[-1]), dt_s, _rows(after))
    return Motion(after[0], after[1], after[2])


def ramp_to_rest(last: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return the motion one tick after `last` when every joint brakes as hard as it may."""
    given, units, after = _laid_out((), last, limits, dt_s)
    ramp_all(given, units, dt_s, _rows(after))
    return Motion(after[0], after[1], after[2])


def _laid_out(
    wishes: tuple[Floats | float, ...], last: Motion, limits: Limits, dt_s: float
) -> tuple[Floats, Floats, Floats]:
    """
    Return what the compiled functions take: what is given, the limits, room for the motion.

    Given are the three parts of `last` and then the wishes, (3 + N, robots, joints); the limits
    are those of `Units`, (fields, robots or 1, joints). The room is (3, ..., J).
    """
    table, size = _table(limits, dt_s), last.position.shape
    given = np.empty((3 + len(wishes), *size))
    given[0], given[1], given[2] = last.position, last.velocity, last.acceleration
    for number, wish in enumerate(wishes, 3):
        given[number] = wish
    rows = _rows(given)
    if table.shape[2] != size[-1] or table.shape[1] not in (1, rows.shape[1]):
        raise ValueError(f'limits of {table.shape[1:]} do not fit a motion of {size}')
    return rows, table, np.empty((3, *size))


def _rows(parts: Floats) -> Floats:
    """Return the same memory as (parts, robots, joints)."""
    return parts.reshape(len(parts), -1, parts.shape[-1])


@lru_cache(maxsize=16)
def _table(limits: Limits, dt_s: float) -> Floats:
    """Return the limits as `Units` of each joint, (fields, robots or 1, joints)."""
    jump = limits.jerk * dt_s * dt_s
    brake, lower, upper = braking(limits, dt_s)
    fields = {
        'jump': jump,
        'way': jump * dt_s,
        'lower': lower,
        'upper': upper,
        'speed': limits.velocity,
        'fastest': limits.velocity / jump,
        'hardest': limits.acceleration * dt_s / jump,
        'brake': brake * dt_s / jump,
        'plain': brake == limits.acceleration,
    }
    return _rows(np.array([fields[name] for name in Units._fields], dtype=np.float64))


def _spans(groups: Sequence[slice] | None, joints: int) -> Spans:
    """Return where each group begins and ends, (groups, 2)."""
    return _spans_of(tuple([group.indices(joints) for group in groups or ()]))


@lru_cache(maxsize=16)
def _spans_of(indices: tuple[tuple[int, int, int], ...]) -> Spans:
    return np.array([(begin, end) for begin, end, _ in indices], np.int64).reshape(-1, 2)
