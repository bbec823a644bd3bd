"""Verdict on a command of velocity joints: where its stop would end, by their measured place."""

import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.guard import kept, Refusal, Rule, rules, Verdict
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.trail import Trail
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.core.velocity_joints import VelocityJoints

OF_PLACE = (Refusal.POSITION, Refusal.BRAKING, Refusal.CURVE)
SAME_SPEED = 1e-9  # [rad/s] or [m/s] as far as rounding goes
FINE = Verdict(Refusal.NONE, -1, 0.0, 0.0)


def overrun(
    joints: VelocityJoints,
    trail: Trail | None,
    motion: Motion,
    last: Motion,
    sample: Sample[Measured] | None,
    names: tuple[str, ...],
    dt_s: float,
) -> Verdict:
    """
    Return the first rule of place that a command breaks; `motion` and `last` are of all joints.

    A joint is where it was measured, and goes on by what was sent since then and by what it had
    not yet answered at that time, in which it is behind by `response_ns` at most. From the worst
    such place our own stop must end inside the range and below the velocity curve. The next step
    of our own stop needs no verdict, so that a stop always goes on.
    """
    if sample is None:
        return Verdict(Refusal.POSITION, -1, np.nan, np.nan, 'joints that nobody has measured')
    after, before = joints.of(motion), joints.of(last)
    found = _of_place(joints, trail, after, before, sample, dt_s)
    stop = stop_step(before, joints.limits, dt_s)
    own = np.abs(after.velocity - stop.velocity) <= SAME_SPEED
    if (kept(found) | own).all():
        return FINE
    rule = next(rule for rule in found if not (rule.kept | own).all())
    row, joint = np.unravel_index(int(np.argmin(rule.kept | own)), rule.kept.shape)
    value, lower = float(rule.value[row, joint]), rule.lower
    assert lower is not None
    name, size = names[joints.index[joint]], rule.kept.shape
    low, high = (float(np.broadcast_to(end, size)[row, joint]) for end in (lower, rule.upper))
    bound = high if low <= value else low
    return Verdict(rule.refusal, -1, value, bound, f'{name} by its measured position')


def held_inside(
    joints: VelocityJoints,
    trail: Trail | None,
    motion: Motion,
    last: Motion,
    sample: Sample[Measured] | None,
    dt_s: float,
    limits: Limits,
) -> Motion:
    """Return a step of the gate's own; joints that it would carry too far are on the stop."""
    safe = np.ones(limits.count, dtype=np.bool_)
    if sample is None:
        safe[joints.index] = False
    else:
        found = _of_place(joints, trail, joints.of(motion), joints.of(last), sample, dt_s)
        safe[joints.index] = kept(found).all(axis=0)
    if safe.all():
        return motion
    return motion.where(safe, stop_step(last, limits, dt_s))


def _of_place(
    joints: VelocityJoints,
    trail: Trail | None,
    after: Motion,
    before: Motion,
    sample: Sample[Measured],
    dt_s: float,
) -> tuple[Rule, ...]:
    """Return the rules of place, (2, K): with the joint as low, and as high, as it may be."""
    offset = sample.value.position[joints.index] - _answered(joints, trail, before, sample)
    here, there = offset + after.position, offset + before.position
    shape = here.shape
    command = Motion(here, np.broadcast_to(after.velocity, shape),
                     np.broadcast_to(after.acceleration, shape))
    last = Motion(there, np.broadcast_to(before.velocity, shape),
                  np.broadcast_to(before.acceleration, shape))
    with np.errstate(all='ignore'):
        found = rules(command, last, 1, None, joints.limits, dt_s)
    return tuple(rule for rule in found if rule.refusal in OF_PLACE)


def _answered(
    joints: VelocityJoints, trail: Trail | None, before: Motion, sample: Sample[Measured]
) -> Floats:
    """Return the highest and lowest command that the joints may have answered when measured."""
    if trail is None:
        return np.stack((before.position, before.position))
    to_ns = sample.received_ns
    lowest, highest = trail.between(to_ns - joints.response_ns, to_ns)
    answered: Floats = np.stack((highest, lowest))
    return answered
