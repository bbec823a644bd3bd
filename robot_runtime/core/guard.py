"""Verdict on a command: it passes unchanged, or the first rule it breaks is named."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.brake import stop_end
from robot_runtime.core.types import Floats, Limits, Motion

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
    BRAKING = 'end of a stop from here'
    CURVE = 'velocity at this position'
    LEAD = 'distance from the measured position'
    EPOCH_START = 'start of the engagement'
    RATE = 'commands faster than time'
    CLEARANCE = 'distance on the way to the end of a stop'
    TOOL_SPEED = 'speed of the tool'


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


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule applied to every joint: whether it is kept, the figure and its bound, (..., J)."""

    refusal: Refusal
    kept: NDArray[np.bool_]
    value: Floats
    allowed: Floats


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
    for part in parts:
        finite = np.isfinite(part)
        if not finite.all():
            joint = int(np.argmin(finite))
            return Verdict(Refusal.NOT_FINITE, joint, float(part[joint]), np.inf)
    if ticks < 1:
        return Verdict(Refusal.ORDER, -1, float(ticks), 1.0)
    if ticks > MAX_TICKS:
        return Verdict(Refusal.TIME, -1, float(ticks), float(MAX_TICKS))
    with np.errstate(all='ignore'):  # finite but huge: overflows to inf or NaN, and is refused
        for rule in rules(command, last, ticks, measured, limits, dt_s):
            if not rule.kept.all():
                joint = int(np.argmin(rule.kept))
                value, allowed = float(rule.value[joint]), float(rule.allowed[joint])
                return Verdict(rule.refusal, joint, value, allowed)
    return Verdict(Refusal.NONE, -1, 0.0, 0.0)


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

    A joint outside its range may stand or come back, never further out.
    """
    q, v = command.position, command.velocity
    mean = (q - last.position) / (ticks * dt_s)
    gain = (v - last.velocity) / (ticks * dt_s)
    mean_gain = (mean - last.velocity) / (0.5 * (ticks + 1) * dt_s)
    slack = TOLERANCE * (limits.upper - limits.lower)
    lower = np.minimum(limits.lower - slack, last.position)
    upper = np.maximum(limits.upper + slack, last.position)
    fastest = limits.velocity * (1.0 + TOLERANCE)
    hardest = limits.acceleration * (1.0 + TOLERANCE)
    found = []
    if ticks == 1:
        error = np.abs(gain - command.acceleration)
        found.append(_at_most(Refusal.MISMATCH, np.abs(mean - v), TOLERANCE * limits.velocity))
        found.append(_at_most(Refusal.MISMATCH, error, TOLERANCE * limits.acceleration))
    found.append(_within(Refusal.POSITION, q, lower, upper))
    for speed in (v, mean):
        found.append(_at_most(Refusal.VELOCITY, np.abs(speed), fastest))
    for change in (command.acceleration, gain, mean_gain):
        found.append(_at_most(Refusal.ACCELERATION, np.abs(change), hardest))
    if ticks > 1:
        bend = np.abs(v - mean) / (0.5 * (ticks - 1) * dt_s)
        found.append(_at_most(Refusal.ACCELERATION, bend, hardest))
    end = stop_end(q, v, limits.acceleration, dt_s)
    found.append(_within(Refusal.BRAKING, end, lower, upper))
    slack = TOLERANCE * limits.velocity
    down = fastest_toward(q - limits.velocity_lower_end, limits) + slack
    up = fastest_toward(limits.velocity_upper_end - q, limits) + slack
    found.append(_within(Refusal.CURVE, v, -down, up))
    if measured is not None:
        lead = limits.lead * (1.0 + TOLERANCE)
        found.append(_at_most(Refusal.LEAD, np.abs(q - measured), lead))
    return tuple(found)


def fastest_toward(gap: Floats, limits: Limits) -> Floats:
    """
    Return the most speed allowed at `gap` from the end in which the velocity curve is rooted.

    Along the curve v = s - offset, s = sqrt(2 * dec * gap), a joint slows at dec * v / s. Where
    that is more than our own stop can do (s beyond offset * dec / (dec - acc)), the bound is the
    parabola of our stop that touches the curve, so that a stop never crosses the curve.
    """
    given = np.isfinite(limits.velocity_deceleration)
    curve = np.where(given, limits.velocity_deceleration, 1.0)
    offset = np.where(given, limits.velocity_offset, 0.0)
    gap = np.where(given, np.maximum(gap, 0.0), 0.0)
    s = np.sqrt(2.0 * curve * gap)
    most = np.maximum(s - offset, 0.0)
    short = limits.acceleration < curve
    lack = np.where(short, curve - limits.acceleration, 1.0)
    room = np.maximum(gap - offset * offset / (2.0 * lack), 0.0)
    parabola = np.sqrt(2.0 * limits.acceleration * room)
    beyond = short & (s * lack > offset * curve)
    most = np.where(beyond, np.minimum(most, parabola), most)
    return np.where(given, np.minimum(most, limits.velocity), limits.velocity)


def _at_most(refusal: Refusal, value: Floats, allowed: Floats) -> Rule:
    return Rule(refusal, value <= allowed, value, np.broadcast_to(allowed, value.shape))


def _within(refusal: Refusal, value: Floats, lower: Floats, upper: Floats) -> Rule:
    above = lower <= value
    return Rule(refusal, above & (value <= upper), value, np.where(above, upper, lower))
