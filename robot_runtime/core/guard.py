"""Verdict on a command: it passes unchanged, or the first rule it breaks is named."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.brake import peak_speed, stop_reach
from robot_runtime.core.types import CURVE_SHARE, Floats, Limits, Motion

TOLERANCE = 1e-6  # of the joint's limit of the same quantity; its range, for a position
MAX_TICKS = 3  # a command tells where it was one and two ticks before, and no further


class Refusal(Enum):
    """Rule that a command broke; the value says it in words."""

    NONE = 'none'
    NAMES = 'wrong number of joints'
    NOT_FINITE = 'not a finite number'
    ORDER = 'not newer than the last command'
    TIME = 'too many ticks skipped'
    MISMATCH = 'velocity or acceleration disagrees with the positions'
    POSITION = 'position'
    VELOCITY = 'velocity'
    ACCELERATION = 'acceleration'
    JERK = 'jerk'
    BRAKING = 'end of a stop from here'
    CURVE = 'velocity at this position, or on the stop from here'
    LEAD = 'distance from the measured position'
    EPOCH_START = 'start of the engagement'
    RATE = 'commands faster than time'
    CLEARANCE = 'distance on the way to the end of a stop'
    TOOL_SPEED = 'speed of the tool'
    EFFORT = 'effort that its drive would make of the setpoint'
    PUSH = 'effort, by where its joint is and how fast'


@dataclass(frozen=True, slots=True)
class Verdict:
    """First broken rule, the first joint that breaks it (-1: no joint), and both figures."""

    refusal: Refusal
    joint: int
    value: float
    allowed: float
    place: str = ''  # what the figures are of, where it is not a joint

    @property
    def ok(self) -> bool:
        """Return whether the command may pass."""
        return self.refusal is Refusal.NONE


class Rule(NamedTuple):
    """One rule applied to every joint: whether it is kept, the figure and its bounds, (..., J)."""

    refusal: Refusal
    kept: NDArray[np.bool_]
    value: Floats
    upper: Floats
    lower: Floats | None = None  # None: no lower bound


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """What the rules need of the limits, tolerance included."""

    lower: Floats
    upper: Floats
    velocity_error: Floats
    acceleration_error: Floats
    fastest: Floats
    hardest: Floats
    change: Floats  # of the acceleration, in one tick
    braking: Floats  # (2, ..., J): full; and along the curve
    ends: tuple[Floats, Floats]  # lowest and highest that such a stop may end, (2, ..., J)
    curved: bool  # a joint has a velocity curve
    roots: tuple[Floats, Floats]  # of the curves, and v^2 there is slope * gap, less an offset
    slope: Floats
    offset: Floats
    lead: Floats


def verify(
    command: Motion,
    last: Motion,
    ticks: int,
    measured: Floats | None,
    limits: Limits,
    dt_s: float,
) -> Verdict:
    """
    Return the first rule that `command`, `ticks` after `last`, breaks.

    Each rule states what is allowed. A NaN makes a comparison false, so the line that refuses
    a value too large refuses it too.
    """
    parts = (command.position, command.velocity, command.acceleration)
    for part in parts:
        if part.shape != (limits.count,):
            return Verdict(Refusal.NAMES, -1, float(part.size), float(limits.count))
    if ticks < 1:
        return Verdict(Refusal.ORDER, -1, float(ticks), 1.0)
    if ticks > MAX_TICKS:
        return Verdict(Refusal.TIME, -1, float(ticks), float(MAX_TICKS))
    with np.errstate(all='ignore'):  # finite but huge: overflows to inf or NaN, and is refused
        found = rules(command, last, ticks, measured, limits, dt_s)
    if kept(found).all():
        return Verdict(Refusal.NONE, -1, 0.0, 0.0)
    for part in parts:  # what is not finite has broken a rule
        finite = np.isfinite(part)
        if not finite.all():
            joint = int(np.argmin(finite))
            return Verdict(Refusal.NOT_FINITE, joint, float(part[joint]), np.inf)
    rule = next(rule for rule in found if not rule.kept.all())
    joint = int(np.argmin(rule.kept))
    value, bound = float(rule.value[joint]), rule.upper
    if rule.lower is not None and not rule.lower[joint] <= value:
        bound = rule.lower
    return Verdict(rule.refusal, joint, value, float(bound[joint]))


def kept(found: tuple[Rule, ...]) -> NDArray[np.bool_]:
    """Return which joints keep all of the rules, (..., J)."""
    every = found[0].kept
    for rule in found[1:]:
        every = every & rule.kept
    return every


def rules(
    command: Motion,
    last: Motion,
    ticks: int,
    measured: Floats | None,
    limits: Limits,
    dt_s: float,
) -> tuple[Rule, ...]:
    """
    Return every rule on numbers, in the order in which they are named; arrays are (..., J).

    Derivatives are taken over the message's own time, `ticks` * dt: by arrival, 0.2 ms of
    jitter would turn 3 rad/s^2 into thousands. Over one tick, velocity and acceleration must
    be the differences of the positions. Over k ticks whose middle is lost, the speed at the
    end and the mean speed must be within reach of each other and of the last speed.

    A joint outside its range may stand or come back, never further out; and no stop may move
    it outwards to an end that is outside.
    """
    bounds = _bounds(limits, dt_s)
    q, v, a = command.position, command.velocity, command.acceleration
    mean = (q - last.position) / (ticks * dt_s)
    gain = (v - last.velocity) / (ticks * dt_s)
    mean_gain = (mean - last.velocity) / (0.5 * (ticks + 1) * dt_s)
    found = []
    if ticks == 1:
        found.append(_at_most(Refusal.MISMATCH, np.abs(mean - v), bounds.velocity_error))
        found.append(_at_most(Refusal.MISMATCH, np.abs(gain - a), bounds.acceleration_error))
    lower = np.minimum(bounds.lower, last.position)
    upper = np.maximum(bounds.upper, last.position)
    found.append(_within(Refusal.POSITION, q, lower, upper))
    for speed in (peak_speed(v, a, limits.jerk, dt_s), np.abs(mean)):
        found.append(_at_most(Refusal.VELOCITY, speed, bounds.fastest))
    for change in (a, gain, mean_gain):
        found.append(_at_most(Refusal.ACCELERATION, np.abs(change), bounds.hardest))
    for change in (a, mean_gain) if ticks == 1 else (a,):
        change = np.abs(change - last.acceleration)
        found.append(_at_most(Refusal.JERK, change, ticks * bounds.change))
    if ticks > 1:
        bend = np.abs(v - mean) / (0.5 * (ticks - 1) * dt_s)
        found.append(_at_most(Refusal.ACCELERATION, bend, bounds.hardest))
    found += _stops(command, bounds, limits, dt_s)
    if measured is not None:
        found.append(_at_most(Refusal.LEAD, np.abs(q - measured), bounds.lead))
    return tuple(found)


def _stops(command: Motion, bounds: _Bounds, limits: Limits, dt_s: float) -> list[Rule]:
    """
    Return the rules on what comes after `command`: our own stop, and the way below the curve.

    Below the curve a stop is braked at CURVE_SHARE of the curve's deceleration at most. If such
    a stop would end before the parabola that touches the curve does, then the joint is under
    this parabola, and stays there on our own stop, which is no softer.
    """
    q, v = command.position, command.velocity
    braking, (lower, upper) = bounds.braking, bounds.ends
    more = v.ndim + 1 - braking.ndim
    if more:  # limits of one robot, motions of many
        shape = (braking.shape[0], *(1,) * more, *braking.shape[1:])
        braking, lower, upper = (x.reshape(shape) for x in (braking, lower, upper))
    up, down = stop_reach(v, command.acceleration, braking, limits.jerk, dt_s)
    up, down = up + q, down + q
    fits = (up <= upper) & (down >= lower)
    end = np.where(up <= upper, down, up)
    found = [Rule(Refusal.BRAKING, fits[0], end[0], upper[0], lower[0])]
    if bounds.curved:
        found.append(Rule(Refusal.CURVE, fits[1], end[1], upper[1], lower[1]))
        room = np.empty((2, *q.shape))
        np.subtract(q, bounds.roots[0], out=room[0])
        np.subtract(bounds.roots[1], q, out=room[1])
        room = np.maximum(room, 0.0)
        most = np.sqrt(bounds.slope * room) - bounds.offset
        most = np.minimum(np.maximum(most, 0.0), limits.velocity) + bounds.velocity_error
        found.append(_within(Refusal.CURVE, v, -most[0], most[1]))
    return found


@lru_cache(maxsize=16)
def _bounds(limits: Limits, dt_s: float) -> _Bounds:
    """
    Return the bounds of the rules.

    The parabola v^2 = 2 * b * (Q - q) touches the curve v = sqrt(2 * dec * (end - q)) - offset
    where Q = end - offset^2 / (2 * (dec - b)). The last speeds of a stop of whole ticks add up to
    v^2 / (2 * b) - v * dt / 2 at least, which is half a tick short of the parabola's way.
    """
    slack = TOLERANCE * (limits.upper - limits.lower)
    curved = np.isfinite(limits.velocity_deceleration)
    dec = np.where(curved, limits.velocity_deceleration, 1.0)
    soft = np.minimum(limits.acceleration, CURVE_SHARE * dec)
    inset = limits.velocity_offset**2 / (2.0 * (dec - soft))
    inset = inset + 0.5 * dt_s * limits.velocity
    low = np.maximum(limits.lower, limits.velocity_lower_end + inset)
    high = np.minimum(limits.upper, limits.velocity_upper_end - inset)
    low, high = np.where(curved, low, limits.lower), np.where(curved, high, limits.upper)
    soft = np.where(curved, soft, limits.acceleration)
    return _Bounds(
        lower=limits.lower - slack,
        upper=limits.upper + slack,
        velocity_error=TOLERANCE * limits.velocity,
        acceleration_error=TOLERANCE * limits.acceleration,
        fastest=limits.velocity * (1.0 + TOLERANCE),
        hardest=limits.acceleration * (1.0 + TOLERANCE),
        change=limits.jerk * (dt_s * (1.0 + TOLERANCE)),
        braking=np.stack((limits.acceleration, soft)),
        ends=(
            np.stack((limits.lower - slack, low - slack)),
            np.stack((limits.upper + slack, high + slack)),
        ),
        curved=bool(curved.any()),
        roots=(
            np.where(curved, limits.velocity_lower_end, -np.inf),
            np.where(curved, limits.velocity_upper_end, np.inf),
        ),
        slope=2.0 * dec,
        offset=np.where(curved, limits.velocity_offset, 0.0),
        lead=limits.lead * (1.0 + TOLERANCE),
    )


def fastest_toward(gap: Floats, limits: Limits) -> Floats:
    """Return the most speed allowed at `gap` from the end in which the curve is rooted."""
    given = np.isfinite(limits.velocity_deceleration)
    dec = np.where(given, limits.velocity_deceleration, 1.0)
    s = np.sqrt(2.0 * dec * np.where(given, np.maximum(gap, 0.0), 0.0))
    most = np.minimum(np.maximum(s - limits.velocity_offset, 0.0), limits.velocity)
    allowed: Floats = np.where(given, most, limits.velocity)
    return allowed


def _at_most(refusal: Refusal, value: Floats, allowed: Floats) -> Rule:
    return Rule(refusal, value <= allowed, value, allowed)


def _within(refusal: Refusal, value: Floats, lower: Floats, upper: Floats) -> Rule:
    return Rule(refusal, (lower <= value) & (value <= upper), value, upper, lower)
