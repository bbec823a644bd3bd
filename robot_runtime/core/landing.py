"""
Landing: the shaper's arithmetic of one joint that comes to stand under a bound on jerk.

All is counted in *jumps*: a jump is the change of velocity that one tick of full jerk makes. A
velocity is in jumps, a gain (velocity per tick) too, and a way in jumps times ticks; so the gain
of the next tick differs from the last one by at most 1. A NaN stays a NaN.
"""

from math import copysign

import numpy as np
from robot_runtime.core.compiled import inlined

SETTLED = 1e-9  # jumps: what rounding may make of a velocity


@inlined
def clip(value: float, low: float, high: float) -> float:
    """Return what is nearest to `value` from `low` to `high`; `high` wins if they are crossed."""
    clipped: float = np.minimum(np.maximum(value, low), high)
    return clipped


@inlined
def gain_to(error: float) -> float:
    """
    Return the gain that makes up for a velocity `error` soonest and is gone when it is made up.

    Let go of at one jump a tick, a gain of x = k + f uses up (k + 1) * (f + k / 2) in all.
    """
    size = abs(error)
    k: float = np.floor((np.sqrt(8.0 * size + 1.0) - 1.0) / 2.0)
    return copysign(size / (k + 1.0) + k / 2.0, error)


@inlined
def stop_gain(velocity: float, gain: float, cap: float) -> float:
    """Return the next gain of the stop from `velocity`, which is braked with `cap` at most."""
    return clip(clip(gain_to(-velocity), -cap, cap), gain - 1.0, gain + 1.0)


@inlined
def sense_of(velocity: float, gain: float) -> float:
    """Return 1 if the stop moves up at first, -1 for down."""
    return -1.0 if velocity < 0.0 or (velocity == 0.0 and gain < 0.0) else 1.0


@inlined
def used_up(gain: float) -> float:
    """Return the velocity that a `gain` >= 0 gives yet, let go of at one jump a tick."""
    k = np.floor(gain)
    velocity: float = (k + 1.0) * (gain - 0.5 * k)
    return velocity


@inlined
def turns_round(velocity: float, gain: float) -> bool:
    """Return if letting go of what is left of a negative `gain` takes more than `velocity`."""
    return bool(used_up(np.maximum(-1.0 - gain, 0.0)) > velocity + SETTLED)


@inlined
def ticks_to_turn(velocity: float, gain: float) -> float:
    """Return after how many ticks a joint moves back that turns round."""
    h = -gain - 0.5
    root = np.sqrt(np.maximum(h * h - 2.0 * velocity, 0.0))
    ticks: float = np.maximum(np.ceil(h - root), 1.0)
    return ticks


@inlined
def stop_ways(velocity: float, gain: float, cap: float) -> tuple[float, float, float, bool]:
    """
    Return where the stop ends, how far it goes at first, its first sense (1, -1), if it turns.

    A joint turns round whose gain is too strong to be let go of before it stands. It goes less
    far than one that lands from the same velocity, and that way is the one to count on: under
    a velocity curve a joint may be as fast as if it had to land.
    """
    sense = sense_of(velocity, gain)
    v, g = sense * velocity, sense * gain
    if not turns_round(v, g):
        end = sense * _way(v, g, cap)
        return end, end, sense, False
    n = ticks_to_turn(v, g)
    turn = (n - 1.0) * (v + 0.5 * n * g + n * (n + 1.0) / 6.0)
    behind = -v - n * (g + 0.5 * (n + 1.0))
    end = turn - behind - _way(behind, -g - n, cap)
    return sense * end, sense * _held_way(v, cap), sense, True


@inlined
def brake_velocity(distance: float, acceleration: float) -> float:
    """
    Return the highest velocity for the next tick from which a stop ends within `distance`.

    Without a bound on jerk; it solves v + v^2 / (2 * a) = D, per tick, in the form that does
    not cancel for small D.
    """
    twice = 2.0 * acceleration * distance
    velocity: float = twice / (acceleration + np.sqrt(acceleration * acceleration + twice))
    return velocity


@inlined
def ramp_ticks(v: float, g: float, cap: float) -> float:
    """
    Return for how many ticks a gain `g` >= -`cap` falls by one jump, the velocity being `v`.

    It may fall to -(k + f) if (k + f)^2 <= v + f^2 + i * (i + 1) / 2 + i * f, where it begins
    at -(i + f).
    """
    i = np.floor(-g)
    f = -g - i
    k = np.floor(np.sqrt(np.maximum(v + f * f + i * ((i + 1.0) / 2.0 + f), 0.0)) - f)
    ticks: float = np.maximum(np.minimum(k, np.floor(cap - f)) - i, 0.0)
    return ticks


@inlined
def held_ticks(v: float, cap: float) -> float:
    """Return for how many ticks a joint brakes with `cap` from `v` until it lets go in time."""
    ticks: float = np.maximum(np.floor((v - used_up(cap)) / cap) + 1.0, 0.0)
    return ticks


@inlined
def _way(v: float, g: float, cap: float) -> float:
    """
    Return how far a joint goes that moves at `v` >= 0 and lands from there without turning.

    The gain falls by one jump a tick as far as it may and not below -cap, stays there, and is
    let go of.
    """
    g = np.maximum(g, -cap)
    n = ramp_ticks(v, g, cap)
    half = n * (n + 1.0) / 2.0
    way = n * v + half * (g - (n + 2.0) / 3.0)
    path: float = way + _held_way(np.maximum(v + n * g - half, 0.0), cap)
    return path


@inlined
def _held_way(v: float, cap: float) -> float:
    """Return how far a joint goes that brakes with `cap` from `v`, and lets go in time."""
    held = held_ticks(v, cap)
    way = held * (v - cap * (held + 1.0) / 2.0)
    v = np.maximum(v - held * cap, 0.0)
    k = np.floor((np.sqrt(8.0 * v + 1.0) - 1.0) / 2.0)
    last = v / (k + 1.0) - k / 2.0
    path: float = way + k * (k + 1.0) / 2.0 * (last + (k - 1.0) / 3.0)
    return path
