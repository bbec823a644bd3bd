"""Fence: the gate's verdict on distances and on the speed of the tool, along its own stop."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.body import Body
from robot_runtime.core.brake import let_go, stop_reach, stop_step
from robot_runtime.core.guard import Refusal, TOLERANCE, Verdict
from robot_runtime.core.stop_path import StopPath
from robot_runtime.core.types import Floats, Limits, Motion

FIRST_SPACING_M = 0.02  # of travel, before pieces are halved
FIRST_LOOKS = 8  # along a stop, at most
MOST_LOOKS = 160  # a stop that takes more of them is refused
# A step of the gate's own stop, as far as rounding goes: [rad] or [m], and per second.
SAME, SAME_SPEED, SAME_GAIN = 1e-12, 1e-9, 1e-6
FINE = Verdict(Refusal.NONE, -1, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Places from the last command, through the new one, to the end of the stop from there."""

    stop: StopPath
    ticks: Floats  # (K,)
    places: Floats  # (K, J)

    @classmethod
    def of_stop(
        cls, motion: Motion, last: Motion, looks: int, limits: Limits, dt_s: float
    ) -> '_Way':
        """Return the way at tick 0, `last`, tick 1, `motion`, and `looks` times on the stop."""
        stop = StopPath(motion, limits, dt_s)
        even = np.ceil(np.linspace(0.0, stop.ticks, looks + 1))
        ticks: Floats = np.unique(np.concatenate((even, stop.turns)))
        places = np.vstack((last.position, stop.after(ticks)))
        return cls(stop, np.append(0.0, 1.0 + ticks), places)

    def travel(self) -> Floats:
        """Return how far each joint moves at most between two neighbours, (K - 1, J)."""
        return np.abs(np.diff(self.places, axis=0))  # no joint turns round between two of them

    def between(self, pieces: NDArray[np.intp]) -> '_Way':
        """Return the places halfway through some `pieces`, which need not be whole ticks."""
        ticks = (self.ticks[pieces] + self.ticks[pieces + 1]) / 2.0
        places = (self.places[pieces] + self.places[pieces + 1]) / 2.0
        whole = (ticks >= 1.0) & (self.ticks[pieces + 1] - self.ticks[pieces] > 1.0)
        ticks = np.where(whole, np.floor(ticks), ticks)
        places[whole] = self.stop.after(ticks[whole] - 1.0)
        return replace(self, ticks=ticks, places=places)

    def with_more(self, pieces: NDArray[np.intp], more: '_Way') -> '_Way':
        """Return the way with `more` places, one within each of `pieces`."""
        return replace(
            self,
            ticks=np.insert(self.ticks, pieces + 1, more.ticks),
            places=np.insert(self.places, pieces + 1, more.places, axis=0),
        )


def breach(body: Body, motion: Motion, last: Motion, limits: Limits, dt_s: float) -> Verdict:
    """
    Return the first bound of `body` that is broken on the way from `last` to the end of a stop.

    The way is looked at in so many places that nothing is missed in between. On a piece of it
    each joint turns one way by |dq|, so a point of the body travels at most L = reach @ |dq|, and
    so much can a distance change. With a and b at the two ends it is nowhere less than
    (a + b - L) / 2. A piece where this is below the bound by more than `unseen` is halved; this
    ends when L is twice as much. So the distance is at least `stop` wherever it was looked at, and
    at least `stop` - `unseen` in between.

    A distance that was below its bound at `last` may grow or stay and not shrink, so that a robot
    may leave. The tool's speed is that of the command and that which a stop still comes to while
    it lets go of the acceleration. The next step of the gate's own stop needs no verdict: the way
    was looked at before.
    """
    if _is_own(motion, last, limits, dt_s):
        return FINE
    if np.isfinite(body.tool_speed):
        speed = _tool_speed(body, motion, limits, dt_s)
        if not speed <= body.tool_speed * (1.0 + TOLERANCE):
            return Verdict(Refusal.TOOL_SPEED, -1, speed, body.tool_speed, body.tool)
    if not len(body.stop):
        return FINE
    verdict = _along(body, body.stop, motion, last, limits, dt_s)
    if not verdict.ok:
        here = body.distances(last.position[np.newaxis], body.stop)[0]
        if (here < body.stop).any():
            allowed = np.minimum(body.stop, here)
            verdict = _along(body, allowed, motion, last, limits, dt_s)
    return verdict


def fenced(body: Body, motion: Motion, last: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return `motion` if `body` allows it after `last`, else a step of the stop."""
    if breach(body, motion, last, limits, dt_s).ok:
        return motion
    return stop_step(last, limits, dt_s)


def _is_own(motion: Motion, last: Motion, limits: Limits, dt_s: float) -> bool:
    """Return whether `motion` is the next step of the stop from `last`."""
    own = stop_step(last, limits, dt_s)
    return bool(
        (np.abs(motion.position - own.position) <= SAME).all()
        and (np.abs(motion.velocity - own.velocity) <= SAME_SPEED).all()
        and (np.abs(motion.acceleration - own.acceleration) <= SAME_GAIN).all()
    )


def _tool_speed(body: Body, motion: Motion, limits: Limits, dt_s: float) -> float:
    """Return the greater of the tool's speeds: now, and with the acceleration let go of."""
    after = let_go(motion.velocity, motion.acceleration, limits.jerk, dt_s)
    tool = body.tool_jacobian(motion.position) @ np.stack((motion.velocity, after), axis=1)
    return float(np.sqrt((tool * tool).sum(axis=0)).max())


def _along(
    body: Body, bound: Floats, motion: Motion, last: Motion, limits: Limits, dt_s: float
) -> Verdict:
    """Return the first distance below `bound` (P,) between `last` and the end of the stop."""
    tick = np.abs(motion.position - last.position)
    travel = body.reach @ (tick + _most(motion, limits, dt_s))
    looks = int(min(np.ceil(travel.max() / FIRST_SPACING_M), FIRST_LOOKS))
    if looks <= 1:
        here = body.distances(motion.position[np.newaxis], bound + travel)
        if (here - travel >= bound).all():
            return FINE
    way = _Way.of_stop(motion, last, looks, limits, dt_s)
    return _looked_along(body, bound, way)


def _looked_along(body: Body, bound: Floats, way: _Way) -> Verdict:
    """Return the first distance below `bound` on the way, looking closer where it may be."""
    travel = way.travel() @ body.reach.T
    seen = body.distances(way.places, bound + _longer(travel))
    while True:
        if not (seen >= bound).all():
            return _too_near(body, seen, bound)
        lowest = (seen[:-1] + seen[1:] - travel) / 2.0
        unsure: NDArray[np.intp] = np.flatnonzero((lowest < bound - body.unseen).any(axis=1))
        if not len(unsure):
            return FINE
        if len(seen) + len(unsure) > MOST_LOOKS:
            return _too_near(body, lowest, bound)
        more = way.between(unsure)
        found = body.distances(more.places, bound + travel[unsure])
        way = way.with_more(unsure, more)
        seen = np.insert(seen, unsure + 1, found, axis=0)
        travel = way.travel() @ body.reach.T


def _longer(travel: Floats) -> Floats:
    """Return of K pieces (K, P) the longer one at each of their K + 1 ends."""
    none = np.zeros((1, travel.shape[1]))
    longer: Floats = np.maximum(np.vstack((none, travel)), np.vstack((travel, none)))
    return longer


def _most(motion: Motion, limits: Limits, dt_s: float) -> Floats:
    """Return how far each joint gets away, at most, during the stop from `motion`."""
    up, down = stop_reach(
        motion.velocity, motion.acceleration, limits.acceleration, limits.jerk, dt_s
    )
    most: Floats = np.maximum(np.maximum(up, -down), 0.0)
    return most


def _too_near(body: Body, distance: Floats, bound: Floats) -> Verdict:
    """Return the refusal that names which of the distances (K, P) is furthest below its bound."""
    nearest: Floats = distance.min(axis=0)
    worst = int(np.argmin(nearest - bound))
    return Verdict(
        Refusal.CLEARANCE, -1, float(nearest[worst]), float(bound[worst]), body.labels[worst]
    )
