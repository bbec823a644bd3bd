"""The gate's own stop: every joint slows down at its full acceleration until it stands."""

import numpy as np
from robot_runtime.core.types import Floats, Limits, Motion


def stop_step(motion: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return the next tick of the stop from `motion`; a joint that stands stays."""
    return slow_down(motion, limits.acceleration, dt_s)


def slow_down(motion: Motion, deceleration: Floats, dt_s: float) -> Motion:
    """Return the next tick when each joint loses speed at `deceleration`, never reversing."""
    speed = np.maximum(np.abs(motion.velocity) - deceleration * dt_s, 0.0)
    velocity = np.copysign(speed, motion.velocity)
    position = motion.position + velocity * dt_s
    return Motion(position, velocity, (velocity - motion.velocity) / dt_s)


def stop_end(
    position: Floats, velocity: Floats, acceleration_limit: Floats, dt_s: float
) -> Floats:
    """
    Return where the stop from (`position`, `velocity`) ends, to the last of its discrete ticks.

    After n ticks the speed is |v| - n * a * dt, and the stop has as many moving ticks as fit
    into |v|; their sum is an arithmetic series. It is continuous in v: where the last tick
    lands on zero, counting it or not gives the same sum.
    """
    loss = acceleration_limit * dt_s
    speed = np.abs(velocity)
    ticks = np.floor(speed / loss)
    path = dt_s * ticks * (speed - loss * (ticks + 1.0) / 2.0)
    end: Floats = position + np.copysign(path, velocity)
    return end


def stop_after(motion: Motion, ticks: Floats, acceleration_limit: Floats, dt_s: float) -> Floats:
    """Return where the stop from `motion` (J,) is after each of `ticks` (K,), as (K, J)."""
    loss = acceleration_limit * dt_s
    speed = np.abs(motion.velocity)
    moving = np.minimum(ticks[:, np.newaxis], np.floor(speed / loss))
    path = dt_s * moving * (speed - loss * (moving + 1.0) / 2.0)
    position: Floats = motion.position + np.copysign(path, motion.velocity)
    return position


def stop_knots(motion: Motion, acceleration_limit: Floats, dt_s: float) -> Floats:
    """Return the ticks (K,) at which a joint ends its stop; between them nothing changes."""
    whole = np.floor(np.abs(motion.velocity) / (acceleration_limit * dt_s))
    ends = whole[motion.velocity != 0.0]
    knots: Floats = np.unique(np.concatenate((ends[ends > 0.0], ends + 1.0)))
    return knots
