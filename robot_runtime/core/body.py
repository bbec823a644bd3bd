"""Body: what the loop and the gate ask of a robot's shape; runtime/body.py has the answers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Distances at one place, and how those that are near change with each joint."""

    distance: Floats  # (P,) [m]; negative inside
    near: NDArray[np.intp]  # (K,) which of them are near
    gradient: Floats  # (K, J) [m/rad]; times a joint velocity: the speed at which the gap opens


class Body(Protocol):
    """
    P distances that must not fall below `stop`, as functions of J joint positions alone.

    A distance is one between two shapes, or of a frame to a face of its workspace. `reach` bounds
    how it can change: by at most reach @ |change of the joints|, wherever the robot is.
    """

    labels: tuple[str, ...]  # 'fr3_hand and table'
    stop: Floats  # (P,) [m]
    unseen: Floats  # (P,) [m] > 0; most that a distance may be below its bound between two looks
    margin: Floats  # (P,) [m] where slow-down begins
    reach: Floats  # (P, J) [m/rad]
    tool: str  # frame whose speed is limited
    tool_speed: float  # [m/s]; inf: not limited

    def distances(self, positions: Floats, within: Floats) -> Floats:
        """Return (K, P) distances at K places, (K, J): exact below `within`, else less."""

    def gaps(self, position: Floats, within: Floats) -> Gaps:
        """Return the same of one place (J,), and the gradients of those below `within`."""

    def tool_jacobian(self, position: Floats) -> Floats:
        """Return the tool's velocity per joint velocity, (3, J)."""
