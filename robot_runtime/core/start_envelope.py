"""Start envelope: the pose around which a policy may begin."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class StartEnvelope:
    """Pose of J joints and how far each may be away; inf where the card names no place."""

    position: Floats  # [rad] or [m]
    tolerance: Floats
    policy: str  # whose it is, for the sentence

    def outside(self, measured: Floats, names: tuple[str, ...]) -> str:
        """Return which joint is furthest outside, in a sentence, '' for none."""
        away = np.abs(measured - self.position)
        if (away <= self.tolerance).all():
            return ''
        joint = int(np.argmax(away - self.tolerance))
        name = names[joint] if names else f'joint {joint}'
        return (
            f'{name} is at {measured[joint]:.4g}, but {self.policy} starts at '
            f'{self.position[joint]:.4g} +- {self.tolerance[joint]:g}; mode/home goes there'
        )
