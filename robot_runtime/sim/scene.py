"""Scene of the simulator: one MuJoCo model from a robot's URDF or MJCF and an overlay."""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray
from robot_runtime.sim.task import COLOURS, CUBE_HALF_M, Layout, OBJECTS, sample_layout

os.environ.setdefault('MUJOCO_GL', 'egl')  # read by MuJoCo at import; needs no display

Floats = NDArray[np.float64]

HEADLIGHT = ('ambient', 'diffuse')
LOOK_STREAM = 1  # stream of the seed for light, colours and camera pose; 0 is for places
GL_PACKAGES = {'egl': 'libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri', 'osmesa': 'libosmesa6'}
GROUP_HIDDEN = 3  # geometry of this group is simulated and not drawn


class SceneError(RuntimeError):
    """A scene cannot be made; the text is one sentence for the person who asked for it."""


def import_mujoco() -> Any:
    """Return MuJoCo; without the libraries it renders with, raise one sentence."""
    try:
        import mujoco
    except (ImportError, OSError, AttributeError, RuntimeError) as error:
        raise no_sight(error) from error
    return mujoco


def no_sight(error: Exception, what: str = '') -> SceneError:
    """Return in one sentence why nothing can be drawn, and what to install."""
    way = os.environ.get('MUJOCO_GL', '').lower().strip()
    remedy = f'install it with: apt-get install {GL_PACKAGES[way]}' if way in GL_PACKAGES else (
        'use MUJOCO_GL=egl, which needs no screen'
    )
    reason = str(error).strip().partition('. ')[0].rstrip('.')
    if isinstance(error, AttributeError):  # PyOpenGL's way to say so
        reason = 'its library does not load'
    return SceneError(f'the simulator cannot render{what} by MUJOCO_GL={way} ({reason}); {remedy}')


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A compiled model and where each driven joint sits in it; joints in the actuators' order."""

    model: Any
    joint_names: tuple[str, ...]
    qpos: NDArray[np.intp]
    dof: NDArray[np.intp]
    tool: int  # body
    bodies: NDArray[np.intp]  # of the task's objects and the tool; empty without the task
    home: Floats
    nominal: dict[str, Floats]  # what the seed varies, before it did

    def layout(self, data: Any, seed: int) -> Layout:
        """Return the places that `seed` gives while the tool is where it is."""
        rng = np.random.default_rng((seed, 0))
        return sample_layout(rng, np.array(data.xpos[self.tool]))

    def place(self, data: Any, seed: int) -> None:
        """Put the cubes and the tray where `seed` says, at rest; the robot is left alone."""
        if not len(self.bodies):
            return  # a scene without the task
        layout = self.layout(data, seed)
        for name, place, yaw in zip(COLOURS, layout.places[:-1], layout.yaws, strict=True):
            joint = self.model.body_jntadr[self.body(name)]
            at, dof = self.model.jnt_qposadr[joint], self.model.jnt_dofadr[joint]
            half = yaw / 2
            data.qpos[at:][:7] = (*place, CUBE_HALF_M, np.cos(half), 0.0, 0.0, np.sin(half))
            data.qvel[dof:][:6] = 0.0
        data.mocap_pos[self.model.body_mocapid[self.body('tray')], :2] = layout.places[-1]

    def dress(self, seed: int, light: float = 1.0) -> None:
        """
        Vary light, colours and camera pose by `seed`; nothing of it touches the physics.

        `light` multiplies all of the light.
        """
        rng = np.random.default_rng((seed, LOOK_STREAM))
        model, nominal = self.model, self.nominal
        model.light_diffuse[:] = nominal['light_diffuse'] * rng.uniform(0.75, 1.25) * light
        for part in HEADLIGHT:
            getattr(model.vis.headlight, part)[:] = nominal[part] * light
        shift = rng.uniform(-0.15, 0.15, nominal['light_dir'].shape)
        model.light_dir[:] = nominal['light_dir'] + shift
        rgba = nominal['geom_rgba'].copy()
        rgba[:, :3] *= rng.uniform(0.85, 1.15, (len(rgba), 1))
        rgba[:, :3] *= rng.uniform(0.95, 1.05, (len(rgba), 3))
        model.geom_rgba[:] = np.clip(rgba, 0.0, 1.0)
        places = nominal['cam_pos']
        model.cam_pos[:] = places + rng.uniform(-0.008, 0.008, places.shape)
        turned = nominal['cam_quat'] + rng.uniform(-0.006, 0.006, nominal['cam_quat'].shape)
        model.cam_quat[:] = turned / np.sqrt((turned * turned).sum(axis=1, keepdims=True))

    def stand(self, data: Any, positions: Floats) -> None:
        """Put the robot at `positions` (J,) at rest, drives included (mimicking joints too)."""
        data.qpos[self.qpos] = positions
        data.qvel[self.dof] = 0.0
        data.ctrl[:] = positions
        model = self.model
        for k in range(model.neq):
            follower, leader = model.eq_obj1id[k], model.eq_obj2id[k]
            value = data.qpos[model.jnt_qposadr[leader]] - model.qpos0[model.jnt_qposadr[leader]]
            polynomial = model.eq_data[k, :5]
            data.qpos[model.jnt_qposadr[follower]] = sum(
                c * value**power for power, c in enumerate(polynomial)
            )

    def aim(self, data: Any) -> None:
        """Work out what is drawn from the positions in `data` alone, cameras included."""
        mujoco = import_mujoco()
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_comPos(self.model, data)
        mujoco.mj_camlight(self.model, data)

    def poses(self, data: Any) -> Floats:
        """Return the poses of the cubes, the tray and the tool: (5, 7), quaternion x, y, z, w."""
        poses = np.empty((len(self.bodies), 7))
        poses[:, :3] = data.xpos[self.bodies]
        poses[:, 3:6] = data.xquat[self.bodies, 1:]
        poses[:, 6] = data.xquat[self.bodies, 0]
        return poses

    def body(self, name: str) -> int:
        """Return the body called `name`, or -1."""
        mujoco = import_mujoco()
        return int(mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, name))


def load(robot: str | Path, overlay: str | Path | None = None) -> Scene:
    """Return the scene of any robot in URDF or MJCF with an overlay in MJCF (None: none)."""
    mujoco = import_mujoco()
    for path in (robot, overlay):
        if path is not None and not Path(path).is_file():
            raise SceneError(f'there is no robot or overlay file {path}')
    try:
        cell = mujoco.MjSpec() if overlay is None else mujoco.MjSpec.from_file(str(overlay))
        arm = mujoco.MjSpec.from_file(str(robot))
        _prepare(mujoco, arm)
        _attach(mujoco, cell, arm)
        _drive(mujoco, cell)
        _mount_cameras(cell)
        tool_name = next((t.data for t in cell.texts if t.name == 'tool'), cell.bodies[-1].name)
        model = _compile(cell)
    except ValueError as error:
        raise SceneError(
            f'{robot} with overlay {overlay} is refused by MuJoCo: {error}'
        ) from error
    _damp(mujoco, model)
    return _describe(mujoco, model, tool_name)


def _damp(mujoco: Any, model: Any) -> None:
    """Add the overlay's damping, once compiled: a specification's has had several shapes."""
    if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_NUMERIC, 'damping') >= 0:
        damping = model.numeric('damping').data
        driven = model.actuator_trnid[: len(damping), 0]
        model.dof_damping[model.jnt_dofadr[driven]] += damping[: len(driven)]


def _compile(cell: Any) -> Any:
    with warnings.catch_warnings():  # names stay as in the URDF, so the prefix is empty
        warnings.filterwarnings('ignore', message='Attaching a spec with an empty prefix')
        return cell.compile()


def _attach(mujoco: Any, cell: Any, arm: Any) -> None:
    heard = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: None)  # the same remark goes to stderr and a file
    try:
        cell.attach(arm, frame=cell.worldbody.add_frame(), prefix='')
    finally:
        mujoco.set_mju_user_warning(heard)


def _prepare(mujoco: Any, arm: Any) -> None:
    """Compensate gravity by the drives, hide what stands in for a drawn shape, part own links."""
    for body in arm.bodies[1:]:
        body.gravcomp = 1.0
        drawn = any(geom.contype == 0 and geom.conaffinity == 0 for geom in body.geoms)
        for geom in body.geoms:
            if geom.contype or geom.conaffinity:
                # The links touch the cell and not each other: a self-collision is control's to
                # prevent, and the check would cost more than the rest of the physics.
                geom.contype, geom.conaffinity = 2, 1
                geom.group = GROUP_HIDDEN if drawn else geom.group
    for joint in arm.joints:
        joint.actgravcomp = True
        joint.solref_limit[:] = (0.004, 1.0)  # a stop of steel: two steps of physics
        joint.solimp_limit[:3] = (0.99, 0.999, 0.0001)


def _drive(mujoco: Any, cell: Any) -> None:
    """Add a position drive for each limited joint if nobody declared one; set armatures."""
    followers = {equality.name1 for equality in cell.equalities}
    limited = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)
    if not cell.actuators:
        for joint in cell.joints:
            if joint.type in limited and joint.name not in followers:
                drive = cell.add_actuator(name=joint.name, target=joint.name)
                drive.trntype = mujoco.mjtTrn.mjTRN_JOINT
                drive.set_to_position(kp=1000.0, kv=40.0)
    for drive in cell.actuators:
        drive.inheritrange = 1.0
    armature = next((n.data for n in cell.numerics if n.name == 'armature'), ())
    for drive, value in zip(cell.actuators, armature, strict=False):
        cell.joint(drive.target).armature = value
    for equality in cell.equalities:  # the follower is as stiff as the joint that leads it
        equality.solref[:2] = (0.004, 1.0)


def _mount_cameras(cell: Any) -> None:
    for text in cell.texts:
        if text.name.startswith('mount_'):
            name = text.name.removeprefix('mount_')
            still = cell.camera(name)
            body = cell.body(text.data)
            if still is None or body is None:
                raise SceneError(f'camera {name} cannot be mounted on body {text.data}')
            pose = {'pos': still.pos, 'quat': still.quat, 'fovy': still.fovy}
            pose['alt'] = still.alt
            cell.delete(still)
            alt = pose.pop('alt')
            moved = body.add_camera(name=name, **pose)
            moved.alt = alt


def _describe(mujoco: Any, model: Any, tool_name: str) -> Scene:
    joints = model.actuator_trnid[:, 0]
    tool = int(mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, tool_name))
    varied = ('light_diffuse', 'light_dir', 'geom_rgba', 'cam_pos', 'cam_quat')
    lower, upper = model.jnt_range[joints].T
    found = [mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name) for name in OBJECTS]
    return Scene(
        model=model,
        bodies=np.array([] if -1 in found else [*found, max(tool, 0)], dtype=np.intp),
        joint_names=tuple(model.joint(int(joint)).name for joint in joints),
        qpos=model.jnt_qposadr[joints].astype(np.intp),
        dof=model.jnt_dofadr[joints].astype(np.intp),
        tool=max(tool, 0),
        home=np.clip(np.zeros(len(joints)), lower, upper),
        nominal={name: np.array(getattr(model, name)) for name in varied}
        | {part: np.array(getattr(model.vis.headlight, part)) for part in HEADLIGHT},
    )
