"""Drift: motion of a joint that was told to stand."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion
from robot_runtime.core.velocity_joints import VelocityJoints

DRIFT = 'drift: '  # how the sentence begins
SETTLE_NS = 100_000_000  # after the response of the drives, to come to rest


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Since when the joints are told to stand, and where they then were."""

    since_ns: int  # steady clock
    latched: bool  # whether the gate was, when this was noted
    place: Floats | None = None  # (K,) measured, once they had settled


def stood(
    before: Standing | None,
    joints: VelocityJoints,
    motion: Motion | None,
    latched: bool,
    sample: Sample[Measured],
    now_ns: int,
) -> Standing | None:
    """Return what to compare with; None while the joints are told to move, or nothing at all."""
    if motion is None or joints.of(motion).moves:
        return None
    if before is None or (before.latched and not latched):  # a reset: from where they are
        return Standing(now_ns, latched)
    settled = sample.received_ns >= before.since_ns + joints.response_ns + SETTLE_NS
    place = sample.value.position[joints.index] if settled and before.place is None else None
    if place is None and before.latched is latched:
        return before
    return Standing(before.since_ns, latched, before.place if place is None else place)


def drifted(
    standing: Standing | None,
    joints: VelocityJoints,
    sample: Sample[Measured],
    names: tuple[str, ...],
) -> str:
    """Return in words which joint has moved though it was told to stand, or ''."""
    if standing is None or standing.place is None:
        return ''
    away = np.abs(sample.value.position[joints.index] - standing.place)
    still = away <= joints.drift  # a NaN does not stand
    if still.all():
        return ''
    joint = int(np.argmin(still))
    name, allowed = names[joints.index[joint]], float(joints.drift[joint])
    return f'{DRIFT}{name} moved by {away[joint]:.6g} while told to stand, allowed {allowed:g}'
