"""Sections of the robot file about space: workspace, speed of the tool, collision."""

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from robot_runtime.runtime.config_file import Positive, Strict

NotNegative = Annotated[float, Field(ge=0.0)]
Vector = tuple[float, float, float]
Frames = Annotated[tuple[str, ...], Field(min_length=1)]
UNSEEN_SHARE, LEAST_UNSEEN_M = 0.3, 0.0005
LEAST_WIDTH_M = 0.001  # of the slow-down


def unseen(stop_m: float) -> float:
    """Return how far below `stop_m` a distance may be between two looks at it."""
    return max(UNSEEN_SHARE * stop_m, LEAST_UNSEEN_M)


class WorkspaceBox(Strict):
    """Box along the axes of the base frame that the origins of some frames must stay inside."""

    frames: Frames
    lower: Vector  # [m]
    upper: Vector

    @model_validator(mode='after')
    def _not_empty(self) -> 'WorkspaceBox':
        if not all(a < b for a, b in zip(self.lower, self.upper, strict=True)):
            raise ValueError(
                f'lower {list(self.lower)} must be below upper {list(self.upper)} on each axis'
            )
        return self


class HalfSpace(Strict):
    """Half-space normal . p >= offset that the origins of some frames must stay inside."""

    frames: Frames
    normal: Vector  # toward the inside, in the base frame; its length does not matter
    offset: float  # [m] along the normal of length 1, from the origin of the base frame

    @model_validator(mode='after')
    def _has_a_direction(self) -> 'HalfSpace':
        if not np.linalg.norm(self.normal) > 1e-9:
            raise ValueError(f'normal {list(self.normal)} has no length, so no direction')
        return self


class Workspace(Strict):
    """Where named frames must stay; they slow down within `margin_m` of a face."""

    margin_m: Annotated[float, Field(ge=2 * LEAST_WIDTH_M)]
    boxes: tuple[WorkspaceBox, ...] = ()
    half_spaces: tuple[HalfSpace, ...] = ()


class ToolSpeed(Strict):
    """Most speed of the origin of one frame."""

    frame: str
    limit: Positive  # [m/s]


class CylinderShape(Strict):
    """Cylinder along its z axis, centred at its origin."""

    radius: Positive
    length: Positive


class Obstacle(Strict):
    """A fixed body in the base frame: a box, a sphere or a cylinder."""

    name: Annotated[str, Field(min_length=1)]
    box: tuple[Positive, Positive, Positive] | None = None  # [m] full sides
    sphere: Positive | None = None  # [m] radius
    cylinder: CylinderShape | None = None
    position: Vector  # [m] of its centre
    rpy: Vector = (0.0, 0.0, 0.0)  # [rad] roll, pitch, yaw, as in URDF
    margin_m: Positive | None = None  # None: those of `collision`
    stop_m: NotNegative | None = None

    @model_validator(mode='after')
    def _one_shape(self) -> 'Obstacle':
        given = [n for n in ('box', 'sphere', 'cylinder') if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(
                f'obstacle {self.name} must have one of box, sphere and cylinder; it has {given}'
            )
        return self


class Collision(Strict):
    """Distances between links of the robot, and to fixed obstacles."""

    margin_m: Positive  # where slow-down begins
    stop_m: NotNegative  # what is kept
    own_links: bool = Field(alias='self')
    ignored: tuple[tuple[str, str], ...] = ()  # pairs of links, or of a link and an obstacle
    obstacles: tuple[Obstacle, ...] = ()

    @model_validator(mode='after')
    def _consistent(self) -> 'Collision':
        names = [obstacle.name for obstacle in self.obstacles]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f'the obstacles {twice} stand more than once')
        for who, margin, stop in [
            ('collision', self.margin_m, self.stop_m),
            *((f'obstacle {o.name}', *self.widths(o)) for o in self.obstacles),
        ]:
            least = stop + unseen(stop) + LEAST_WIDTH_M
            if margin < least - 1e-12:
                raise ValueError(
                    f'{who} has margin_m {margin:g}, which must be at least {least:g} with '
                    f'stop_m {stop:g}'
                )
        return self

    def widths(self, obstacle: Obstacle) -> tuple[float, float]:
        """Return margin and stop of an obstacle."""
        margin = self.margin_m if obstacle.margin_m is None else obstacle.margin_m
        return margin, self.stop_m if obstacle.stop_m is None else obstacle.stop_m
