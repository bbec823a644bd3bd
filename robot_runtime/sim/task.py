"""Task of the cell: which cube goes into the tray, where things start, and what counts as done."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COLOURS = ('red', 'green', 'blue')
OBJECTS = (*COLOURS, 'tray')
CUBE_HALF_M = 0.02
TRAY_HALF_M = 0.07  # inside of the walls
X_RANGE_M = (0.35, 0.60)
Y_RANGE_M = (-0.25, 0.25)
CUBE_APART_M = 0.10  # the open hand is 0.2 m wide, but its fingers only 0.1 m
TRAY_APART_M = 0.15
TOOL_APART_M = 0.12  # from a tool that hangs lower than TOOL_CLEAR_M
TOOL_CLEAR_M = 0.25
MAX_TRIES = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the cubes and the tray start: (4, 2) [m] in the base frame, and cube yaws (3,)."""

    places: Floats
    yaws: Floats


def instruction(colour: str) -> str:
    """Return the sentence that asks a policy for `colour`."""
    return f'put the {colour} cube into the tray'


def sample_layout(rng: np.random.Generator, tool: Floats) -> Layout:
    """
    Return places that are apart from each other and from a low `tool` (3,).

    The tray lies on the left or right edge of the area, so that the way to it is never trivial.
    """
    side = rng.choice((-1.0, 1.0))
    tray = np.array([rng.uniform(0.42, 0.55), side * rng.uniform(0.17, 0.25)])
    taken = [(tray, TRAY_APART_M)]
    if tool[2] < TOOL_CLEAR_M:
        taken.append((tool[:2], TOOL_APART_M))
    places: list[Floats] = []
    for _ in range(MAX_TRIES):
        place = np.array([rng.uniform(*X_RANGE_M), rng.uniform(*Y_RANGE_M)])
        if all(float(np.hypot(*(place - other))) >= apart for other, apart in taken):
            places.append(place)
            taken.append((place, CUBE_APART_M))
        if len(places) == len(COLOURS):
            yaws = rng.uniform(-np.pi / 4, np.pi / 4, len(COLOURS))
            return Layout(np.array([*places, tray]), yaws)
    raise RuntimeError(f'no free place for {len(COLOURS)} cubes in {MAX_TRIES} tries')


def in_tray(cube: Floats, tray: Floats) -> bool:
    """Return whether a cube at (3,) [m] lies inside the walls of the tray at (3,), let go of."""
    inside = np.abs(cube[:2] - tray[:2]) <= TRAY_HALF_M - CUBE_HALF_M / 2
    return bool(inside.all() and 0.0 <= cube[2] - tray[2] <= 1.8 * CUBE_HALF_M)
