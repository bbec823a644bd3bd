"""Clearance: the loop slows down near what its body may not touch, and stops before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.body import Body, Gaps
from robot_runtime.core.limits import brake_velocity, ramp_to_rest, shape, Shaped
from robot_runtime.core.types import Floats, Limits, Motion

CLEARANCE = 64  # flag of a joint that was slowed here, beside those of core/limits.py

# Share of the deceleration that the slow-down plans with; the rest follows the bend of the way.
SHARE = 0.4
HORIZON_M = 0.15  # gaps wider than this, and than their margin, slow nothing by themselves
BLOCKED = 0.05  # share of the wish
TOOL_SHARE = 0.97  # of the tool's speed: what the turning of the arm adds within one tick
SPACING_M = 0.01  # of travel between looks along a stop
MOST_LOOKS = 12  # along one stop
MOST_UNSURE = 3  # pieces between looks that are looked at more closely
CLOSER = 8  # looks at one of them
HALVINGS = 3  # between the full brake and what would come too near


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What is known of the body at the last command."""

    gaps: Gaps
    jacobian: Floats  # of the tool, (3, J); zeros where its speed is not limited
    keep: Floats  # (P,) what the loop keeps of each distance, so that the gate need not refuse
    bound: Floats  # (P,) what each distance must keep: its own, or where it is if that is less


def cleared(
    body: Body | None,
    shaped: Shaped,
    last: Motion,
    target: Floats,
    limits: Limits,
    dt_s: float,
    groups: tuple[slice, ...],
) -> Shaped:
    """
    Return the motion one tick after `last` that `body` allows and that is nearest to `shaped`.

    Each gap that closes allows a share of the wish, and a group that closes it is slowed as a
    whole, which keeps its direction. Outside the margin the share is what a stop needs; inside
    it falls to zero with the distance, so that the robot arrives softly. A gap that opens slows
    nothing; where a wish is blocked, the straight way to the target is taken if it closes none:
    joints that start alike may go further in although their target lies out. Then `shape` bounds
    each joint, last. What comes of it is looked at along its stop; does it come too near, so the
    loop brakes as hard as it must, at most fully: the stop from `last` was looked at before.
    """
    wish = shaped.motion.velocity
    if body is None or not (wish.any() or last.velocity.any()):
        return shaped
    travel = np.abs(wish) * dt_s + _stop_travel(np.maximum(np.abs(wish), np.abs(last.velocity)),
                                                limits)
    keep = body.stop + body.unseen
    ahead = keep + body.reach @ travel / SHARE
    gaps = body.gaps(last.position, np.maximum(body.margin, np.minimum(ahead, HORIZON_M)))
    bounded = bool(np.isfinite(body.tool_speed))
    jacobian = body.tool_jacobian(last.position) if bounded else np.zeros((3, limits.count))
    place = _Place(gaps, jacobian, keep, np.minimum(keep, gaps.distance))
    share = _share(body, place, wish, limits, dt_s, groups)
    tried = shaped.motion
    if (share < 1.0).any():
        tried = _toward(wish * share, last, limits, dt_s, groups)
        if share.min() < BLOCKED:
            straight = _straight(last, target, limits, dt_s, groups)
            if (_share(body, place, straight, limits, dt_s, groups) >= 1.0).all():
                tried = _toward(straight, last, limits, dt_s, groups)
    held = _holds(body, place, tried, limits)
    if not held:
        tried = _less(body, place, tried, last, limits, dt_s, groups)
    elif tried is shaped.motion:
        return shaped
    slowed = (share < 1.0) | (not held)
    flags: NDArray[np.uint8] = shaped.active | slowed * np.uint8(CLEARANCE)
    return Shaped(tried, flags.astype(np.uint8))


def _toward(
    velocity: Floats, last: Motion, limits: Limits, dt_s: float, groups: tuple[slice, ...]
) -> Motion:
    """Return the motion one tick after `last` whose velocity comes nearest to `velocity`."""
    target = last.position + velocity * dt_s
    return shape(target, last, limits, dt_s, groups, velocity).motion


def _less(
    body: Body, place: _Place, tried: Motion, last: Motion, limits: Limits, dt_s: float,
    groups: tuple[slice, ...],
) -> Motion:  # fmt: skip
    """Return a motion between the full brake and one that was tried in vain, so as not to jerk."""
    found = ramp_to_rest(last, limits, dt_s)
    more = tried.velocity - found.velocity
    base, share, step = found.velocity, 0.5, 0.25
    for _ in range(HALVINGS):
        between = _toward(base + share * more, last, limits, dt_s, groups)
        holds = _holds(body, place, between, limits)
        found = between if holds else found
        share += step if holds else -step
        step /= 2.0
    return found


def _stop_travel(speed: Floats, limits: Limits) -> Floats:
    """Return how far each joint goes while it stops from `speed`."""
    path: Floats = speed * speed / (2.0 * limits.acceleration)
    return path


def _stop_places(motion: Motion, times: Floats, limits: Limits) -> Floats:
    """Return the positions (K, J) at `times` (K,) [s] into the stop from `motion`."""
    speed = np.abs(motion.velocity)
    moving = np.minimum(times[:, np.newaxis], speed / limits.acceleration)
    path = moving * (speed - limits.acceleration * moving / 2.0)
    places: Floats = motion.position + np.copysign(path, motion.velocity)
    return places


def _straight(
    last: Motion, target: Floats, limits: Limits, dt_s: float,
    groups: tuple[slice, ...],
) -> Floats:  # fmt: skip
    """Return the velocity of each group along the straight way to `target`."""
    error = target - last.position
    size = np.maximum(np.abs(error), 1e-12)
    most = np.minimum(brake_velocity(size, limits.acceleration, dt_s), limits.velocity)
    ratio = most / size
    velocity = np.zeros_like(error)
    for group in groups:
        velocity[group] = error[group] * min(ratio[group].min(), 1.0 / dt_s)
        change = np.abs(velocity[group] - last.velocity[group])
        within = (limits.acceleration[group] * dt_s / np.maximum(change, 1e-12)).min()
        velocity[group] += (1.0 - min(1.0, within)) * (last.velocity[group] - velocity[group])
    return velocity


def _share(
    body: Body, place: _Place, speed: Floats, limits: Limits, dt_s: float,
    groups: tuple[slice, ...],
) -> Floats:  # fmt: skip
    """Return how much of `speed` each joint may keep, (J,), the same within a group."""
    share = np.ones(limits.count)
    tool = place.jacobian @ speed
    fast = float(np.sqrt(tool @ tool))
    if fast > TOOL_SHARE * body.tool_speed:
        share[np.abs(place.jacobian).max(axis=0) > 0.0] = TOOL_SHARE * body.tool_speed / fast
    gradient, near = place.gaps.gradient, place.gaps.near
    closing = np.maximum(-gradient * speed, 0.0)
    which = np.flatnonzero(gradient @ speed < 0.0)
    if len(which):
        closing, near = closing[which], near[which]
        left = place.gaps.distance[near] - place.keep[near]
        width = body.margin[near] - place.keep[near]
        inside = np.maximum(np.minimum(left / width, 1.0), 0.0)
        step = closing.sum(axis=1) * dt_s
        path = closing @ (np.abs(speed) / (2.0 * limits.acceleration))
        room = SHARE * np.maximum(left, width)
        # the largest s with path * s^2 + step * s <= room
        root = np.sqrt(step * step + 4.0 * path * room)
        allowed = inside * 2.0 * room / np.maximum(step + root, 1e-300)
        for group in groups:
            mine = closing[:, group].any(axis=1)
            if mine.any():
                share[group] = np.minimum(share[group], allowed[mine].min())
    for group in groups:
        share[group] = share[group].min()
    return share


def _holds(body: Body, place: _Place, motion: Motion, limits: Limits) -> bool:
    """Return whether the stop from `motion` keeps every bound, and the tool its speed."""
    if np.isfinite(body.tool_speed):
        tool = body.tool_jacobian(motion.position) @ motion.velocity
        if float(np.sqrt(tool @ tool)) > body.tool_speed:
            return False
    ahead = float((body.reach @ _stop_travel(motion.velocity, limits)).max(initial=0.0))
    looks = int(np.clip(np.ceil(ahead / SPACING_M), 2, MOST_LOOKS))
    times = np.linspace(0.0, (np.abs(motion.velocity) / limits.acceleration).max(), looks)
    unsure = _unsure(body, place, _stop_places(motion, times, limits))
    if len(unsure) > MOST_UNSURE:
        return False
    for k in unsure:  # a closer look
        closer = np.linspace(times[k], times[k + 1], CLOSER)
        if len(_unsure(body, place, _stop_places(motion, closer, limits))):
            return False
    return True


def _unsure(body: Body, place: _Place, places: Floats) -> list[int]:
    """Return which pieces between `places` (K, J) may come too near; all if a place does."""
    travel = np.abs(np.diff(places, axis=0)) @ body.reach.T
    within = np.maximum(np.vstack((travel, travel[-1:])), np.vstack((travel[:1], travel)))
    seen = body.distances(places, place.bound + within)
    if not (seen >= place.bound).all():
        return list(range(MOST_UNSURE + 1))
    # a piece is nowhere nearer than the mean of its ends less half of what it travels
    sure = (seen[:-1] + seen[1:] - travel) / 2.0 >= place.bound - body.unseen
    found: list[int] = np.flatnonzero(~sure.all(axis=1)).tolist()
    return found
