"""Tool poses of the FR3 arm in plain numpy, for random states to learn from."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.kinematics import AT_REST, BY_COSINE, BY_SINE, READY, TOOL

Floats = NDArray[np.float64]
STEPS = 25
SHARE = 0.5  # of the error made good per step
DAMPING = 1e-3


def tool_pose(q: Floats) -> tuple[Floats, Floats, Floats]:
    """Return position (3,), rotation (3, 3) and Jacobian (6, 7) of the tool at joints (7,)."""
    at = np.eye(4)
    axes, origins = np.empty((7, 3)), np.empty((7, 3))
    for i in range(7):
        at = at @ (AT_REST[i] + np.cos(q[i]) * BY_COSINE[i] + np.sin(q[i]) * BY_SINE[i])
        axes[i], origins[i] = at[:3, 2], at[:3, 3]
    tool = at @ TOOL
    linear = np.cross(axes, tool[:3, 3] - origins)
    return tool[:3, 3], tool[:3, :3], np.concatenate([linear, axes], 1).T


def downward(yaw: float) -> Floats:
    """Return the rotation that points the tool down, turned by `yaw` about the vertical."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])


def reach(position: Floats, rotation: Floats) -> Floats | None:
    """Return joints (7,) from the ready pose that bring the tool there, or None."""
    q = READY.copy()
    for _ in range(STEPS):
        at, turn, jacobian = tool_pose(q)
        error = np.concatenate([position - at, 0.5 * np.cross(turn.T, rotation.T).sum(0)])
        pull = np.zeros(7)
        pull[2] = -0.2 * q[2]
        square = jacobian @ jacobian.T + DAMPING * np.eye(6)
        q = q + pull + jacobian.T @ np.linalg.solve(square, SHARE * error - jacobian @ pull)
    return q if np.abs(error[:3]).max() < 0.01 and np.abs(q[6] - READY[6]) < 2.0 else None
