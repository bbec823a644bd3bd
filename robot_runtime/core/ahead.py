"""Ahead: the loop's own stop tick by tick, by the arithmetic of its shaper."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.landing import gain_to, SETTLED
from robot_runtime.core.types import Floats, Limits, Motion


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """Where the robot is before a motion, after it, and after each tick of the stop from it."""

    places: Floats  # (N, J)
    travel: Floats  # (N, J) what each joint has moved until then, back and forth

    @classmethod
    def of(cls, motion: Motion, last: Motion, limits: Limits, dt_s: float) -> 'Ahead':
        """Return the places from `last` on, through `motion`, one tick after it, to rest."""
        jump = limits.jerk * (dt_s * dt_s)
        gains = stop_gains(
            motion.velocity / jump,
            motion.acceleration * dt_s / jump,
            limits.acceleration * dt_s / jump,
        )
        velocity = motion.velocity + np.cumsum(gains, axis=0) * jump
        steps = np.vstack((motion.position - last.position, velocity * dt_s))
        places = np.vstack((last.position, last.position + np.cumsum(steps, axis=0)))
        travel = np.zeros(places.shape)
        np.cumsum(np.abs(steps), axis=0, out=travel[1:])
        return cls(places, travel)


def released(velocity: Floats, acceleration: Floats, limits: Limits, dt_s: float) -> Floats:
    """Return the velocity that each joint comes to when it lets go of its acceleration."""
    jump = limits.jerk * (dt_s * dt_s)
    rest = np.maximum(np.abs(acceleration) * dt_s / jump - 1.0, 0.0)
    k = np.floor(rest)
    after: Floats = velocity + np.copysign((k + 1.0) * (rest - 0.5 * k) * jump, acceleration)
    return after


def stop_gains(velocity: Floats, gain: Floats, cap: Floats) -> Floats:
    """
    Return the gains (N, J) of the stop from a velocity, in jumps; it is braked with `cap`.

    In its first sense a joint that brakes too hard to land lets go of that and turns round;
    then the gain falls by one jump a tick as far as it may, stays at -`cap`, and is let go of.
    """
    sense = np.where((velocity < 0.0) | ((velocity == 0.0) & (gain < 0.0)), -1.0, 1.0)
    v, g = sense * velocity, sense * gain
    rest = np.maximum(-1.0 - g, 0.0)
    k = np.floor(rest)
    turns = (k + 1.0) * (rest - 0.5 * k) > v + SETTLED
    h = np.where(turns, -g - 0.5, 0.0)
    turn = np.ceil(h - np.sqrt(np.maximum(h * h - 2.0 * v, 0.0)))
    turn = np.where(turns, np.maximum(turn, 1.0), 0.0)
    first, begin = g, np.where(turns, -g - turn, np.maximum(g, -cap))
    v = np.where(turns, -v - turn * (g + 0.5 * (turn + 1.0)), v)

    i = np.floor(-begin)
    f = -begin - i
    k = np.floor(np.sqrt(np.maximum(v + f * f + i * (0.5 * (i + 1.0) + f), 0.0)) - f)
    ramp = np.maximum(np.minimum(k, np.floor(cap - f)) - i, 0.0)
    v = v + ramp * begin - 0.5 * ramp * (ramp + 1.0)
    whole = np.floor(cap)
    held = np.floor((v - (whole + 1.0) * (cap - 0.5 * whole)) / cap) + 1.0
    held = np.maximum(held, 0.0)
    last = gain_to(np.maximum(v - held * cap, 0.0))

    ends = np.cumsum((turn, ramp, held, np.floor(last) + 1.0), axis=0)
    tick = np.arange(1.0, ends[3].max() + 1.0)[:, np.newaxis]
    gains = np.minimum(last - (tick - ends[2] - 1.0), last)
    gains = -np.maximum(gains, 0.0)
    gains = np.where(tick <= ends[2], -cap, gains)
    gains = np.where(tick <= ends[1], begin - (tick - turn), gains)
    gains = np.where(turns, -gains, gains)
    gains = np.where(tick <= turn, first + tick, gains)
    result: Floats = sense * gains
    return result
