"""Stop of joints that take efforts: damping until they stand, and none that is not felt."""

from collections.abc import Sequence

import numpy as np
from robot_runtime.core.effort_guard import mildest
from robot_runtime.core.effort_joints import EffortJoints, STILL
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Motion


def damped(
    joints: EffortJoints, motion: Motion, last: Motion, felt: Measured | None, dt_s: float
) -> tuple[Motion, bool]:
    """
    Return `motion` (J,) with the next efforts of the stop, after those of `last`; whether it acts.

    They go at their rate to -damping * speed within their limit, and to zero for a joint that
    stands. None, or a speed that is no number: to zero for all, as nobody knows what they would
    do. It is over when there is no effort left and every joint stands.
    """
    k, step = joints.index, joints.rate * dt_s
    here, wish, fast = last.position[k], np.zeros(len(k)), False
    if felt is not None and felt.velocity is not None:
        speed = felt.velocity[k]
        if np.isfinite(speed).all():
            moves = np.abs(speed) > STILL
            wish = np.where(moves, np.clip(-joints.damping * speed, -joints.effort, joints.effort),
                            0.0)
            fast = bool(moves.any())
    effort = np.clip(wish, here - step, here + step)
    after = motion.with_part(k, last.part(k).onto(effort, dt_s))
    return after, fast or bool(effort.any())


def held_back(
    joints: EffortJoints,
    motion: Motion,
    last: Motion,
    samples: Sequence[Sample[Measured]],
    dt_s: float,
) -> Motion:
    """Return a step of the gate's own whose efforts go to what their joints allow, at the rate."""
    k, bounds, step = joints.index, mildest(joints, samples), joints.rate * dt_s
    here = last.position[k]
    wish = np.zeros(len(k)) if bounds is None else np.clip(motion.position[k], *bounds)
    effort = np.clip(np.where(np.isfinite(wish), wish, 0.0), here - step, here + step)
    return motion.with_part(k, last.part(k).onto(effort, dt_s))
