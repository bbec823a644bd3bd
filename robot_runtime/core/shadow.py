"""Shadow error: how far the robot was from where the policy would have put it."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ShadowError:
    """Sums over one SHADOW, per joint, (J,)."""

    count: int  # ticks compared
    squares: Floats  # [rad^2] or [m^2], sum
    worst: Floats  # [rad] or [m]

    @classmethod
    def none(cls, joints: int) -> 'ShadowError':
        """Return the error before the first comparison."""
        return cls(0, np.zeros(joints), np.zeros(joints))

    def added(self, target: Floats, measured: Floats) -> 'ShadowError':
        """Return the error with one more tick."""
        error = np.abs(target - measured)
        return ShadowError(
            self.count + 1, self.squares + error * error, np.maximum(self.worst, error)
        )

    @property
    def rms(self) -> Floats:
        """Return the root of the mean square, (J,); 0 before the first comparison."""
        root: Floats = np.sqrt(self.squares / max(self.count, 1))
        return root
