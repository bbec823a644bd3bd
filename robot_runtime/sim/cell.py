"""Cell in one process, in lockstep and as fast as it can: for training, evaluation and tests."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.runtime import resources
from robot_runtime.sim.scene import import_mujoco, load, SceneError
from robot_runtime.sim.sight import Sight
from robot_runtime.sim.task import in_tray, OBJECTS

Floats = NDArray[np.float64]

ROBOT = 'config/robots/fr3.urdf'
OVERLAY = 'config/sim/fr3_cell.xml'
HOME = (0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4, 0.04)


def shipped(relative: str) -> Path:
    """Return a file that ships with the package, or raise one sentence."""
    path = resources.find(relative)
    if path is None:
        raise SceneError(f'the package lacks {relative}: install it again')
    return path


class Cell:
    """
    The simulated robot, its table and cameras, stepped by the caller.

    Joints are in the order of the actuators: the arm, then the gripper. Poses are in the base
    frame: x, y, z [m] and a quaternion x, y, z, w.
    """

    def __init__(
        self,
        robot: str | Path | None = None,
        overlay: str | Path | None = None,
        seed: int = 0,
        *,
        noise: float = 1.0,
        light: float = 1.0,
    ) -> None:
        """Take the shipped robot by default; `noise` and `light` multiply the cameras' own."""
        if robot is None:
            robot, overlay = shipped(ROBOT), shipped(OVERLAY)
        self._mujoco = import_mujoco()
        self.scene = load(robot, overlay)
        self.data: Any = self._mujoco.MjData(self.scene.model)
        self.timestep_s = float(self.scene.model.opt.timestep)
        known = len(HOME) == len(self.scene.joint_names)
        self.home: Floats = np.array(HOME) if known else self.scene.home
        self._noise, self._light = noise, light
        self._sights: dict[tuple[int, int], Sight] = {}
        self.reset(seed)

    def reset(self, seed: int, robot: bool = True) -> None:
        """Place cubes and tray, set light, colours and cameras by `seed`; the robot goes home."""
        self.seed = seed
        if robot:
            self._mujoco.mj_resetData(self.scene.model, self.data)
            self.scene.stand(self.data, self.home)
            self._mujoco.mj_forward(self.scene.model, self.data)
        self.scene.place(self.data, seed)
        self.scene.dress(seed, self._light)
        self._mujoco.mj_forward(self.scene.model, self.data)
        for sight in self._sights.values():
            sight.seed(seed)

    def step(self, command: Floats | None = None, dt: float = 0.004) -> None:
        """Give the drives a position command (J,), None: the last one, and let `dt` [s] pass."""
        if command is not None:
            self.data.ctrl[:] = command
        for _ in range(max(1, round(dt / self.timestep_s))):
            self._mujoco.mj_step(self.scene.model, self.data)

    def joints(self) -> tuple[Floats, Floats, Floats]:
        """Return measured position, velocity and effort, each (J,)."""
        data, scene = self.data, self.scene
        return data.qpos[scene.qpos], data.qvel[scene.dof], data.qfrc_actuator[scene.dof]

    def objects(self) -> Floats:
        """Return the poses of the red, green and blue cube, the tray and the tool, (5, 7)."""
        return self.scene.poses(self.data)

    def render(
        self, camera: str, width: int = 320, height: int = 240, data: Any = None
    ) -> NDArray[np.uint8]:
        """
        Return what `camera` sees, with the noise of its sensor: (height, width, 3) RGB.

        `data` holds another moment of this cell, None: now.
        """
        if (width, height) not in self._sights:
            self._sights[width, height] = Sight(
                self.scene, width, height, self.seed, self._noise
            )
        return self._sights[width, height].look(self.data if data is None else data, camera)

    @property
    def has_task(self) -> bool:
        """Return whether the cubes and the tray are there."""
        return len(self.scene.bodies) > 0

    def success(self, colour: str) -> bool:
        """Return whether the cube of `colour` lies in the tray."""
        if not self.has_task:
            return False
        poses = self.objects()
        return in_tray(poses[OBJECTS.index(colour), :3], poses[OBJECTS.index('tray'), :3])

    def close(self) -> None:
        """Give back the renderers; also done when the process ends."""
        for sight in self._sights.values():
            sight.close()
        self._sights.clear()
