"""Shaping: the compiled functions that take every joint of every robot through one tick."""

from math import copysign, inf

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.compiled import compiled, inlined
from robot_runtime.core.landing import clip, gain_to, SETTLED, stop_gain
from robot_runtime.core.nearest import allowed, Goal, goal_of, nearest, Units, wished_speed
from robot_runtime.core.types import Floats

# Arrays of all three: `given`, (parts, robots, joints), has position, velocity and acceleration
# of the tick before and then what is wished; `table`, (fields, robots or 1, joints), the fields
# of `Units`; `after`, (3, robots, joints), is filled in. `spans`, (groups, 2): where each group
# of joints begins and ends.
Spans = NDArray[np.int64]


@inlined
def _units(table: Floats, robot: int, joint: int) -> Units:
    """Return the limits of one joint."""
    r, j = min(robot, table.shape[1] - 1), joint  # those of one robot hold for all
    return Units(
        table[0, r, j], table[1, r, j], table[2, r, j], table[3, r, j], table[4, r, j],
        table[5, r, j], table[6, r, j], table[7, r, j], table[8, r, j],
    )  # fmt: skip


@inlined
def _goal(given: Floats, r: int, j: int, units: Units, dt_s: float) -> Goal:
    """Return what one joint is to do."""
    velocity, acceleration = given[4, r, j], given[5, r, j]
    return goal_of(given[3, r, j], velocity, acceleration, given[0, r, j], units, dt_s)


@inlined
def _even(shares: Floats, spans: Spans) -> None:
    """Let the joints of a group go at the least share of them, if one would be too fast."""
    for group in range(len(spans)):
        least = inf
        for j in range(spans[group, 0], spans[group, 1]):
            least = np.minimum(least, shares[j])
        for j in range(spans[group, 0], spans[group, 1]):
            shares[j] = least


@inlined
def _aim(wanted: Floats, error: Floats, gain: Floats, spans: Spans) -> None:
    """Make the wanted gains those with which a group makes up for its errors at once."""
    for group in range(len(spans)):
        far, most = SETTLED, 1.0
        for j in range(spans[group, 0], spans[group, 1]):
            far = np.maximum(far, abs(error[j]))
        for j in range(spans[group, 0], spans[group, 1]):
            error[j] = wanted[j] + error[j] * (gain_to(far) / far) - gain[j]
            most = np.maximum(most, abs(error[j]))
        for j in range(spans[group, 0], spans[group, 1]):
            wanted[j] = gain[j] + error[j] / most


@inlined
def _move(
    given: Floats, r: int, j: int, gain: float, jump: float, dt_s: float, after: Floats
) -> None:
    """Fill in the motion of one joint whose velocity changes by `gain` [rad/s]."""
    velocity = given[1, r, j] + gain
    if abs(velocity) <= SETTLED * jump:
        velocity = 0.0
    after[0, r, j] = given[0, r, j] + velocity * dt_s
    after[1, r, j] = velocity
    after[2, r, j] = (velocity - given[1, r, j]) / dt_s


@compiled('b1(f8[:,:,::1], f8[:,:,::1], i8[:,::1], f8, f8[:,:,::1], u1[:,::1])')
def shape_all(
    given: Floats,
    table: Floats,
    spans: Spans,
    dt_s: float,
    after: Floats,
    active: NDArray[np.uint8],
) -> bool:
    """Go toward a target, with its velocity and acceleration; False: it is not finite."""
    robots, joints = active.shape
    shares = np.empty(joints)
    for r in range(robots):
        for j in range(joints):
            for part in range(3, 6):
                if not np.isfinite(given[part, r, j]):
                    return False
            units = _units(table, r, j)
            wished = wished_speed(_goal(given, r, j, units, dt_s), units)
            shares[j] = units.fastest / np.maximum(wished, units.fastest)
        _even(shares, spans)
        for j in range(joints):
            units = _units(table, r, j)
            v, gain = given[1, r, j] / units.jump, given[2, r, j] * (dt_s / units.jump)
            goal = _goal(given, r, j, units, dt_s)
            chosen, active[r, j] = nearest(goal, shares[j], v, gain, given[0, r, j], units)
            _move(given, r, j, chosen * units.jump, units.jump, dt_s, after)
    return True


@compiled('void(f8[:,:,::1], f8[:,:,::1], i8[:,::1], f8, f8[:,:,::1])')
def steer_all(given: Floats, table: Floats, spans: Spans, dt_s: float, after: Floats) -> None:
    """Take up a velocity, which changes by an acceleration."""
    _, robots, joints = given.shape
    wanted, error, gain = np.empty(joints), np.empty(joints), np.empty(joints)
    for r in range(robots):
        for j in range(joints):
            units, speed = _units(table, r, j), abs(given[3, r, j])
            most = np.minimum(speed, units.speed)
            bend = clip(given[4, r, j] * dt_s / units.jump, -units.hardest, units.hardest)
            wanted[j] = bend if most == speed else 0.0
            velocity = copysign(most, given[3, r, j])
            error[j] = velocity / units.jump - wanted[j] - given[1, r, j] / units.jump
            gain[j] = given[2, r, j] * (dt_s / units.jump)
        _aim(wanted, error, gain, spans)
        for j in range(joints):
            units = _units(table, r, j)
            v = given[1, r, j] / units.jump
            wish = clip(wanted[j], -gain_to(units.fastest + v), gain_to(units.fastest - v))
            chosen, _ = allowed(wish, v, gain[j], given[0, r, j], np.nan, units)
            _move(given, r, j, chosen * units.jump, units.jump, dt_s, after)


@compiled('void(f8[:,:,::1], f8[:,:,::1], f8, f8[:,:,::1])')
def ramp_all(given: Floats, table: Floats, dt_s: float, after: Floats) -> None:
    """Brake as hard as each joint may."""
    _, robots, joints = given.shape
    for r in range(robots):
        for j in range(joints):
            units = _units(table, r, j)
            v, gain = given[1, r, j] / units.jump, given[2, r, j] * dt_s / units.jump
            chosen = stop_gain(v, gain, units.hardest)
            _move(given, r, j, chosen * units.jump, units.jump, dt_s, after)
