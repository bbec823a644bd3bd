"""Verdict on setpoints: what their drives would make of them, by what is measured."""

import numpy as np
from robot_runtime.core.guard import Refusal, TOLERANCE, Verdict
from robot_runtime.core.observation import Measured
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion

FINE = Verdict(Refusal.NONE, -1, 0.0, 0.0)
UNFELT = 'joints whose velocities nobody has measured'


def asked_effort(joints: SetpointJoints, setpoint: Floats, measured: Measured) -> Floats | None:
    """Return the effort (K,) of the drives for `setpoint` (J,); None: no velocity is measured."""
    if measured.velocity is None:
        return None
    k = joints.index
    spring = joints.stiffness * (setpoint[k] - measured.position[k])
    effort: Floats = spring - joints.damping * measured.velocity[k]
    return effort


def bearable(joints: SetpointJoints, measured: Measured) -> tuple[Floats, Floats] | None:
    """Return the lowest and the highest setpoint, (K,), that their drives may be asked for."""
    here = asked_effort(joints, measured.position, measured)
    if here is None:
        return None
    place = measured.position[joints.index]
    return (
        place + (-joints.effort - here) / joints.stiffness,
        place + (joints.effort - here) / joints.stiffness,
    )


def overload(
    joints: SetpointJoints,
    motion: Motion,
    last: Motion | None,
    sample: Sample[Measured] | None,
    names: tuple[str, ...],
) -> Verdict:
    """
    Return whether the drives may be asked for the setpoints of `motion`, all joints (J,).

    A setpoint that is beyond the effort already, because its joint was pushed or is fast, may
    stay or come back, never go further out; None for `last` allows no such excuse.
    """
    effort = None if sample is None else asked_effort(joints, motion.position, sample.value)
    if sample is None or effort is None:
        return Verdict(Refusal.EFFORT, -1, np.nan, np.nan, UNFELT)
    allowed = joints.effort * (1.0 + TOLERANCE)
    before = None if last is None else asked_effort(joints, last.position, sample.value)
    if before is not None:
        allowed = np.maximum(allowed, np.abs(before))
    kept = np.abs(effort) <= allowed  # a NaN is not
    if kept.all():
        return FINE
    joint = int(np.argmin(kept))
    return Verdict(
        Refusal.EFFORT, -1, float(effort[joint]), float(joints.effort[joint]),
        names[joints.index[joint]],
    )  # fmt: skip


def overloaded(
    joints: SetpointJoints,
    sent: Motion,
    sample: Sample[Measured] | None,
    names: tuple[str, ...],
) -> str:
    """Return in words which drive is asked for too much by what was sent, or ''."""
    verdict = overload(joints, sent, None, sample, names)
    if verdict.ok:
        return ''
    if verdict.place == UNFELT:
        return f'{verdict.refusal.value}: {UNFELT}'
    return (
        f'{verdict.refusal.value}: {verdict.place} is asked for {verdict.value:.6g}, '
        f'allowed {verdict.allowed:g}'
    )
