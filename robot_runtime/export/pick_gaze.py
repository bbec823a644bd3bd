"""Gaze: in which cells of an eye's map the cubes and the tray are, by the nominal cameras."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.kinematics import TCP

Floats = NDArray[np.float32]
CELLS = 16  # of an eye's map, each way
THINGS = 4  # three cubes and the tray
PLACES = 16  # that each eye reports; the first are those things
ASPECT = 4 / 3  # of the frames before they are stretched to a square
# Of config/sim/fr3_cell.xml; a test compares. Position, right, up, field of view.
FRONT = ((1.28, 0.0, 0.78), (0.0, 1.0, 0.0), (-0.57, 0.0, 0.82), 46.0)
WRIST = ((0.08, 0.0, 0.045 - TCP), (0.0, 1.0, 0.0), (0.98, 0.0, 0.20), 70.0)  # from the tool


def project(points: NDArray[np.floating], camera: tuple[tuple[float, ...], ...]) -> Floats:
    """Return where points (..., 3) are in a square frame, right and down, each -1..1 inside."""
    place, right, up, view = (np.asarray(part, dtype=np.float64) for part in camera)
    right, up = right / np.sqrt(right @ right), up / np.sqrt(up @ up)
    away = points - place
    depth = np.maximum(-(away @ np.cross(right, up)), 1e-3)
    half = np.tan(np.deg2rad(view) / 2)
    across, down = away @ right / (depth * half * ASPECT), -(away @ up) / (depth * half)
    found: Floats = np.stack([across, down], -1).astype(np.float32)
    return found


def cells(places: Floats) -> tuple[Floats, Floats]:
    """
    Return how the map's cells share places (..., 2), and whether each place is in the frame.

    The four cells around a place share it so that their mean is the place.
    """
    at = (places + 1.0) * (CELLS / 2) - 0.5
    seen = (np.abs(places) < 1.0).all(-1)
    at = np.clip(at, 0.0, CELLS - 1.001)
    axis = np.arange(CELLS)
    shares = np.maximum(0.0, 1.0 - np.abs(at[..., None] - axis))  # (..., 2, CELLS)
    table = shares[..., 1, :, None] * shares[..., 0, None, :]
    return table.reshape(*places.shape[:-1], -1).astype(np.float32), seen.astype(np.float32)


def gaze(objects: Floats, from_tool: Floats) -> tuple[Floats, Floats]:
    """
    Return shares (B, 2, THINGS, CELLS**2) per eye and thing, and what is in the frame.

    `objects` (B, 5, 7) are poses in the base frame, `from_tool` (B, THINGS, 3) [m] is where they
    are as the tool sees them.
    """
    places = np.stack([project(objects[:, :THINGS, :3], FRONT), project(from_tool, WRIST)], 1)
    return cells(places)
