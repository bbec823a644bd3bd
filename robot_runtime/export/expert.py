"""Scripted pick-and-place expert as traced operations: phase, target, and the motion to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.graph import Tensor, Trace
from robot_runtime.export.kinematics import forward, Pose, READY, resolve, rotation_error

ROWS = 20
DT = 0.05  # [s] between rows
SPEED = 0.25  # [m/s] of the tool at most
LOW_SPEED = 0.06  # [m/s] of the tool at most at the table, so that a cube starts and lands gently
SPEED_PER_METRE = 1.5  # [1/s] more of it for each metre of height
TURN = 0.8  # [rad/s] of the tool at most
JOINT_SPEED = 0.8  # [rad/s] of any joint at most
GAIN = 3.0  # [1/s] share of the remaining way made per second near the target
LEAN = 4.0  # [1/s] of joint 3 toward zero where the task leaves it free

OPEN = 0.04  # [m] of a finger
CLOSED = 0.0
HELD_BELOW = 0.025  # [m] finger position at which a cube between the fingers is held
OPEN_ABOVE = 0.033
HOVER = 0.10  # [m] above the cube before going down
CARRY = 0.22  # [m] height of the tool while it carries
CLEAR = 0.17  # [m] height above which the tool may travel sideways with a cube or over a tray
RELEASE = 0.035  # [m] of the cube above the tray's origin when the fingers open
NEAR = 0.010  # [m] sideways, to go down
GRASP = 0.008  # [m] to close
SAME = 0.035  # [m] from tool to cube within which a cube is between the fingers
TRAY_RADIUS = 0.06  # [m] half the side of the square that counts as in the tray
TRAY_HEIGHT = 0.045  # [m] of a cube over the tray's origin, above RELEASE and below a stacked cube
SLOTS = np.array([[-0.045, 0.0, 0.0], [0.0, 0.0, 0.0], [0.045, 0.0, 0.0]])  # a place per cube
READY_TCP = np.array([0.306891, 0.0, 0.486882])  # [m] tool at READY; a test compares
TRAY = 3  # row of `objects`

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the tool shall go within a chunk."""

    position: Tensor  # (1, 3, 1)
    rotation: Tensor  # (1, 3, 3)
    finger: Tensor  # (1, 1)


def _xyz(x: Tensor, i: int) -> Tensor:
    return x.part((1, i, i + 1))


def _longest(trace: Trace, x: Tensor) -> Tensor:
    """Return the Euclidean length over axis 1, never zero."""
    return trace.op('Sqrt', (x * x).total(1) + 1e-12)


def _sideways(trace: Trace, x: Tensor) -> Tensor:
    """Return the horizontal length of (1, 3, 1)."""
    return _longest(trace, x.part((1, 0, 2)))


def _join(trace: Trace, level: Tensor, height: Tensor) -> Tensor:
    """Return x and y of `level` with the z `height`."""
    return trace.concat([level.part((1, 0, 2)), height], 1)


def _down(trace: Trace, x: Tensor, y: Tensor) -> Tensor:
    """Return the rotation that points the tool down with its x axis along (x, y)."""
    zero = trace.constant(np.zeros((1, 1, 1)))
    first = trace.concat([x, y, zero], 1)
    second = trace.concat([y, 0.0 - x, zero], 1)
    return trace.concat([first, second, np.array([[[0.0], [0.0], [-1.0]]])], 2)


def _grasp_rotation(trace: Trace, quaternion: Tensor, pose: Pose) -> Tensor:
    """Return the downward rotation along the cube's nearest face, nearest to the tool's yaw."""
    qx, qy, qz, qw = quaternion.split(1)
    level_x = trace.concat([1.0 - (qy * qy + qz * qz) * 2.0, (qx * qy + qz * qw) * 2.0], 1)
    level_y = trace.concat([(qx * qy - qz * qw) * 2.0, 1.0 - (qx * qx + qz * qz) * 2.0], 1)
    upright = _longest(trace, level_x)
    side = trace.where(upright < 0.7, level_y, level_x)  # a cube on its side shows its y axis
    side = side / _longest(trace, side)
    x, y = side.split(1)
    tool_x, tool_y = (pose.rotation.part((1, i, i + 1), (2, 0, 1)) for i in (0, 1))
    along = tool_x * x + tool_y * y
    across = tool_y * x - tool_x * y
    turned = abs(along) < abs(across)
    sign = trace.op('Sign', trace.where(turned, across, along) + 1e-9)
    return _down(trace, sign * trace.where(turned, 0.0 - y, x), sign * trace.where(turned, x, y))


def choose(trace: Trace, pose: Pose, finger: Tensor, objects: Tensor, goal: Tensor) -> Target:
    """Return the target of the phase that state and objects are in."""
    where = trace.where
    table = objects.transpose(1, 2, 0)  # (5, 7, 1)
    chosen = table.take(goal, 0)
    cube = chosen.part((1, 0, 3))
    tray = table.part((0, TRAY, TRAY + 1), (1, 0, 3))
    slot = tray + trace.constant(SLOTS[:, :, None]).take(goal, 0)
    tool = pose.position
    height = _xyz(tool, 2)
    gap, way = cube - tool, slot - tool
    grasp = _grasp_rotation(trace, chosen.part((1, 3, 7)), pose)
    level = trace.constant(np.diag([1.0, -1.0, -1.0])[None])
    turn = _longest(trace, rotation_error(pose.rotation, grasp))

    inside = cube - tray
    in_tray = (_longest(trace, inside.part((1, 0, 1))) < TRAY_RADIUS) \
        & (_longest(trace, inside.part((1, 1, 2))) < TRAY_RADIUS) \
        & (_xyz(inside, 2) < TRAY_HEIGHT)
    between = _longest(trace, gap) < SAME
    held = between & (finger < HELD_BELOW) & ~in_tray
    is_open = ~(finger < OPEN_ABOVE)
    low = height < CLEAR

    # Pick: rise if low and far, travel at hover height, go down, close.
    off = _sideways(trace, gap)
    above = (off < NEAR) & (turn < 0.1) & is_open
    committed = (off < 2 * NEAR) & (_xyz(gap * -1.0, 2) < 0.03)
    far = (height < _xyz(cube, 2) + 0.06) & ~(off < 2.5 * NEAR)
    hover = _join(trace, where(far, tool, cube), _xyz(cube, 2) + HOVER)
    reached = (off < GRASP) & (abs(_xyz(gap, 2)) < GRASP)
    pick = where((above | committed), cube, hover)
    pick_finger = where(reached | (between & (finger < OPEN_ABOVE) & committed), CLOSED, OPEN)

    # Carry: straight up, across at carrying height, down over the tray, open.
    over = _sideways(trace, way) < 1.5 * NEAR
    drop = _join(trace, slot, _xyz(tray, 2) + RELEASE)
    across = _join(trace, where(low, tool, slot), trace.constant(np.full((1, 1, 1), CARRY)))
    carry = where(over, drop, across)

    # Done: open where the tool is, straight up, then the ready pose.
    ready = trace.constant(READY_TCP[None, :, None])
    leave = _join(trace, where(low, tool, ready), _xyz(ready, 2))
    done = where(is_open | ~between, leave, tool)

    position = where(in_tray, done, where(held, carry, pick))
    rotation = where(in_tray | held, level, where(committed | ~far, grasp, pose.rotation))
    grip = where(in_tray, OPEN, where(held, CLOSED, pick_finger))
    return Target(position, rotation, grip.reshape(1, 1))


def _capped(trace: Trace, error: Tensor, speed: Tensor | float) -> Tensor:
    """Return the step (1, 3, 1) along an error: a share of it, bounded by `speed`."""
    share = trace.op('Min', speed / _longest(trace, error), GAIN) * DT
    return error * share


def advance(trace: Trace, q: Tensor, pose: Pose, target: Target) -> Tensor:
    """Return the joint positions (7, 1, 1) one step nearer to the target."""
    height = trace.op('Max', _xyz(pose.position, 2), 0.0)
    speed = trace.op('Min', height * SPEED_PER_METRE + LOW_SPEED, SPEED)
    linear = _capped(trace, target.position - pose.position, speed)
    angular = _capped(trace, rotation_error(pose.rotation, target.rotation), TURN)
    twist = trace.concat([linear, angular], 1).reshape(6, 1)
    pull = np.zeros((7, 1))
    pull[2] = -LEAN * DT
    step = resolve(trace, pose, twist, q.reshape(7, 1) * pull)
    fastest = trace.op('Max', abs(step).largest(0), JOINT_SPEED * DT)
    return q + (step * (JOINT_SPEED * DT) / fastest).reshape(7, 1, 1)


def rollout(trace: Trace, state: Tensor, objects: Tensor, goal: Tensor) -> Tensor:
    """Return the chunk (1, ROWS, 8) of absolute joint positions; row 0 is the arm's state."""
    arm = state.part((1, 0, 7))
    q = arm.reshape(7, 1, 1)
    pose = forward(trace, q)
    target = choose(trace, pose, state.part((1, 7, 8)).reshape(1, 1, 1), objects, goal)
    rows = [arm]
    while len(rows) < ROWS:
        q = advance(trace, q, pose, target)
        rows.append(q.reshape(1, 7))
        pose = forward(trace, q)
    grip = trace.op('MatMul', np.ones((ROWS, 1)), target.finger)
    return trace.concat([trace.concat(rows, 0), grip], 1).reshape(1, ROWS, 8)


def reference(state: Floats, objects: Floats, goal: NDArray[np.int64]) -> Floats:
    """Return the chunk by numpy, from the operations that the graph holds."""
    trace = Trace()
    actions: Floats = rollout(
        trace, trace.placeholder('state', state), trace.placeholder('objects', objects),
        trace.placeholder('goal', goal)).value
    return actions


def example() -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return an observation at the ready pose with three cubes and a tray."""
    state = np.append(READY, OPEN).astype(np.float32)[None]
    objects = np.zeros((1, 5, 7), dtype=np.float32)
    objects[0, :, 6] = 1.0
    objects[0, :4, :3] = [
        (0.45, -0.15, 0.02), (0.5, 0.0, 0.02), (0.4, 0.15, 0.02), (0.45, 0.35, 0.0)]
    objects[0, 4, :3] = READY_TCP
    return state, objects, np.zeros(1, dtype=np.int64)
