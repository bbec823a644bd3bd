"""Model of a URDF in pinocchio, with its collision shapes and the way joints lead each other."""

from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any
import xml.etree.ElementTree as ElementTree

import numpy as np
from robot_runtime.core.types import Floats
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.urdf_limits import urdf_root

MESH_CLASS = 'BVHModel'
FAR = 1e6  # [rad] a range for a joint without one


@dataclass(frozen=True, slots=True, eq=False)
class UrdfModel:
    """A robot in pinocchio; its joint positions are `matrix` @ q (J,) + `offset`."""

    model: Any
    geometry: Any
    matrix: Floats  # (nq, J)
    offset: Floats  # (nq,)


def import_pinocchio() -> Any:
    """Return pinocchio; without it, raise one sentence."""
    try:
        import pinocchio
    except ImportError as error:
        raise ConfigError(
            f'a robot file with workspace, tool_speed or collision needs pinocchio and coal '
            f'({error}); install them with: pip install pin'
        ) from error
    return pinocchio


def load_model(path: Path, joint_names: Sequence[str]) -> UrdfModel:
    """Return the model of the URDF at `path`, moved by `joint_names`, or raise one sentence."""
    pinocchio = import_pinocchio()
    root = urdf_root(path)
    _place_meshes(root, path)
    _bound_endless_joints(root)
    text = ElementTree.tostring(root, encoding='unicode')
    try:
        model = pinocchio.buildModelFromXML(text)
        geometry = pinocchio.buildGeomFromUrdfString(
            model, text, pinocchio.GeometryType.COLLISION
        )
    except (ValueError, RuntimeError) as error:
        why = ' '.join(str(error).split())
        raise ConfigError(f'{path} is refused by pinocchio: {why}') from error
    for shape in geometry.geometryObjects:
        _fill(shape)
    matrix, offset = _leads(root, model, joint_names, path)
    return UrdfModel(model, geometry, matrix, offset)


def _place_meshes(root: ElementTree.Element, path: Path) -> None:
    """Give each mesh of a collision shape its place on this machine."""
    for link in root.findall('link'):
        for mesh in link.findall('collision/geometry/mesh'):
            written = mesh.get('filename', '')
            places = _places(written, path.parent)
            found = next((place for place in places if place.is_file()), None)
            if found is None:
                looked = ', '.join(str(place) for place in places)
                raise ConfigError(
                    f'{path}: link {link.get("name")} has the collision mesh {written!r}, which '
                    f'is not there; looked for: {looked}'
                )
            mesh.set('filename', str(found.resolve()))


def _places(written: str, folder: Path) -> list[Path]:
    """Return where a mesh may be: package:// in the packages of ROS or above the URDF."""
    scheme, _, rest = written.rpartition('://')
    if scheme == 'package':
        shares = [
            Path(prefix) / 'share'
            for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if prefix
        ]
        inside = rest.partition('/')[2]
        return [*(share / rest for share in shares), folder / rest, folder / inside,
                folder.parent / inside]
    return [folder / rest]  # an absolute path stays one


def _bound_endless_joints(root: ElementTree.Element) -> None:
    """Make joints without ends ones with far ends: one number each, as in the robot file."""
    for joint in root.findall('joint'):
        if joint.get('type') == 'continuous':
            joint.set('type', 'revolute')
            limit = joint.find('limit')
            limit = ElementTree.SubElement(joint, 'limit') if limit is None else limit
            limit.attrib.update(lower=str(-FAR), upper=str(FAR))
            for name in ('velocity', 'effort'):
                limit.attrib.setdefault(name, str(FAR))


def _fill(shape: Any) -> None:
    """Put the convex hull in place of a mesh: it holds the mesh, and it is quick."""
    if MESH_CLASS in type(shape.geometry).__name__:
        shape.geometry.buildConvexHull(True, 'Qt')
        shape.geometry = shape.geometry.convex


def _leads(
    root: ElementTree.Element, model: Any, joint_names: Sequence[str], path: Path
) -> tuple[Floats, Floats]:
    """Return how the model's joints follow those of the robot file, mimicking ones included."""
    matrix = np.zeros((model.nq, len(joint_names)))
    offset = np.zeros(model.nq)
    mimics = {j.get('name', ''): j.find('mimic') for j in root.findall('joint')}
    for name, joint in zip(list(model.names)[1:], list(model.joints)[1:], strict=True):
        if joint.nq != 1:
            raise ConfigError(f'{path}: joint {name} is not one of one number, such as revolute')
        leader, factor, shift = name, 1.0, 0.0
        while leader not in joint_names:
            mimic = mimics.get(leader)
            if mimic is None or mimic.get('joint') == leader:
                raise ConfigError(
                    f'{path}: joint {name} moves and is not in the robot file, so where its links '
                    'are cannot be known; name it there, make it fixed, or let it mimic another'
                )
            shift += factor * float(mimic.get('offset', '0'))
            factor *= float(mimic.get('multiplier', '1'))
            leader = mimic.get('joint', '')
        matrix[joint.idx_q, list(joint_names).index(leader)] = factor
        offset[joint.idx_q] = shift
    return matrix, offset
