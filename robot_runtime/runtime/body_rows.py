"""Rows of a body: which pairs of shapes and which faces of the workspace are looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from robot_runtime.core.types import Floats
from robot_runtime.runtime.body_file import HalfSpace, Obstacle, unseen, WorkspaceBox
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.runtime.urdf_model import import_pinocchio, UrdfModel

AXES = 'xyz'
UNSEEN_SHARE_OF_MARGIN = 0.1  # for faces of the workspace


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two shapes that must stay apart; the second may be an obstacle."""

    label: str
    margin: float
    stop: float
    unseen: float
    reach: Floats  # (nq,)
    first: int  # shape
    second: int
    first_joint: int
    second_joint: int
    half_size: Floats | None  # (3,) of a box around an obstacle, None: two links


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A plane, and a frame that must stay on its inner side."""

    label: str
    margin: float
    stop: float
    unseen: float
    reach: Floats  # (nq,)
    joint: int
    point: Floats  # (3,) in the joint's frame
    normal: Floats  # (3,) of length 1, toward the inside
    offset: float


def pairs_of(robot: RobotFile, urdf: UrdfModel) -> tuple[Pair, ...]:
    """Return the pairs that `collision` asks for; obstacles and pairs enter the geometry."""
    collision = robot.collision
    if collision is None:
        return ()
    pin, model, geometry = import_pinocchio(), urdf.model, urdf.geometry
    count = len(geometry.geometryObjects)
    half_sizes = []
    for obstacle in collision.obstacles:
        shape, half_size = _shape(pin, obstacle)
        geometry.addGeometryObject(shape)
        half_sizes.append(half_size)
    shapes = list(geometry.geometryObjects)  # only now: adding one moves all of them
    for shape in shapes:
        shape.geometry.computeLocalAABB()
    own = shapes[:count]
    names = [model.frames[shape.parentFrame].name for shape in own]
    ignored = {frozenset(pair) for pair in collision.ignored}
    _refuse_unknown(ignored, set(names), {obstacle.name for obstacle in collision.obstacles})
    pairs = []
    for i, j in _apart(model, own) if collision.own_links else ():
        if frozenset((names[i], names[j])) not in ignored:
            pairs.append(Pair(
                f'{names[i]} and {names[j]}', collision.margin_m, collision.stop_m,
                unseen(collision.stop_m), _reach(model, own[i], own[j]), i, j,
                own[i].parentJoint, own[j].parentJoint, None,
            ))  # fmt: skip
    for k, (obstacle, half_size) in enumerate(
        zip(collision.obstacles, half_sizes, strict=True), count
    ):
        margin, stop = collision.widths(obstacle)
        for i, link in enumerate(own):
            if link.parentJoint and frozenset((names[i], obstacle.name)) not in ignored:
                pairs.append(Pair(
                    f'{names[i]} and {obstacle.name}', margin, stop, unseen(stop),
                    _reach(model, link, shapes[k]), i, k, link.parentJoint, 0, half_size,
                ))  # fmt: skip
    for pair in pairs:
        geometry.addCollisionPair(pin.CollisionPair(pair.first, pair.second))
    return tuple(pairs)


def faces_of(robot: RobotFile, urdf: UrdfModel) -> tuple[Face, ...]:
    """Return the faces of the workspace, one for each frame that must keep inside."""
    workspace = robot.workspace
    if workspace is None:
        return ()
    faces = []
    kinds: tuple[tuple[str, tuple[WorkspaceBox | HalfSpace, ...]], ...] = (
        ('boxes', workspace.boxes), ('half_spaces', workspace.half_spaces)
    )  # fmt: skip
    for kind, entries in kinds:
        for index, entry in enumerate(entries):
            where = f'workspace.{kind}[{index}]'
            for name in entry.frames:
                if not urdf.model.existFrame(name):
                    raise ConfigError(f'{where}.frames has {name}, which is no link of the URDF')
                frame = urdf.model.frames[urdf.model.getFrameId(name)]
                point = np.array(frame.placement.translation)
                reach = _chain(urdf.model, frame.parentJoint, float(np.linalg.norm(point)), 0)
                for side, normal, offset in _planes(entry):
                    faces.append(Face(
                        f'{name} to {side} of {where}', workspace.margin_m, 0.0,
                        UNSEEN_SHARE_OF_MARGIN * workspace.margin_m, reach,
                        frame.parentJoint, point, normal, offset,
                    ))  # fmt: skip
    return tuple(faces)


def _planes(entry: WorkspaceBox | HalfSpace) -> Iterator[tuple[str, Floats, float]]:
    if isinstance(entry, HalfSpace):
        length = float(np.linalg.norm(entry.normal))
        yield 'the plane', np.array(entry.normal) / length, entry.offset
        return
    for axis, unit in enumerate(np.eye(3)):
        yield f'the lower {AXES[axis]}', unit, entry.lower[axis]
        yield f'the upper {AXES[axis]}', -unit, -entry.upper[axis]


def _apart(model: Any, shapes: list[Any]) -> Iterator[tuple[int, int]]:
    """Return the pairs of shapes whose links a joint or more than one lie between."""
    for i, first in enumerate(shapes):
        for j, second in enumerate(shapes[i + 1:], i + 1):
            a, b = first.parentJoint, second.parentJoint
            adjacent = a == b or (a and model.parents[a] == b) or (b and model.parents[b] == a)
            if not adjacent:
                yield i, j


def _refuse_unknown(ignored: Iterable[frozenset[str]], links: set[str], things: set[str]) -> None:
    for pair in ignored:
        unknown = sorted(pair - links - things)
        if unknown or not pair & links:
            raise ConfigError(
                f'collision.ignored names {unknown or sorted(pair)}; links with a shape are: '
                f'{", ".join(sorted(links))}; obstacles are: {", ".join(sorted(things)) or "none"}'
            )


def _shape(pin: Any, obstacle: Obstacle) -> tuple[Any, Floats]:
    """Return the shape of an obstacle, and half the size of a box that holds it."""
    import coal

    if obstacle.box is not None:
        shape, half = coal.Box(*obstacle.box), np.array(obstacle.box) / 2.0
    elif obstacle.sphere is not None:
        shape, half = coal.Sphere(obstacle.sphere), np.full(3, obstacle.sphere)
    else:
        assert obstacle.cylinder is not None
        radius, length = obstacle.cylinder.radius, obstacle.cylinder.length
        shape, half = coal.Cylinder(radius, length), np.array([radius, radius, length / 2.0])
    pose = pin.SE3(pin.rpy.rpyToMatrix(*obstacle.rpy), np.array(obstacle.position))
    return pin.GeometryObject(obstacle.name, 0, pose, shape), half


def _reach(model: Any, first: Any, second: Any) -> Floats:
    """
    Return how far the gap of two shapes can change at most per change of each joint, (nq,).

    Joints that carry both move none against the other. Seen from the last of those, a point of a
    shape goes no further than the length of the chain up to it, times the angle.
    """
    shared = {int(k) for k in model.supports[first.parentJoint]}
    shared &= {int(k) for k in model.supports[second.parentJoint]}
    total = np.zeros(model.nq)
    for shape in (first, second):
        centre = shape.placement.act(np.array(shape.geometry.aabb_center))
        size = float(np.linalg.norm(centre)) + float(shape.geometry.aabb_radius)
        total += _chain(model, shape.parentJoint, size, len(shared))
    return total


def _chain(model: Any, joint: int, beyond: float, first: int) -> Floats:
    """Return the reach of each joint on the way to `joint`, from its `first` one, (nq,)."""
    reach = np.zeros(model.nq)
    for k in reversed([int(k) for k in model.supports[joint]][max(first, 1):]):
        one = model.joints[k]
        slides = 'P' in one.shortname().removeprefix('JointModel')[:1]
        reach[one.idx_q] = 1.0 if slides else beyond
        if slides:
            ends = model.lowerPositionLimit[one.idx_q], model.upperPositionLimit[one.idx_q]
            beyond += float(np.abs(ends).max())
        beyond += float(np.linalg.norm(model.jointPlacements[k].translation))
    return reach
