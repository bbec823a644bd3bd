"""Clearance: the loop slows down near what its body may not touch, and stops before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.ahead import Ahead, released
from robot_runtime.core.body import Body, Gaps
from robot_runtime.core.limits import ramp_to_rest, Shaped, steer
from robot_runtime.core.types import Floats, Limits, Motion

CLEARANCE = 64  # flag of a joint that was slowed here, beside those of core/limits.py

# Share of the deceleration that the slow-down plans with; the rest follows the bend of the way.
SHARE = 0.4
HORIZON_M = 0.4  # gaps wider than this, and than their margin, slow nothing by themselves
BLOCKED = 0.05  # share of the wish
TOOL_SHARE = 0.97  # of the tool's speed: what the turning of the arm adds within one tick
TOOL_NEAR = 0.5  # share of it from which on it is looked at
SPACING_M = 0.01  # of travel between looks along a stop
MOST_LOOKS = 12  # along one stop
MOST_UNSURE = 3  # pieces between looks that are looked at more closely
CLOSER = 8  # looks at one of them
HALVINGS = 3  # between the full brake and what would come too near
FREE = 1e3  # share of a wish that nothing binds


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What is known of the body at the last command."""

    gaps: Gaps
    lead_s: float  # until the wish has let go of its acceleration
    jacobian: Floats  # of the tool then, (3, J); zeros where its speed is not limited
    keep: Floats  # (P,) what the loop keeps of each distance, so that the gate need not refuse
    bound: Floats  # (P,) what each distance must keep: its own, or where it is if that is less
    between: Floats  # (P,) what it must keep between looks


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

    Each gap that closes allows a speed, and a group that closes it faster is steered to this
    speed as a whole, which keeps its direction. Outside the margin the speed is what a stop
    needs; inside it falls to zero with the distance, so that the robot arrives softly. What
    counts is the speed at which a group would be once it had let go of its acceleration: so the
    allowed speed is met without going over it. A gap that opens slows nothing; where a wish is
    blocked, the straight way to the target is taken if it closes none: joints that start alike
    may go further in although their target lies out. What comes of it is looked at along its
    stop; does it come too near, so the loop brakes as hard as it must, at most fully: the stop
    from `last` was looked at before.
    """
    wish = shaped.motion
    if body is None or not (wish.moves or last.moves):
        return shaped
    place = _place(body, wish, last, limits, dt_s)
    full = released(wish.velocity, wish.acceleration, limits, dt_s)
    share, bend = _share(body, place, full, last, limits, dt_s, groups)
    tried, slowed = wish, np.zeros(limits.count, np.bool_)
    if (share < FREE).any():
        steered = steer(full * share, full * bend, last, limits, dt_s, groups)
        tried, slowed = _slower(steered, wish, full, groups)
    if (slowed.any() and share.min() < BLOCKED) or _turns_in(place, wish):
        straight = _straight(last, target, limits, dt_s, groups)
        if (_share(body, place, straight, last, limits, dt_s, groups)[0] >= 1.0).all():
            tried = steer(straight, np.zeros_like(straight), last, limits, dt_s, groups)
    if not _holds(body, place, tried, last, limits, dt_s):
        tried, slowed = _less(body, place, tried, last, limits, dt_s), np.ones_like(slowed)
    elif tried is wish:
        return shaped
    flags: NDArray[np.uint8] = shaped.active | slowed * np.uint8(CLEARANCE)
    return Shaped(tried, flags.astype(np.uint8))


def _place(body: Body, wish: Motion, last: Motion, limits: Limits, dt_s: float) -> _Place:
    """Return what the body says of where `last` is, as far as this tick can matter."""
    fastest = np.maximum(np.abs(wish.velocity), np.abs(last.velocity))
    fastest = fastest + wish.acceleration * wish.acceleration / (2.0 * limits.jerk)
    travel = fastest * (dt_s + limits.acceleration / limits.jerk)
    travel = travel + fastest * fastest / (2.0 * limits.acceleration)
    keep = body.stop + body.unseen
    ahead = keep + body.reach @ travel / SHARE
    gaps = body.gaps(last.position, np.maximum(body.margin, np.minimum(ahead, HORIZON_M)))
    lead_s = float((np.abs(wish.acceleration) / limits.jerk).max())
    jacobian = np.zeros((3, limits.count))
    if np.isfinite(body.tool_speed):
        jacobian = body.tool_jacobian(last.position + last.velocity * lead_s)
    bound = np.minimum(keep, gaps.distance)
    # Too near already: what is less in between by the bend of the way is not to be seen.
    between = np.where(bound < body.stop, bound - body.unseen, body.stop)
    return _Place(gaps, lead_s, jacobian, keep, bound, between)


def _turns_in(place: _Place, wish: Motion) -> bool:
    """Return whether a wish leaves a gap that is too small already, and less and less so."""
    near = place.gaps.near
    inside = place.gaps.distance[near] < place.keep[near]
    return bool((place.gaps.gradient[inside] @ wish.acceleration < 0.0).any())


def _slower(
    steered: Motion, wish: Motion, full: Floats, groups: tuple[slice, ...]
) -> tuple[Motion, NDArray[np.bool_]]:
    """Return of each group the motion that goes less far the way of `full`; and which it is."""
    slowed = np.zeros(full.shape, np.bool_)
    change = (steered.velocity - wish.velocity) * full
    for group in groups:
        slowed[group] = change[group].sum() < 0.0
    if not slowed.any():
        return wish, slowed
    return steered.where(slowed, wish), slowed


def _less(
    body: Body, place: _Place, tried: Motion, last: Motion, limits: Limits, dt_s: float
) -> Motion:
    """Return a motion between the full brake and one that was tried in vain, so as not to jerk."""
    brake = found = ramp_to_rest(last, limits, dt_s)
    more = tried.velocity - brake.velocity
    share, step = 0.5, 0.25
    for _ in range(HALVINGS):
        velocity = brake.velocity + share * more
        gain = (velocity - last.velocity) / dt_s
        between = Motion(last.position + velocity * dt_s, velocity, gain)
        holds = _holds(body, place, between, last, limits, dt_s)
        found = between if holds else found
        share += step if holds else -step
        step /= 2.0
    return found


def _straight(
    last: Motion, target: Floats, limits: Limits, dt_s: float, groups: tuple[slice, ...]
) -> Floats:
    """Return the velocity of each group along the straight way to `target`."""
    error = target - last.position
    size = np.maximum(np.abs(error), 1e-12)
    step = dt_s + limits.acceleration / (2.0 * limits.jerk)
    root = np.sqrt(step * step + 2.0 * size / (SHARE * limits.acceleration))
    ratio = np.minimum(2.0 / (step + root), limits.velocity / size)
    velocity = np.zeros_like(error)
    for group in groups:
        velocity[group] = error[group] * min(ratio[group].min(), 1.0 / dt_s)
    return velocity


def _share(
    body: Body, place: _Place, speed: Floats, last: Motion, limits: Limits, dt_s: float,
    groups: tuple[slice, ...],
) -> tuple[Floats, Floats]:  # fmt: skip
    """
    Return how much of `speed` each joint may have, (J,), the same within a group.

    It may be more than 1. And return how fast it changes, per second, while gaps close.
    """
    share, bend = np.full(limits.count, FREE), np.zeros(limits.count)
    tool = place.jacobian @ speed
    fast = float(np.sqrt(tool @ tool))
    if fast > TOOL_NEAR * body.tool_speed:
        ahead = last.position + last.velocity * (place.lead_s + dt_s)
        soon = body.tool_jacobian(ahead) @ speed
        faster = float(np.sqrt(soon @ soon))
        moving = np.abs(place.jacobian).max(axis=0) > 0.0
        allowed = TOOL_SHARE * body.tool_speed / np.array([fast, max(fast, faster)])
        share[moving], bend[moving] = allowed[0], (allowed[1] - allowed[0]) / dt_s
    gradient, near = place.gaps.gradient, place.gaps.near
    which = np.flatnonzero(gradient @ speed < 0.0)
    if len(which):
        gradient, near = gradient[which], near[which]
        closing = np.maximum(-gradient * speed, 0.0)
        left = place.gaps.distance[near] - place.keep[near]
        step = np.minimum(gradient @ last.velocity, 0.0) * dt_s
        width = body.margin[near] - place.keep[near]
        most = _allowed(np.stack((left, left + step)), width, closing, speed, limits, dt_s)
        for group in groups:
            mine = np.flatnonzero(closing[:, group].any(axis=1))
            if len(mine):
                k = mine[np.argmin(most[0, mine])]
                if most[0, k] < share[group].min():
                    share[group] = most[0, k]
                    bend[group] = (most[1, k] - most[0, k]) / dt_s
    for group in groups:
        share[group] = share[group].min()
    return share, bend


def _allowed(
    left: Floats, width: Floats, closing: Floats, speed: Floats, limits: Limits, dt_s: float
) -> Floats:
    """Return which share of `speed` K gaps allow that have `left` to go, (2, K)."""
    inside = np.maximum(np.minimum(left / width, 1.0), 0.0)
    step = closing @ (dt_s + limits.acceleration / (2.0 * limits.jerk))
    path = closing @ (np.abs(speed) / (2.0 * limits.acceleration))
    room = SHARE * np.maximum(left, width)
    # the largest s with path * s^2 + step * s <= room
    root = np.sqrt(step * step + 4.0 * path * room)
    share: Floats = np.minimum(inside * 2.0 * room / np.maximum(step + root, 1e-300), FREE)
    return share


def _holds(
    body: Body, place: _Place, motion: Motion, last: Motion, limits: Limits, dt_s: float
) -> bool:
    """Return whether the stop from `motion` keeps every bound, and the tool its speed."""
    if np.isfinite(body.tool_speed):
        after = released(motion.velocity, motion.acceleration, limits, dt_s)
        both = np.stack((motion.velocity, after), axis=1)
        for lead_s in (0.0, place.lead_s):
            tool = body.tool_jacobian(motion.position + motion.velocity * lead_s) @ both
            if float(np.sqrt((tool * tool).sum(axis=0)).max()) > body.tool_speed:
                return False
    if not len(body.stop):
        return True
    ahead = Ahead.of(motion, last, limits, dt_s)
    # Too far for the little that the robot still travels: nothing is to be looked at there.
    far = place.gaps.distance - body.reach @ ahead.travel[-1] >= place.bound
    if far.all():
        return True
    gone = ahead.travel @ body.reach.max(axis=0)
    looks = int(np.clip(np.ceil(gone[-1] / SPACING_M) + 1, 2, MOST_LOOKS))
    even = np.searchsorted(gone, np.linspace(0.0, gone[-1], looks))
    ticks = np.unique(np.append(even, 1))  # the motion itself in any case
    unsure = _unsure(body, place, ahead, ticks, far)
    if len(unsure) > MOST_UNSURE:
        return False
    for k in unsure:  # a closer look
        closer = np.unique(np.linspace(ticks[k], ticks[k + 1], CLOSER).astype(np.intp))
        if len(_unsure(body, place, ahead, closer, far)):
            return False
    return True


def _unsure(
    body: Body, place: _Place, ahead: Ahead, ticks: NDArray[np.intp], far: NDArray[np.bool_]
) -> list[int]:
    """
    Return which pieces between `ticks` may come too near; very many if a place does.

    Distances that are `far` (P,) cannot.
    """
    travel = np.diff(ahead.travel[ticks], axis=0) @ body.reach.T
    within = np.zeros((len(ticks), travel.shape[1]))
    within[:-1] = travel
    within[1:] = np.maximum(within[1:], travel)
    seen = body.distances(ahead.places[ticks], np.where(far, -np.inf, place.bound + within))
    if not ((seen >= place.bound) | far).all():
        return list(range(MOST_UNSURE + 1))
    # a piece is nowhere nearer than the mean of its ends less half of what it travels
    sure = (seen[:-1] + seen[1:] - travel) / 2.0 >= place.between
    sure |= far
    found: list[int] = np.flatnonzero(~sure.all(axis=1)).tolist()
    return found
