"""Motions for the tests of the gate's own stop, and the stop from each by its steps."""

from gate_robot import DT, fr3
import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.types import Motion

LIMITS = fr3()
JUMP = LIMITS.jerk * DT**2


def random_motions(count, seed=1):
    rng = np.random.default_rng(seed)
    position = rng.uniform(LIMITS.lower, LIMITS.upper, (count, 8))
    velocity = rng.uniform(-1, 1, (count, 8)) ** 3 * LIMITS.velocity
    return Motion(position, velocity, rng.uniform(-1, 1, (count, 8)) * LIMITS.acceleration)


def to_rest(motion, limits=LIMITS):
    """Return each motion of the stop."""
    motions = []
    while motion.moves:
        motion = stop_step(motion, limits, DT)
        motions.append(motion)
        assert len(motions) < 2_000
    return motions
