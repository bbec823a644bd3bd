"""Shape of a robot by pinocchio and coal: distances, how joints change them, speed of the tool."""

from pathlib import Path
from typing import Any
import warnings

import numpy as np
from robot_runtime.core.body import Gaps
from robot_runtime.core.types import Floats
from robot_runtime.runtime.body_rows import Face, faces_of, Pair, pairs_of
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.joint_motion import JointMotion
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.runtime.urdf_model import import_pinocchio, load_model, UrdfModel

INF = float('inf')
WARM_PLACES = 16


class UrdfBody:
    """
    Distances of a robot at joint positions (J,), in the order of its robot file.

    Pairs of shapes come first, then faces of the workspace. Each answer depends on the joint
    positions alone, to the bit: nothing is kept from one question to the next. Not for two
    threads at once.
    """

    def __init__(self, robot: RobotFile, urdf: UrdfModel) -> None:
        """Take a robot file and the model of its URDF; a ConfigError has one sentence."""
        self._pin: Any = import_pinocchio()
        self._model, self._geometry = urdf.model, urdf.geometry
        self._matrix, self._offset = urdf.matrix, urdf.offset
        self._pairs = pairs_of(robot, urdf)  # puts the obstacles into the geometry
        self._faces = faces_of(robot, urdf)
        rows: tuple[Pair | Face, ...] = (*self._pairs, *self._faces)
        self.labels = tuple(row.label for row in rows)
        self.stop: Floats = np.array([row.stop for row in rows], dtype=np.float64)
        self.unseen: Floats = np.array([row.unseen for row in rows], dtype=np.float64)
        self.margin: Floats = np.array([row.margin for row in rows], dtype=np.float64)
        by_model_joint = np.array([row.reach for row in rows]).reshape(-1, self._model.nq)
        self.reach: Floats = by_model_joint @ np.abs(self._matrix)
        self.tool = '' if robot.tool_speed is None else robot.tool_speed.frame
        self.tool_speed = INF if robot.tool_speed is None else robot.tool_speed.limit
        self._tool_frame = self._model.getFrameId(self.tool) if self.tool else -1
        if self.tool and not self._model.existFrame(self.tool):
            raise ConfigError(f'tool_speed.frame is {self.tool}, which is not a link of the URDF')
        self._prepare()
        _refuse_touching(robot, self)
        self._warm_up(robot.home_position)

    def _prepare(self) -> None:
        shapes = list(self._geometry.geometryObjects)
        self._data = self._model.createData()
        self._shapes_data = self._geometry.createData()
        with warnings.catch_warnings():  # a flag on its way out; it stands, and it is on
            warnings.simplefilter('ignore', DeprecationWarning)
            for request in self._shapes_data.distanceRequests:
                request.enable_cached_gjk_guess = False  # so that the past does not matter
                request.enable_signed_distance = True
        self._motion = JointMotion.of(self._model)
        self._aligned = self._pin.LOCAL_WORLD_ALIGNED
        self._owners = np.array([shape.parentJoint for shape in shapes], dtype=np.intp)
        centres = [s.placement.act(np.array(s.geometry.aabb_center)) for s in shapes]
        self._centres = np.ones((len(shapes), 4, 1))
        self._centres[:, :3, 0] = np.array(centres).reshape(len(shapes), 3)
        self._radii = np.array([shape.geometry.aabb_radius for shape in shapes])
        first = np.array([pair.first for pair in self._pairs], dtype=np.intp)
        second = np.array([pair.second for pair in self._pairs], dtype=np.intp)
        own = np.array([pair.half_size is None for pair in self._pairs], dtype=np.bool_)
        self._own, self._fixed = np.flatnonzero(own), np.flatnonzero(~own)
        self._own_first, self._own_second = first[own], second[own]
        self._own_radii = self._radii[first[own]] + self._radii[second[own]]
        self._fixed_first = first[~own]
        given = [pair for pair in self._pairs if pair.half_size is not None]
        self._half_sizes = np.array([p.half_size for p in given]).reshape(-1, 3).T[:, np.newaxis]
        poses = [shapes[pair.second].placement for pair in given]
        self._turns = np.array([pose.rotation.T for pose in poses]).reshape(-1, 3, 3)
        places = np.array([pose.translation for pose in poses]).reshape(-1, 3)
        self._places = places.T[:, np.newaxis]
        self._face_joints = np.array([face.joint for face in self._faces], dtype=np.intp)
        self._face_points = np.ones((len(self._faces), 4, 1))
        points = np.array([face.point for face in self._faces]).reshape(-1, 3)
        self._face_points[:, :3, 0] = points
        self._normals = np.array([face.normal for face in self._faces]).reshape(-1, 3)
        self._offsets = np.array([face.offset for face in self._faces])

    def _warm_up(self, home: Floats) -> None:
        """Ask each question once, about everything: the first answer takes longest."""
        everything = np.full(len(self.stop), INF)
        self.distances(np.repeat(home[np.newaxis], WARM_PLACES, axis=0), everything)
        self.gaps(home, everything)
        if self.tool:
            self.tool_jacobian(home)

    def distances(self, positions: Floats, within: Floats) -> Floats:
        """Return (K, P) distances at K places, (K, J): exact below `within`, else less."""
        q = positions @ self._matrix.T + self._offset
        distance = self._lower_bounds(self._motion.poses(q))
        count = len(self._pairs)
        near = distance[:, :count] < within[..., :count]
        for place in np.flatnonzero(near.any(axis=1)).tolist():
            self._put(q[place])
            for k in np.flatnonzero(near[place]).tolist():
                distance[place, k] = self._result(k).min_distance
        return distance

    def gaps(self, position: Floats, within: Floats) -> Gaps:
        """Return the same of one place (J,), and the gradients of those below `within`."""
        distance = self.distances(position[np.newaxis], within)[0]
        near = np.flatnonzero(distance < within)
        if not len(near):
            return Gaps(distance, near, np.empty((0, len(position))))
        q = self.joints_of_model(position)
        self._put(q)
        self._pin.computeJointJacobians(self._model, self._data, q)
        return Gaps(distance, near, self._gradients(near.tolist()) @ self._matrix)

    def tool_jacobian(self, position: Floats) -> Floats:
        """Return the tool's velocity per joint velocity, (3, J)."""
        q = self.joints_of_model(position)
        jacobian = self._pin.computeFrameJacobian(
            self._model, self._data, q, self._tool_frame, self._aligned
        )
        result: Floats = jacobian[:3] @ self._matrix
        return result

    @property
    def model(self) -> Any:
        """Return pinocchio's model, whose joints are those of the URDF."""
        return self._model

    def joints_of_model(self, position: Floats) -> Floats:
        """Return the positions of the model's joints, mimicking ones included."""
        q: Floats = self._matrix @ position + self._offset
        return q

    def frame(self, name: str, position: Floats) -> Floats:
        """Return the pose of a link in the base frame, (4, 4)."""
        if not self._model.existFrame(name):
            raise ConfigError(f'{name} is not a link of the URDF')
        q = self.joints_of_model(position)
        self._pin.framesForwardKinematics(self._model, self._data, q)
        pose: Floats = self._data.oMf[self._model.getFrameId(name)].homogeneous
        return pose

    def _put(self, q: Floats) -> None:
        """Put the shapes where they are at model joints `q`."""
        self._pin.updateGeometryPlacements(
            self._model, self._data, self._geometry, self._shapes_data, q
        )

    def _result(self, k: int) -> Any:
        """Return what coal says of the pair `k`, where the shapes are."""
        return self._pin.computeDistance(self._geometry, self._shapes_data, k)

    def _lower_bounds(self, poses: Floats) -> Floats:
        """Return what spheres around the shapes leave at least, (K, P); exact for faces."""
        distance = np.empty((len(poses), len(self.stop)))
        # (3, K, shapes): sums over a first axis are quick
        centres = (poses[:, self._owners, :3] @ self._centres)[..., 0].transpose(2, 0, 1)
        apart = centres[:, :, self._own_first] - centres[:, :, self._own_second]
        distance[:, self._own] = np.sqrt((apart * apart).sum(axis=0)) - self._own_radii
        if len(self._fixed):
            from_obstacle = centres[:, :, self._fixed_first] - self._places
            away = np.einsum('pij,jkp->ikp', self._turns, from_obstacle)
            over = np.abs(away) - self._half_sizes
            out = np.maximum(over, 0.0)
            gap = np.sqrt((out * out).sum(axis=0)) + np.minimum(over.max(axis=0), 0.0)
            distance[:, self._fixed] = gap - self._radii[self._fixed_first]
        if len(self._faces):
            points = (poses[:, self._face_joints] @ self._face_points)[..., :3, 0]
            inside = (points * self._normals).sum(axis=-1) - self._offsets
            distance[:, len(self._pairs):] = inside
        return distance

    def _gradients(self, near: list[int]) -> Floats:
        """Return how distances change with each joint of the model, (K, nq)."""
        joints, points, normals = [], [], []
        for k in near:
            if k < len(self._pairs):
                pair, result = self._pairs[k], self._result(k)
                joints.append((pair.first_joint, pair.second_joint))
                points.append((result.getNearestPoint1(), result.getNearestPoint2()))
                normals.append(result.normal)  # from the first shape to the second
            else:
                face = self._faces[k - len(self._pairs)]
                place = self._data.oMi[face.joint].act(face.point)
                joints.append((0, face.joint))
                points.append((place, place))
                normals.append(face.normal)
        first, second = np.array(joints).T
        pin, model, data, aligned = self._pin, self._model, self._data, self._aligned
        jacobians = np.zeros((model.njoints, 6, model.nv))
        origins = np.zeros((model.njoints, 3))
        for joint in {*first.tolist(), *second.tolist()} - {0}:
            jacobians[joint] = pin.getJointJacobian(model, data, joint, aligned)
            origins[joint] = data.oMi[joint].translation
        normal, point = np.array(normals), np.array(points)
        return _rates(jacobians[second], point[:, 1] - origins[second], normal) - _rates(
            jacobians[first], point[:, 0] - origins[first], normal
        )


def _rates(jacobian: Floats, arm: Floats, normal: Floats) -> Floats:
    """Return the speeds along `normal` (K, 3) of points at `arm` from their joints, (K, nq)."""
    x, y, z = arm.T
    a, b, c = normal.T
    wrench = np.stack((a, b, c, y * c - z * b, z * a - x * c, x * b - y * a), axis=1)
    rates: Floats = (wrench[:, np.newaxis] @ jacobian)[:, 0]
    return rates


def load_body(robot: RobotFile) -> UrdfBody | None:
    """Return the shape of a robot; None where its file bounds nothing in space."""
    if robot.workspace is None and robot.tool_speed is None and robot.collision is None:
        return None
    assert robot.urdf is not None  # the robot file was checked for it
    return UrdfBody(robot, load_model(Path(robot.urdf), robot.joint_names))


def _refuse_touching(robot: RobotFile, body: UrdfBody) -> None:
    """Refuse a robot file by whose distances the robot could not stand at home."""
    distance = body.distances(robot.home_position[np.newaxis], body.stop + 1e-9)[0]
    bad = {body.labels[k]: distance[k] for k in np.flatnonzero(distance < body.stop)[::-1]}
    if bad:
        told = ', '.join(f'{label} ({gap:.4f} m)' for label, gap in sorted(bad.items()))
        raise ConfigError(
            f'{robot.name}: at home these are nearer than they may come: {told}; move home or the '
            'bound, or name links that always touch under collision.ignored'
        )
