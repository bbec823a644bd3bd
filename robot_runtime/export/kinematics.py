"""Kinematics of the FR3 arm as traced operations: forward, Jacobian, damped least squares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.graph import Tensor, Trace

Matrix = NDArray[np.float64]
READY = np.array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4])
TCP = 0.1034  # [m] from the hand's frame to the point between the finger tips
FLANGE = 0.107
HAND_YAW = -np.pi / 4
# Modified Denavit-Hartenberg parameters published by Franka: alpha, a, d of each joint.
DH = (
    (0.0, 0.0, 0.333),
    (-np.pi / 2, 0.0, 0.0),
    (np.pi / 2, 0.0, 0.316),
    (np.pi / 2, 0.0825, 0.0),
    (-np.pi / 2, -0.0825, 0.384),
    (np.pi / 2, 0.0, 0.0),
    (np.pi / 2, 0.088, 0.0),
)
DAMPING = 1e-3
YZX = (1, 2, 0)
ZXY = (2, 0, 1)


def _fixed(alpha: float, a: float, d: float) -> Matrix:
    """Return the transform before a joint's rotation, with d, which commutes with it."""
    c, s = np.cos(alpha), np.sin(alpha)
    tilt = np.array([[1, 0, 0, a], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]])
    lift = np.eye(4)
    lift[2, 3] = d
    return tilt @ lift


def _tool() -> Matrix:
    """Return the transform from the last joint to the tool centre point."""
    c, s = np.cos(HAND_YAW), np.sin(HAND_YAW)
    return np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, FLANGE + TCP], [0, 0, 0, 1.0]])


FIXED = np.stack([_fixed(*row) for row in DH])
AT_REST = FIXED @ np.diag([0.0, 0.0, 1.0, 1.0])
BY_COSINE = FIXED @ np.diag([1.0, 1.0, 0.0, 0.0])
BY_SINE = FIXED @ np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0.0]])
TOOL = _tool()


@dataclass(frozen=True, slots=True)
class Pose:
    """Traced pose of the tool with the joint axes that move it."""

    position: Tensor  # (1, 3, 1) in the base frame
    rotation: Tensor  # (1, 3, 3), columns are the tool's axes
    frames: Tensor  # (7, 4, 4) of the joints


def forward(trace: Trace, q: Tensor) -> Pose:
    """Return the tool's pose for joint positions `q`, shape (7, 1, 1)."""
    steps = (trace.op('Cos', q) * BY_COSINE + trace.op('Sin', q) * BY_SINE + AT_REST).split(0)
    frames = [steps[0]]
    for step in steps[1:]:
        frames.append(frames[-1] @ step)
    tool = frames[-1] @ TOOL
    return Pose(
        tool.part((1, 0, 3), (2, 3, 4)), tool.part((1, 0, 3), (2, 0, 3)),
        trace.concat(frames, 0))


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Return the cross product over axis 1."""
    return a.take(YZX, 1) * b.take(ZXY, 1) - a.take(ZXY, 1) * b.take(YZX, 1)


def rotation_error(have: Tensor, want: Tensor) -> Tensor:
    """Return the rotation vector (1, 3, 1), exact for small angles, from `have` to `want`."""
    return cross(have, want).total(2) * 0.5


def jacobian_transposed(trace: Trace, pose: Pose) -> Tensor:
    """Return the transposed Jacobian (7, 6) of the tool, linear part first."""
    axes = pose.frames.part((1, 0, 3), (2, 2, 3))
    origins = pose.frames.part((1, 0, 3), (2, 3, 4))
    return trace.concat([cross(axes, pose.position - origins), axes], 1).reshape(7, 6)


def solve(trace: Trace, matrix: Tensor, right: Tensor) -> Tensor:
    """Return the solution of a positive definite system by Gauss-Jordan without pivoting."""
    count = matrix.value.shape[0]
    table = trace.concat([matrix, right], 1)
    unit = np.eye(count)
    for k in range(count):
        row = table.part((0, k, k + 1))
        row = row / row.part((1, k, k + 1))
        table = table - (table.part((1, k, k + 1)) - unit[:, k:k + 1]) * row
    return table.part((1, count, count + 1))


def resolve(trace: Trace, pose: Pose, twist: Tensor, lean: Tensor) -> Tensor:
    """Return the joint step (7, 1) that makes `twist` (6, 1), and `lean` where that is free."""
    jt = jacobian_transposed(trace, pose)
    j = jt.transpose(1, 0)
    wanted = solve(trace, j @ jt + DAMPING * np.eye(6), twist - j @ lean)
    return jt @ wanted + lean
