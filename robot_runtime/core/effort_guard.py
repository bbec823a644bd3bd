"""Verdict on efforts: what they would make of their joints, by where these are and how fast."""

from collections.abc import Sequence

import numpy as np
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.core.guard import Refusal, TOLERANCE, Verdict
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion

FINE = Verdict(Refusal.NONE, -1, 0.0, 0.0)
UNFELT = 'joints whose velocities nobody has measured'
GRACE_PERIODS = 2  # a sender may not know yet what came since


def allowed(joints: EffortJoints, place: Floats, speed: Floats) -> tuple[Floats, Floats]:
    """
    Return the lowest and the highest effort that may be commanded, all (..., K).

    An effort outwards is allowed if the joint, were it to speed up as fast as that effort can
    make it for `response_s` and then while the effort falls to zero at its rate, would neither
    go faster than it may nor be so fast that a stop by damping from there ends outside. A joint
    that is too fast already must be braked by its damping at least. The damping is always allowed.
    """
    damped = np.clip(-joints.damping * speed, -joints.effort, joints.effort)
    horizon = joints.settle_s + joints.response_s + joints.effort / joints.rate
    fastest_up = np.clip((joints.upper - place) / horizon, -joints.fastest, joints.fastest)
    fastest_down = np.clip((place - joints.lower) / horizon, -joints.fastest, joints.fastest)
    high = _outwards(joints, fastest_up - speed)
    low = _outwards(joints, fastest_down + speed)
    return (
        np.minimum(np.where(np.isnan(low), damped, -low), damped),
        np.maximum(np.where(np.isnan(high), damped, high), damped),
    )


def _outwards(joints: EffortJoints, room: Floats) -> Floats:
    """
    Return the greatest effort by which a joint gains no more than `room` of speed; NaN: none.

    By an effort t it gains (t * response + t^2 / (2 * rate)) * gain / effort.
    """
    per_effort, response = joints.gain / joints.effort, joints.response_s
    more = 2.0 * np.maximum(room, 0.0) / (per_effort * joints.rate)
    effort = joints.rate * (np.sqrt(response * response + more) - response)
    return np.where(room >= 0.0, np.minimum(effort, joints.effort), np.nan)


def mildest(
    joints: EffortJoints, samples: Sequence[Sample[Measured]]
) -> tuple[Floats, Floats] | None:
    """Return what the mildest of `samples` allows; None where one of them has no speeds."""
    places = [sample.value.position for sample in samples]
    speeds = [one.value.velocity for one in samples if one.value.velocity is not None]
    if not speeds or len(speeds) < len(places):
        return None
    k = joints.index
    low, high = allowed(joints, np.array(places)[:, k], np.array(speeds)[:, k])
    return low.min(axis=0), high.max(axis=0)


def overdriven(
    joints: EffortJoints,
    motion: Motion,
    last: Motion | None,
    samples: Sequence[Sample[Measured]],
    names: tuple[str, ...],
    dt_s: float,
) -> Verdict:
    """
    Return whether the efforts of `motion`, one tick after `last`, may be sent; all joints (J,).

    One that is beyond what is allowed passes if it comes back as fast as its rate lets it. None
    for `last` allows no such excuse.
    """
    k, bounds = joints.index, mildest(joints, samples)
    if bounds is None:
        return Verdict(Refusal.PUSH, -1, np.nan, np.nan, UNFELT)
    effort, slack = motion.position[k], TOLERANCE * joints.effort
    low, high = bounds[0] - slack, bounds[1] + slack
    if last is not None:
        step = joints.rate * dt_s * (1.0 - TOLERANCE)
        high = np.maximum(high, last.position[k] - step)
        low = np.minimum(low, last.position[k] + step)
    kept = (low <= effort) & (effort <= high)  # a NaN is not
    if kept.all():
        return FINE
    j = int(np.argmin(kept))
    bound = bounds[0][j] if effort[j] < low[j] else bounds[1][j]
    return Verdict(Refusal.PUSH, -1, float(effort[j]), float(bound), names[k[j]])


def unfelt(joints: EffortJoints, sample: Sample[Measured] | None) -> str:
    """Return in words that nobody measures how fast the joints are, or ''."""
    velocity = None if sample is None else sample.value.velocity
    if velocity is not None and np.isfinite(velocity[joints.index]).all():
        return ''
    return f'{Refusal.PUSH.value}: {UNFELT}'
