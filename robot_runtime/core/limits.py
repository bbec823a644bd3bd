"""Shaper: the motion nearest to a target that the limits allow one tick later."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats, Limits, Motion

POSITION, VELOCITY, ACCELERATION, BRAKE, INFEASIBLE = 1, 2, 4, 8, 16

# Braking strictly weaker than the published curve's deceleration leaves a parabola below it.
CURVE_SHARE = 0.75
# Rounding may put the braking bound this share of one tick's deceleration out of reach.
SLACK = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """A motion within the limits, and which of them changed it."""

    motion: Motion
    active: NDArray[np.uint8]  # (..., J) flags: POSITION | VELOCITY | ... | INFEASIBLE


def brake_velocity(distance: Floats, acceleration: Floats, dt_s: float) -> Floats:
    """
    Return the highest velocity for the next tick from which a stop ends within `distance`.

    It solves v * dt + v^2 / (2 * a) = D, in the form that does not cancel for small D.
    """
    tick = acceleration * dt_s
    twice = 2.0 * acceleration * distance
    result: Floats = twice / (tick + np.sqrt(tick * tick + twice))
    return result


def braking(limits: Limits) -> tuple[Floats, Floats, Floats]:
    """
    Return deceleration, lower and upper end of a braking parabola below every limit, each (J,).

    v^2 = 2 * b * (Q - q) touches the curve v = -offset + sqrt(2 * dec * (end - q)) from below
    when Q = end - offset^2 / (2 * (dec - b)), for any b < dec.
    """
    curve = limits.velocity_deceleration
    bounded = np.isfinite(curve)
    b = np.minimum(limits.acceleration, CURVE_SHARE * curve)
    inset = limits.velocity_offset**2 / (2.0 * (curve - b))
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
) -> Shaped:
    """
    Return the motion one tick after `last` that comes nearest to `target`, all (..., J).

    `target_velocity` is how fast the target itself moves, zero by default: the approach rule
    holds for the motion relative to it, so a target that moves within bounds is followed without
    lag. Joints of one group slow down together; None leaves each joint on its own. Raise
    ValueError for a value that is not finite.
    """
    drift = np.zeros_like(target) if target_velocity is None else target_velocity
    if not (np.isfinite(target).all() and np.isfinite(drift).all()):
        raise ValueError(f'target {target} with velocity {drift} is not finite')
    brake, lower, upper = braking(limits)
    q, v = last.position, last.velocity
    # A joint past its end may stand or come back, so its own position counts as reachable.
    goal = np.clip(target, np.minimum(lower, q), np.maximum(upper, q))
    clipped = goal != target
    wish = _approach(goal - q, np.where(clipped, 0.0, drift), limits.acceleration, dt_s)
    wanted, too_fast = _synchronised(wish, limits.velocity, groups)

    # The braking bound comes before the acceleration bound in the code, so that where both
    # cannot hold the joint brakes as hard as it may; from a feasible start both hold.
    highest = np.minimum(limits.velocity, brake_velocity(np.maximum(0.0, upper - q), brake, dt_s))
    lowest = -np.minimum(limits.velocity, brake_velocity(np.maximum(0.0, q - lower), brake, dt_s))
    reach = limits.acceleration * dt_s
    braked = np.minimum(np.maximum(wanted, lowest), highest)
    velocity = np.minimum(np.maximum(braked, v - reach), v + reach)
    infeasible = (highest < v - reach * (1.0 + SLACK)) | (lowest > v + reach * (1.0 + SLACK))

    active = (
        clipped * np.uint8(POSITION)
        + too_fast * np.uint8(VELOCITY)
        + (velocity != braked) * np.uint8(ACCELERATION)
        + (braked != wanted) * np.uint8(BRAKE)
        + infeasible * np.uint8(INFEASIBLE)
    )
    return Shaped(_moved(last, velocity, dt_s), active.astype(np.uint8))


def ramp_to_rest(last: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return the motion one tick after `last` when every joint brakes as hard as it may."""
    reach = limits.acceleration * dt_s
    velocity = last.velocity - np.clip(last.velocity, -reach, reach)
    return _moved(last, velocity, dt_s)


def _approach(error: Floats, drift: Floats, acceleration: Floats, dt_s: float) -> Floats:
    """Return the velocity that reaches a target moving at `drift` without passing it."""
    gap = error - drift * dt_s
    size = np.abs(gap)
    # What one tick can cover and the next one can shed is taken at once: no lag, exact arrival.
    near = size <= acceleration * dt_s * dt_s
    speed = np.where(near, size / dt_s, brake_velocity(size, acceleration, dt_s))
    velocity: Floats = drift + np.sign(gap) * speed
    return velocity


def _synchronised(
    wish: Floats, most: Floats, groups: tuple[slice, ...] | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return `wish` scaled per group to within `most`, and which joints asked for more."""
    size = np.abs(wish)
    ratio = most / np.maximum(size, most)
    for group in groups or ():
        ratio[..., group] = ratio[..., group].min(axis=-1, keepdims=True)
    return wish * ratio, size > most


def _moved(last: Motion, velocity: Floats, dt_s: float) -> Motion:
    """Return the motion one tick after `last` at `velocity`."""
    position = last.position + velocity * dt_s
    return Motion(position, velocity, (velocity - last.velocity) / dt_s)
