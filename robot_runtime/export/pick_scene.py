"""Scene as the pick network is asked for it in training: where things are, how far the task is."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.expert import HELD_BELOW, SAME, SLOTS, TRAY, TRAY_HEIGHT, TRAY_RADIUS
from robot_runtime.export.pick_gaze import PLACES, THINGS

Floats = NDArray[np.float32]
UNIT_M = 0.1  # of a distance that the network is asked for
MOST = 8.0  # units
TASK = 3 + 2 + 3 + 1 + 1 + 1  # named cube, its yaw, its slot; in the tray, held, named
ALL = 3 * THINGS + TASK
YAW = 3 * THINGS + 3  # where the named cube's yaw begins


def turns(quaternions: Floats) -> Floats:
    """Return the rotation matrices (B, 3, 3) of quaternions x, y, z, w."""
    x, y, z, w = quaternions.T
    return np.stack([
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1).reshape(-1, 3, 3)


def asked(state: Floats, objects: Floats, goals: NDArray[np.int_], named: Floats) -> Floats:
    """
    Return what only training asks for, (B, ALL): things as the tool sees them, then the task.

    `state` (B, 8) and `objects` (B, 5, 7) are measured, `named` (B,) is 0 where nothing is.
    """
    count = np.arange(len(goals))
    tool = objects[:, THINGS]
    turn = turns(tool[:, 3:])

    def seen(points: Floats) -> Floats:
        away: Floats = np.einsum('bij,bni->bnj', turn, points - tool[:, None, :3]) / UNIT_M
        return away.reshape(len(goals), -1)

    cube, tray = objects[count, goals], objects[:, TRAY, :3]
    yaw = 2 * np.arctan2(cube[:, 5], cube[:, 6]) - np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
    inside = cube[:, :3] - tray
    done = (np.abs(inside[:, :2]).max(1) < TRAY_RADIUS) & (inside[:, 2] < TRAY_HEIGHT)
    near = ((cube[:, :3] - tool[:, :3]) ** 2).sum(1) < SAME**2
    held = near & (state[:, 7] < HELD_BELOW) & ~done
    parts = [seen(objects[:, :THINGS, :3]), seen(cube[:, None, :3]),
             np.stack([np.sin(4 * yaw), np.cos(4 * yaw)], 1),
             seen((tray + SLOTS[goals])[:, None]), np.stack([done, held, named], 1)]
    return np.clip(np.concatenate(parts, 1), -MOST, MOST).astype(np.float32)


def blurred(task: Floats, rng: np.random.Generator) -> Floats:
    """Return the task (B, TASK) as eyes might have it: the farther, the less sure."""
    count = len(task)
    doubt = rng.uniform(0.0, 1.0, (count, 1))
    noise = rng.standard_normal(task.shape)
    cube, slot = (np.abs(task[:, part]).max(1, keepdims=True)
                  for part in (slice(0, 3), slice(5, 8)))
    noise[:, :3] *= 0.02 + 0.03 * cube
    noise[:, 3:5] *= 0.15
    noise[:, 5:8] *= 0.05 + 0.04 * slot
    noise[:, 8:] *= 0.1
    noisy: Floats = (task + noise * doubt).astype(np.float32)
    return noisy


def pointers(goals: NDArray[np.int_]) -> NDArray[np.int64]:
    """Return for each goal where cube and tray are in what the first and the second eye find."""
    tray = np.full_like(goals, TRAY)
    return np.stack([goals, PLACES + goals, tray, PLACES + tray], 1).astype(np.int64)
