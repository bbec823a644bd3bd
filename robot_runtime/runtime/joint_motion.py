"""Forward kinematics of many places at once, from the joints of a pinocchio model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats
from robot_runtime.runtime.urdf_model import import_pinocchio


@dataclass(frozen=True, slots=True, eq=False)
class JointMotion:
    """
    Pose of each joint in its parent, still + by_cosine * cos(q) + by_sine * sin(q) + by_way * q.

    It agrees with pinocchio to rounding and is quicker for several places; arrays are
    (joints, 4, 4), the first joint is the world.
    """

    parents: NDArray[np.intp]
    index: NDArray[np.intp]  # of each joint in q
    still: Floats
    by_cosine: Floats
    by_sine: Floats
    by_way: Floats

    @classmethod
    def of(cls, model: Any) -> 'JointMotion':
        """Return the motion of a model whose joints each turn or slide."""
        pin, data = import_pinocchio(), model.createData()

        def poses(q: float) -> Floats:
            pin.forwardKinematics(model, data, np.full(model.nq, q))
            return np.array([pose.homogeneous for pose in data.liMi])

        zero, quarter, half, full = (poses(q) for q in (0.0, np.pi / 2, np.pi, 2 * np.pi))
        slides = np.abs(full - zero).max(axis=(1, 2), keepdims=True) > 1e-6
        still = np.where(slides, zero, (zero + half) / 2.0)
        return cls(
            parents=np.array(list(model.parents), dtype=np.intp),
            index=np.array([0, *(joint.idx_q for joint in list(model.joints)[1:])], dtype=np.intp),
            still=still,
            by_cosine=np.where(slides, 0.0, (zero - half) / 2.0),
            by_sine=np.where(slides, 0.0, quarter - still),
            by_way=np.where(slides, (full - zero) / (2 * np.pi), 0.0),
        )

    def poses(self, q: Floats) -> Floats:
        """Return the poses of all joints in the base frame for `q` (K, nq): (K, joints, 4, 4)."""
        own = q[:, self.index, np.newaxis, np.newaxis]
        local = (
            self.still + np.cos(own) * self.by_cosine + np.sin(own) * self.by_sine
            + own * self.by_way
        )
        found = np.empty_like(local)
        found[:, 0] = np.eye(4)
        for joint in range(1, len(self.parents)):
            found[:, joint] = found[:, self.parents[joint]] @ local[:, joint]
        return found
