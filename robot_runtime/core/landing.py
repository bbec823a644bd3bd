"""
Landing: the shaper's arithmetic of a joint that comes to stand under a bound on jerk.

All is counted in *jumps*: a jump is the change of velocity that one tick of full jerk makes. A
velocity is in jumps, a gain (velocity per tick) too, and a way in jumps times ticks; so the gain
of the next tick differs from the last one by at most 1. Arrays broadcast.
"""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats

SETTLED = 1e-9  # jumps: what rounding may make of a velocity


def gain_to(error: Floats) -> Floats:
    """
    Return the gain that makes up for a velocity `error` soonest and is gone when it is made up.

    Let go of at one jump a tick, a gain of x = k + f uses up (k + 1) * (f + k / 2) in all.
    """
    size = np.abs(error)
    k = np.floor((np.sqrt(8.0 * size + 1.0) - 1.0) / 2.0)
    gain: Floats = np.copysign(size / (k + 1.0) + k / 2.0, error)
    return gain


def stop_gain(velocity: Floats, gain: Floats, cap: Floats) -> Floats:
    """Return the next gain of the stop from `velocity`, which is braked with `cap` at most."""
    wish = np.minimum(np.maximum(gain_to(-velocity), -cap), cap)
    stop: Floats = np.minimum(np.maximum(wish, gain - 1.0), gain + 1.0)
    return stop


def stop_ways(
    velocity: Floats, gain: Floats, cap: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """
    Return where the stop ends, how far it goes at first, its first sense (1, -1), if it turns.

    A joint turns round whose gain is too strong to be let go of before it stands. It goes less
    far than one that lands from the same velocity, and that way is the one to count on: under
    a velocity curve a joint may be as fast as if it had to land.
    """
    sense = np.where((velocity < 0.0) | ((velocity == 0.0) & (gain < 0.0)), -1.0, 1.0)
    v, g = sense * velocity, sense * gain
    # It turns if letting go of what is left of -g takes more than v.
    rest = np.maximum(-1.0 - g, 0.0)
    k = np.floor(rest)
    turns = (k + 1.0) * (rest - 0.5 * k) > v + SETTLED
    if not turns.any():
        end = sense * _way(v, g, cap)
        return end, end, sense, turns
    h = np.where(turns, -g - 0.5, 0.0)
    n = np.where(turns, np.maximum(np.ceil(h - np.sqrt(np.maximum(h * h - 2.0 * v, 0.0))), 1.0), 0)
    turn = (n - 1.0) * (v + 0.5 * n * g + n * (n + 1.0) / 6.0)
    behind = np.where(turns, -v - n * (g + 0.5 * (n + 1.0)), v)
    way = _way(behind, np.where(turns, -g - n, g), cap)
    end = np.where(turns, turn - behind - way, way)
    first = np.where(turns, _held_way(v, cap), way)
    return sense * end, sense * first, sense, turns


def brake_velocity(distance: Floats, acceleration: Floats) -> Floats:
    """
    Return the highest velocity for the next tick from which a stop ends within `distance`.

    Without a bound on jerk; it solves v + v^2 / (2 * a) = D, per tick, in the form that does
    not cancel for small D.
    """
    twice = 2.0 * acceleration * distance
    result: Floats = twice / (acceleration + np.sqrt(acceleration * acceleration + twice))
    return result


def _way(v: Floats, g: Floats, cap: Floats) -> Floats:
    """
    Return how far a joint goes that moves at `v` >= 0 and lands from there without turning.

    The gain falls by one jump a tick as far as it may and not below -cap, stays there, and is
    let go of. It may fall to -(k + f) if (k + f)^2 <= v + f^2 + i * (i + 1) / 2 + i * f, where
    it begins at -(i + f).
    """
    g = np.maximum(g, -cap)
    i = np.floor(-g)
    f = -g - i
    k = np.floor(np.sqrt(np.maximum(v + f * f + i * ((i + 1.0) / 2.0 + f), 0.0)) - f)
    n = np.maximum(np.minimum(k, np.floor(cap - f)) - i, 0.0)
    half = n * (n + 1.0) / 2.0
    way = n * v + half * (g - (n + 2.0) / 3.0)
    path: Floats = way + _held_way(np.maximum(v + n * g - half, 0.0), cap)
    return path


def _held_way(v: Floats, cap: Floats) -> Floats:
    """Return how far a joint goes that brakes with `cap` from `v`, and lets go in time."""
    whole = np.floor(cap)
    held = np.maximum(np.floor((v - (whole + 1.0) * (cap - whole / 2.0)) / cap) + 1.0, 0.0)
    way = held * (v - cap * (held + 1.0) / 2.0)
    v = np.maximum(v - held * cap, 0.0)
    k = np.floor((np.sqrt(8.0 * v + 1.0) - 1.0) / 2.0)
    last = v / (k + 1.0) - k / 2.0
    path: Floats = way + k * (k + 1.0) / 2.0 * (last + (k - 1.0) / 3.0)
    return path
