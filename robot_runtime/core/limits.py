"""Shaper: the motion nearest to a target that the limits allow one tick later."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.landing import brake_velocity, gain_to, SETTLED, stop_gain, stop_ways
from robot_runtime.core.types import CURVE_SHARE, Floats, Limits, Motion

POSITION, VELOCITY, ACCELERATION, BRAKE, INFEASIBLE, JERK = 1, 2, 4, 8, 16, 32

FULL = 1.0 - 1e-6  # of a jump: the jerk binds
ROUNDING, ROUNDED = 1e-9, 1e-15  # of a way; of a position
FAR = 1e15  # ways beyond it [jump * dt], and speeds [rad/s], are all the same
# Changes of the gain that are looked at, in jumps; the stop's own one comes on top.
_NOTHING = np.zeros(())
_GRID = np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """A motion within the limits, and which of them changed it."""

    motion: Motion
    active: NDArray[np.uint8]  # (..., J) flags: POSITION | VELOCITY | ... | INFEASIBLE


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """
    Limits as the shaper counts: a *jump* is the change of velocity that one tick of jerk makes.

    Velocities and gains (velocity per tick) are in jumps, ways in jumps * dt.
    """

    jump: Floats  # [rad/s]
    way: Floats  # [rad]
    lower: Floats  # [rad] where a stop may end, the velocity curve included
    upper: Floats
    fastest: Floats
    hardest: Floats
    brake: Floats  # hardest before an end of the range
    plain: NDArray[np.bool_]  # joints without a velocity curve


@lru_cache(maxsize=16)
def _units(limits: Limits, dt_s: float) -> _Units:
    jump = limits.jerk * dt_s * dt_s
    brake, lower, upper = braking(limits, dt_s)
    hardest = limits.acceleration * dt_s / jump
    return _Units(
        jump=jump,
        way=jump * dt_s,
        lower=lower,
        upper=upper,
        fastest=limits.velocity / jump,
        hardest=hardest,
        brake=brake * dt_s / jump,
        plain=brake == limits.acceleration,
    )


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
    for given in (target, target_velocity, target_acceleration):
        if given is not None and not np.isfinite(given).all():
            raise ValueError(
                f'target {target} with {target_velocity}, {target_acceleration} is not finite'
            )
    units = _units(limits, dt_s)
    q = last.position
    v, gain = last.velocity / units.jump, last.acceleration * (dt_s / units.jump)
    # A joint past its end may stand or come back, so its own position counts as reachable.
    goal = np.minimum(np.maximum(target, np.minimum(units.lower, q)), np.maximum(units.upper, q))
    clipped = goal != target
    drift, bend = _NOTHING, _NOTHING
    if target_velocity is not None:
        drift = np.where(clipped, 0.0, _clip(target_velocity, FAR) / units.jump)
    if target_acceleration is not None:
        bend = np.where(clipped, 0.0, _clip(target_acceleration, FAR) * dt_s / units.jump)
    error = _clip((goal - q) / units.way, FAR)
    ceiling, too_fast = _ceiling(error, drift, units, groups)
    drift, bend = _clip(drift, units.fastest), _clip(bend, units.hardest)

    relative = (v - drift + 2.0 * bend, gain - bend, error - drift + bend)
    wish, stop_end = _toward(*relative, units)
    wanted = np.minimum(np.maximum(wish + bend, -gain_to(ceiling + v)), gain_to(ceiling - v))
    sure = units.plain & (drift == 0.0) & (bend == 0.0)
    chosen, active = _allowed(wanted, v, gain, q, np.where(sure, stop_end, np.nan), units)
    active = active + clipped * np.uint8(POSITION) + too_fast * np.uint8(VELOCITY)
    return Shaped(_moved(last, chosen * units.jump, units, dt_s), active.astype(np.uint8))


def _allowed(
    wanted: Floats, v: Floats, gain: Floats, q: Floats, stop_end: Floats, units: _Units
) -> tuple[Floats, Floats]:
    """Return the allowed gain that is nearest to the `wanted` one, and flags of what binds."""
    lowest, highest = gain - 1.0, gain + 1.0
    bound = _near_an_end(v, gain, q, stop_end, units)
    if bound.any():
        low, high = _inside(v, gain, q, units)
        lowest, highest = np.where(bound, low, lowest), np.where(bound, high, highest)
    infeasible = (highest == -np.inf) | (lowest == np.inf)
    braked = np.minimum(np.maximum(wanted, lowest), highest)
    if infeasible.any():  # a stop beyond the end is what is left
        braked = np.where(infeasible, stop_gain(v, gain, units.hardest), braked)
    soft = _clip(braked, units.hardest)
    chosen = np.minimum(np.maximum(soft, gain - 1.0), gain + 1.0)
    flags = (
        (soft != braked) * np.uint8(ACCELERATION)
        + bound * (braked != wanted) * np.uint8(BRAKE)
        + infeasible * np.uint8(INFEASIBLE)
        + (np.abs(chosen - gain) >= FULL) * np.uint8(JERK)
    )
    return chosen, flags


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
    units = _units(limits, dt_s)
    v, gain = last.velocity / units.jump, last.acceleration * (dt_s / units.jump)
    most = np.minimum(np.abs(velocity), limits.velocity)
    bend = _clip(acceleration * dt_s / units.jump, units.hardest) * (most == np.abs(velocity))
    error = np.copysign(most, velocity) / units.jump - bend - v
    wanted = bend
    for group in groups:
        far = np.maximum(np.abs(error[group]).max(), SETTLED)
        change = bend[group] + error[group] * (gain_to(far) / far) - gain[group]
        wanted[group] = gain[group] + change / max(1.0, float(np.abs(change).max()))
    fastest = units.fastest
    wanted = np.minimum(np.maximum(wanted, -gain_to(fastest + v)), gain_to(fastest - v))
    chosen, _ = _allowed(wanted, v, gain, last.position, np.full(v.shape, np.nan), units)
    return _moved(last, chosen * units.jump, units, dt_s)


def ramp_to_rest(last: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return the motion one tick after `last` when every joint brakes as hard as it may."""
    units = _units(limits, dt_s)
    v, gain = last.velocity / units.jump, last.acceleration * dt_s / units.jump
    return _moved(last, stop_gain(v, gain, units.hardest) * units.jump, units, dt_s)


def _ceiling(
    error: Floats, drift: Floats, units: _Units, groups: tuple[slice, ...] | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """
    Return the most speed for each joint, and which joints would like to be too fast.

    If one of a group would, the others of it go at the same share of what they would like.
    """
    gap = error - drift
    wish = np.abs(drift + np.copysign(brake_velocity(np.abs(gap), units.hardest), gap))
    ratio = units.fastest / np.maximum(wish, units.fastest)
    for group in groups or ():
        ratio[..., group] = ratio[..., group].min(axis=-1, keepdims=True)
    most = np.minimum(np.where(ratio < 1.0, wish * ratio, units.fastest), units.fastest)
    return most, wish > units.fastest


def _candidates(velocity: Floats, gain: Floats, cap: Floats) -> Floats:
    """Return some gains within reach, (8, ..., J): a grid, and the one of the stop."""
    gains = np.empty((len(_GRID) + 1, *velocity.shape))
    gains[:-1] = gain + _GRID.reshape(-1, *(1,) * velocity.ndim)
    gains[-1] = stop_gain(velocity, gain, cap)
    return gains


def _toward(
    velocity: Floats, gain: Floats, way: Floats, units: _Units
) -> tuple[Floats, Floats]:
    """
    Return the gain whose stop ends `way` from here, or the nearest; and how far the stop goes.

    The way to the end grows with the gain, and faster and faster: a straight line between two
    gains that were looked at is on the safe side.
    """
    gains = _candidates(velocity, gain, units.hardest)
    speeds = velocity + gains
    ends = speeds + stop_ways(speeds, gains, units.hardest)[0]
    return _greatest(gains, ends, way, ROUNDING * (1.0 + np.abs(way))), ends[-1]


def _near_an_end(
    v: Floats, gain: Floats, q: Floats, stop_end: Floats, units: _Units
) -> NDArray[np.bool_]:
    """
    Return which joints the ends of their range may bind, the others being safe without a look.

    A joint is safe that is far from both ends, by an estimate that is too great by far. So is
    one that goes to a goal within its range, which stands, if its stop ends within it as well;
    `stop_end` is NaN for the others.
    """
    strong = np.abs(gain) + 2.0
    more = strong * (0.5 * strong + 1.0)
    rising, falling = np.maximum(v, 0.0) + more, np.maximum(-v, 0.0) + more
    slow, half = strong + 4.0 + 2.0 * units.brake, 0.5 / units.brake
    up, down = units.upper - q, q - units.lower
    far = up > units.way * rising * (slow + half * rising)
    far &= down > units.way * falling * (slow + half * falling)
    end = stop_end * units.way
    inside = (down >= 0.0) & (up >= 0.0) & (end <= up) & (end >= -down)
    near: NDArray[np.bool_] = ~(far | inside)
    return near


def _inside(v: Floats, gain: Floats, q: Floats, units: _Units) -> tuple[Floats, Floats]:
    """Return the least and the most gain whose stops do not end outside the range."""
    gains = _candidates(v, gain, units.brake)
    speeds = v + gains
    end, turn, sense, turns = stop_ways(speeds, gains, units.brake)
    up = sense > 0.0
    to_end, to_turn = speeds + end, speeds + turn
    bounds = np.stack(np.broadcast_arrays(q - units.lower, units.upper - q)) / units.way
    # A stop that does not move toward an end of the range has nothing to fear from it.
    rises = np.where(up, to_turn > 0.0, turns)
    falls = np.where(up, turns, to_turn < 0.0)
    ways, tried = np.empty((len(gains), *bounds.shape)), np.empty((len(gains), *bounds.shape))
    low, high = np.where(up, to_end, to_turn), np.where(up, to_turn, to_end)
    ways[:, 0] = -np.where(falls, low, np.maximum(to_end, -bounds[0]))
    ways[:, 1] = np.where(rises, high, np.minimum(to_end, bounds[1]))
    tried[:, 0], tried[:, 1] = -gains, gains
    error = ROUNDING * (1.0 + np.abs(bounds)) + np.abs(q) * (ROUNDED / units.way)
    greatest = _greatest(tried, ways, bounds, error)
    return -greatest[0], greatest[1]


def _greatest(tried: Floats, ways: Floats, bound: Floats, error: Floats) -> Floats:
    """Return the greatest gain whose way is within `bound`, from some `tried`; or -inf."""
    fits = ways <= bound + error
    below = np.where(fits, tried, -np.inf).max(axis=0)
    above = np.where(fits, np.inf, tried).min(axis=0)
    near = np.where(fits, ways, -np.inf).max(axis=0)
    far = np.where(fits, np.inf, ways).min(axis=0)
    between = (below > -np.inf) & (above < np.inf)
    share = np.where(between, bound - near, 0.0) / np.where(between, far - near, 1.0)
    step = np.where(between, above - below, 0.0)
    greatest: Floats = below + np.maximum(share, 0.0) * step
    return greatest


def _clip(value: Floats, most: Floats | float) -> Floats:
    clipped: Floats = np.minimum(np.maximum(value, -most), most)
    return clipped


def _moved(last: Motion, gain: Floats, units: _Units, dt_s: float) -> Motion:
    """Return the motion one tick after `last` when its velocity changes by `gain`."""
    velocity = last.velocity + gain
    velocity = np.where(np.abs(velocity) <= SETTLED * units.jump, 0.0, velocity)
    position = last.position + velocity * dt_s
    return Motion(position, velocity, (velocity - last.velocity) / dt_s)
