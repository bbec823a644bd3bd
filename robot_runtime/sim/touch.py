"""
Witness of touch: the robot against the table and against itself, by MuJoCo's own geometry.

It shares nothing with the checks of loop and gate but the URDF: another library finds the
distances, and which links may touch is written down here once more.
"""

from itertools import combinations
from typing import Any

import numpy as np
from robot_runtime.sim.cell import Cell, Floats
from robot_runtime.sim.scene import import_mujoco

TABLE = 'table'
# A closed hand; and two links that overlap as they are drawn, where the joint between them has
# its range for that.
MAY_TOUCH = ({'fr3_leftfinger', 'fr3_rightfinger'}, {'fr3_link5', 'fr3_link7'})
FAR_M = 0.1  # up to which distances are looked at


class Touch:
    """Counts steps of physics in which the robot touched the table, or itself."""

    def __init__(self, cell: Cell) -> None:
        """Watch a cell, whose data it reads and leaves alone."""
        self._mujoco = import_mujoco()
        self._model, self._data = cell.scene.model, cell.data
        model = self._model
        driven = int(model.actuator_trnid[0, 0])
        self._root = model.body_rootid[model.jnt_bodyid[driven]]
        self.shapes = [g for g in range(model.ngeom) if model.geom_contype[g] and self._own(g)]
        self.pairs = [pair for pair in combinations(self.shapes, 2) if self._apart(*pair)]
        self.table = self._mujoco.mj_name2id(model, self._mujoco.mjtObj.mjOBJ_GEOM, TABLE)
        self._first, self._second = np.array(self.pairs, dtype=np.intp).reshape(-1, 2).T
        self._radii = model.geom_rbound[self._first] + model.geom_rbound[self._second]
        self.contacts = 0  # steps with the robot on the table
        self.self_contacts = 0  # steps with two links in each other
        self.nearest_m = FAR_M  # of two links

    def step(self) -> None:
        """Look at the step of physics that was just done."""
        self.contacts += self.on_table()
        gap_m = self.gap_m()
        self.nearest_m = min(self.nearest_m, gap_m)
        self.self_contacts += gap_m <= 0.0

    def on_table(self) -> bool:
        """Return whether a link pushes against the table."""
        return any(
            self.table in pair and (self._own(pair[0]) or self._own(pair[1]))
            for pair in self._data.contact.geom.tolist()
        )

    def gap_m(self) -> float:
        """Return the least distance of two links that must not touch, at most FAR_M."""
        places = self._data.geom_xpos
        apart = places[self._first] - places[self._second]
        gaps = np.sqrt((apart * apart).sum(axis=1)) - self._radii  # of spheres around them
        near = np.flatnonzero(gaps < FAR_M).tolist()
        return min((self.distance(*self.pairs[k]) for k in near), default=FAR_M)

    def distance(self, first: int, second: int, most: float = FAR_M) -> float:
        """Return the distance of two shapes [m], at most `most`; negative inside each other."""
        model, data = self._model, self._data
        return float(self._mujoco.mj_geomDistance(model, data, first, second, most, None))

    def link(self, shape: int) -> str:
        """Return the name of the link that a shape belongs to."""
        return str(self._model.body(self._model.geom_bodyid[shape]).name)

    def _own(self, shape: int) -> bool:
        return bool(self._model.body_rootid[self._model.geom_bodyid[shape]] == self._root)

    def _apart(self, first: int, second: int) -> bool:
        """Return whether a joint or more than one lie between, and no touch is allowed."""
        model = self._model
        links = [model.body_weldid[model.geom_bodyid[shape]] for shape in (first, second)]
        above = [model.body_weldid[model.body_parentid[link]] for link in links]
        adjacent = links[0] == links[1] or above[0] == links[1] or above[1] == links[0]
        return not adjacent and {self.link(first), self.link(second)} not in MAY_TOUCH


class ToolPlace:
    """Forward kinematics of the arm alone, on data of its own."""

    def __init__(self, cell: Cell, joints: slice) -> None:
        """Take the joints of the arm among those of the cell."""
        self._mujoco, self._scene = import_mujoco(), cell.scene
        self._joints = cell.scene.qpos[joints]
        self._data: Any = self._mujoco.MjData(cell.scene.model)

    def __call__(self, position: Floats) -> Floats:
        """Return where the tool is with the arm at `position`: x, y, z [m] in the base frame."""
        self._data.qpos[self._joints] = position
        self._mujoco.mj_kinematics(self._scene.model, self._data)
        return np.array(self._data.xpos[self._scene.tool])
