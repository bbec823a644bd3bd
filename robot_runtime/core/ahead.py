"""Ahead: the loop's own stop tick by tick, by the arithmetic of its shaper."""

from dataclasses import dataclass
from math import copysign
from typing import NamedTuple

import numpy as np
from robot_runtime.core.compiled import compiled, inlined
from robot_runtime.core.landing import (
    gain_to,
    held_ticks,
    ramp_ticks,
    sense_of,
    ticks_to_turn,
    turns_round,
    used_up,
)
from robot_runtime.core.types import Floats, Limits, Motion

MOST_TICKS = 1e6  # of a stop


class Stop(NamedTuple):
    """
    The stop of one joint, all in jumps.

    In its first sense a joint that brakes too hard to land lets go of that and turns round;
    then the gain falls by one jump a tick as far as it may, stays at -cap, and is let go of.
    """

    sense: float
    first: float  # the gain before it turns round
    begin: float  # before it falls, in the sense of `way`
    way: float  # -1 if the joint turns round
    turned: float  # ticks until each part is over
    ramped: float
    held: float
    ended: float
    last: float  # the gain that is let go of


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """Where the robot is before a motion, after it, and after each tick of the stop from it."""

    places: Floats  # (N, J)
    travel: Floats  # (N, J) what each joint has moved until then, back and forth

    @classmethod
    def of(cls, motion: Motion, last: Motion, limits: Limits, dt_s: float) -> 'Ahead':
        """Return the places from `last` on, through `motion`, one tick after it, to rest."""
        jump = limits.jerk * (dt_s * dt_s)
        given = np.empty((6, len(jump)))
        given[0], given[1], given[2] = last.position, motion.position, motion.velocity
        given[3], given[4] = motion.acceleration, limits.acceleration
        given[5] = jump
        ahead = _ahead(given, dt_s)
        return cls(ahead[0], ahead[1])


def released(velocity: Floats, acceleration: Floats, limits: Limits, dt_s: float) -> Floats:
    """Return the velocity that each joint comes to when it lets go of its acceleration."""
    given, after = np.empty((3, *np.shape(velocity))), np.empty(np.shape(velocity))
    given[0], given[1], given[2] = velocity, acceleration, limits.jerk
    _release(given.reshape(3, -1), dt_s, after.reshape(-1))
    return after


def stop_gains(velocity: Floats, gain: Floats, cap: Floats) -> Floats:
    """
    Return the gains (N, J) of the stop from a velocity, in jumps; it is braked with `cap`.

    All are (J,). Raise ValueError for a stop that does not end.
    """
    given = np.empty((3, len(velocity)))
    given[0], given[1], given[2] = velocity, gain, cap
    return _gains(given)


@inlined
def _stop(velocity: float, gain: float, cap: float) -> Stop:
    sense, way, turn = sense_of(velocity, gain), 1.0, 0.0
    v, first = sense * velocity, sense * gain
    begin = np.maximum(first, -cap)
    if turns_round(v, first):
        way, turn = -1.0, ticks_to_turn(v, first)
        begin, v = -first - turn, -v - turn * (first + 0.5 * (turn + 1.0))
    ramp = ramp_ticks(v, begin, cap)
    v = v + ramp * begin - 0.5 * ramp * (ramp + 1.0)
    held = held_ticks(v, cap)
    last = gain_to(np.maximum(v - held * cap, 0.0))
    ramped, stood = turn + ramp, turn + ramp + held
    ended = stood + (np.floor(last) + 1.0)
    return Stop(sense, first, begin, way, turn, ramped, stood, ended, last)


@inlined
def _gain_at(tick: float, stop: Stop, cap: float) -> float:
    """Return the gain of the stop in a tick, counted from 1."""
    if tick <= stop.turned:
        return stop.sense * (stop.first + tick)
    gain = -np.maximum(np.minimum(stop.last - (tick - stop.held - 1.0), stop.last), 0.0)
    if tick <= stop.ramped:
        gain = stop.begin - (tick - stop.turned)
    elif tick <= stop.held:
        gain = -cap
    signed: float = stop.sense * stop.way * gain
    return signed


@inlined
def _longest(given: Floats) -> int:
    """Return how many ticks the longest stop takes."""
    longest = 0.0
    for j in range(given.shape[1]):
        longest = np.maximum(longest, _stop(given[0, j], given[1, j], given[2, j]).ended)
    if not longest <= MOST_TICKS:
        raise ValueError('the stop does not end: a velocity, a gain or a limit is not finite')
    return int(longest)


@compiled('f8[:,::1](f8[:,::1])')
def _gains(given: Floats) -> Floats:
    """Return the gains of the stop from velocity, gain and cap of each joint."""
    joints = given.shape[1]
    gains = np.empty((_longest(given), joints))
    for j in range(joints):
        stop = _stop(given[0, j], given[1, j], given[2, j])
        for n in range(len(gains)):
            gains[n, j] = _gain_at(n + 1.0, stop, given[2, j])
    return gains


@compiled('f8[:,:,::1](f8[:,::1], f8)')
def _ahead(given: Floats, dt_s: float) -> Floats:
    """Return places and travel, (2, N, J); given are `last`, `motion`, acceleration, jump."""
    joints = given.shape[1]
    jumps = np.empty((3, joints))
    for j in range(joints):
        jump = given[5, j]
        jumps[0, j], jumps[1, j] = given[2, j] / jump, given[3, j] * dt_s / jump
        jumps[2, j] = given[4, j] * dt_s / jump
    ticks = _longest(jumps)
    ahead = np.empty((2, ticks + 2, joints))
    for j in range(joints):
        stop = _stop(jumps[0, j], jumps[1, j], jumps[2, j])
        gone = given[1, j] - given[0, j]
        travel, gained = abs(gone), 0.0
        ahead[0, 0, j], ahead[1, 0, j] = given[0, j], 0.0
        ahead[0, 1, j], ahead[1, 1, j] = given[0, j] + gone, travel
        for n in range(ticks):
            gained += _gain_at(n + 1.0, stop, jumps[2, j])
            step = (given[2, j] + gained * given[5, j]) * dt_s
            gone, travel = gone + step, travel + abs(step)
            ahead[0, n + 2, j], ahead[1, n + 2, j] = given[0, j] + gone, travel
    return ahead


@compiled('void(f8[:,::1], f8, f8[::1])')
def _release(given: Floats, dt_s: float, after: Floats) -> None:
    """Fill in what each velocity comes to; given are velocity, acceleration and jerk."""
    for j in range(given.shape[1]):
        velocity, acceleration, jump = given[0, j], given[1, j], given[2, j] * (dt_s * dt_s)
        rest = np.maximum(abs(acceleration) * dt_s / jump - 1.0, 0.0)
        after[j] = velocity + copysign(used_up(rest) * jump, acceleration)
