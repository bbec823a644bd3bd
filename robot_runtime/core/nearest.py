"""
Nearest: the gain of one joint that its limits allow and that comes nearest to a wish.

Counted as in `landing`: velocities and gains in jumps, ways in jumps times ticks.
"""

from math import copysign, inf
from typing import NamedTuple

import numpy as np
from robot_runtime.core.compiled import inlined
from robot_runtime.core.landing import brake_velocity, clip, gain_to, stop_gain, stop_ways

POSITION, VELOCITY, ACCELERATION, BRAKE, INFEASIBLE, JERK = 1, 2, 4, 8, 16, 32

FULL = 1.0 - 1e-6  # of a jump: the jerk binds
ROUNDING, ROUNDED = 1e-9, 1e-15  # of a way; of a position
FAR = 1e15  # ways beyond it [jump * dt], and speeds [rad/s], are all the same
# Changes of the gain that are looked at, in jumps; the stop's own one comes on top.
GRID = (-1.0, -0.6, -0.2, 0.2, 0.6, 1.0)
LOOKS = len(GRID) + 1


class Units(NamedTuple):
    """Limits of one joint as the shaper counts: a *jump* is what one tick of jerk changes."""

    jump: float  # [rad/s]
    way: float  # [rad]
    lower: float  # [rad] where a stop may end, the velocity curve included
    upper: float
    speed: float  # [rad/s] the limit of the velocity
    fastest: float  # the same in jumps
    hardest: float
    brake: float  # hardest before an end of the range
    plain: float  # 1: it has no velocity curve


class Goal(NamedTuple):
    """What one joint is to do, relative to where it is."""

    error: float  # the way to where it is to be
    drift: float  # the velocity that it is to have there
    bend: float  # and the gain
    clipped: bool  # its range does not reach so far


class Bracket(NamedTuple):
    """The gains next to a bound on the way, of those that were looked at, and their ways."""

    below: float  # the greatest that fits
    near: float
    above: float  # the least that does not
    far: float


@inlined
def goal_of(
    target: float, velocity: float, acceleration: float, q: float, units: Units, dt_s: float
) -> Goal:
    """Return the goal at `target` [rad], which moves with `velocity` and `acceleration`."""
    # A joint past its end may stand or come back, so its own position counts as reachable.
    place = clip(target, np.minimum(units.lower, q), np.maximum(units.upper, q))
    error = clip((place - q) / units.way, -FAR, FAR)
    if place != target:
        return Goal(error, 0.0, 0.0, True)
    drift = clip(velocity, -FAR, FAR) / units.jump
    bend = clip(acceleration, -FAR, FAR) * dt_s / units.jump
    return Goal(error, drift, bend, False)


@inlined
def wished_speed(goal: Goal, units: Units) -> float:
    """Return how fast a joint would like to be, had it no limit of its velocity."""
    gap = goal.error - goal.drift
    speed: float = abs(goal.drift + copysign(brake_velocity(abs(gap), units.hardest), gap))
    return speed


@inlined
def nearest(
    goal: Goal, share: float, v: float, gain: float, q: float, units: Units
) -> tuple[float, int]:
    """
    Return the allowed gain that comes nearest to `goal`, and the flags of what binds.

    The joint goes at `share` of the speed that it would like, at its fastest if this is 1.
    """
    wished, ceiling = wished_speed(goal, units), units.fastest
    if share < 1.0:
        ceiling = np.minimum(wished * share, units.fastest)
    drift = clip(goal.drift, -units.fastest, units.fastest)
    bend = clip(goal.bend, -units.hardest, units.hardest)
    # In the eyes of one who moves along with the target.
    way = goal.error - drift + bend
    wish, stop_end = _toward(v - drift + 2.0 * bend, gain - bend, way, units.hardest)
    wanted = clip(wish + bend, -gain_to(ceiling + v), gain_to(ceiling - v))
    if units.plain == 0.0 or drift != 0.0 or bend != 0.0:
        stop_end = np.nan
    chosen, flags = allowed(wanted, v, gain, q, stop_end, units)
    if goal.clipped:
        flags += POSITION
    if wished > units.fastest:
        flags += VELOCITY
    return chosen, flags


@inlined
def allowed(
    wanted: float, v: float, gain: float, q: float, stop_end: float, units: Units
) -> tuple[float, int]:
    """
    Return the allowed gain that is nearest to the `wanted` one, and the flags of what binds.

    `stop_end` is how far the stop goes if it is sure to end within the range, else NaN.
    """
    lowest, highest, flags = gain - 1.0, gain + 1.0, 0
    bound = _near_an_end(v, gain, q, stop_end, units)
    if bound:
        lowest, highest = _inside(v, gain, q, units)
    braked = clip(wanted, lowest, highest)
    if highest == -inf or lowest == inf:  # a stop beyond the end is what is left
        braked = stop_gain(v, gain, units.hardest)
        flags += INFEASIBLE
    soft = clip(braked, -units.hardest, units.hardest)
    chosen = clip(soft, gain - 1.0, gain + 1.0)
    if soft != braked:
        flags += ACCELERATION
    if bound and braked != wanted:
        flags += BRAKE
    if abs(chosen - gain) >= FULL:
        flags += JERK
    return chosen, flags


@inlined
def _look(number: int, velocity: float, gain: float, cap: float) -> float:
    """Return one of the gains within reach that are looked at; the last is that of the stop."""
    if number < len(GRID):
        return gain + GRID[number]
    return stop_gain(velocity, gain, cap)


@inlined
def _toward(velocity: float, gain: float, way: float, cap: float) -> tuple[float, float]:
    """
    Return the gain whose stop ends `way` from here, or the nearest; and how far the stop goes.

    The way to the end grows with the gain, and faster and faster: a straight line between two
    gains that were looked at is on the safe side.
    """
    error, end = ROUNDING * (1.0 + abs(way)), 0.0
    seen = Bracket(-inf, -inf, inf, inf)
    for number in range(LOOKS):
        tried = _look(number, velocity, gain, cap)
        speed = velocity + tried
        end = speed + stop_ways(speed, tried, cap)[0]
        seen = _narrowed(seen, tried, end, way + error)
    return _greatest(seen, way), end


@inlined
def _near_an_end(v: float, gain: float, q: float, stop_end: float, units: Units) -> bool:
    """
    Return if the ends of its range may bind a joint; if not, it is safe without a look.

    A joint is safe that is far from both ends, by an estimate that is too great by far. So is
    one that goes to a goal within its range, which stands, if its stop ends within it as well;
    `stop_end` is NaN for the others.
    """
    up, down = units.upper - q, q - units.lower
    end = stop_end * units.way
    if down >= 0.0 and up >= 0.0 and -down <= end <= up:
        return False
    strong = abs(gain) + 2.0
    more = strong * (0.5 * strong + 1.0)
    rising, falling = np.maximum(v, 0.0) + more, np.maximum(-v, 0.0) + more
    slow, half = strong + 4.0 + 2.0 * units.brake, 0.5 / units.brake
    far_up = up > units.way * rising * (slow + half * rising)
    far_down = down > units.way * falling * (slow + half * falling)
    return not (far_up and far_down)


@inlined
def _inside(v: float, gain: float, q: float, units: Units) -> tuple[float, float]:
    """Return the least and the most gain whose stops do not end outside the range."""
    down, up = (q - units.lower) / units.way, (units.upper - q) / units.way
    rounded = abs(q) * (ROUNDED / units.way)
    most_down = down + (ROUNDING * (1.0 + abs(down)) + rounded)
    most_up = up + (ROUNDING * (1.0 + abs(up)) + rounded)
    falling, rising = Bracket(-inf, -inf, inf, inf), Bracket(-inf, -inf, inf, inf)
    for number in range(LOOKS):
        tried = _look(number, v, gain, units.brake)
        speed = v + tried
        end, turn, sense, turns = stop_ways(speed, tried, units.brake)
        # Where the stop ends, and the furthest that it gets the other way before or after.
        end, turn = speed + end, speed + turn
        low, high, falls, rises = turn, end, turn < 0.0, turns
        if sense > 0.0:
            low, high, falls, rises = end, turn, turns, turn > 0.0
        # A stop that does not move toward an end of the range has nothing to fear from it.
        low = -low if falls else -np.maximum(end, -down)
        high = high if rises else np.minimum(end, up)
        falling = _narrowed(falling, -tried, low, most_down)
        rising = _narrowed(rising, tried, high, most_up)
    return -_greatest(falling, down), _greatest(rising, up)


@inlined
def _narrowed(seen: Bracket, tried: float, way: float, most: float) -> Bracket:
    """Return the bracket after one more look, at a gain whose way may be `most`."""
    if way <= most:
        return Bracket(
            np.maximum(seen.below, tried), np.maximum(seen.near, way), seen.above, seen.far)
    return Bracket(
        seen.below, seen.near, np.minimum(seen.above, tried), np.minimum(seen.far, way))


@inlined
def _greatest(seen: Bracket, bound: float) -> float:
    """Return the greatest gain whose way is within `bound`; -inf if none is."""
    if not (seen.below > -inf and seen.above < inf):
        return seen.below
    share = (bound - seen.near) / (seen.far - seen.near)
    greatest: float = seen.below + np.maximum(share, 0.0) * (seen.above - seen.below)
    return greatest
