"""Lockstep rollout of a chunk policy in the simulated cell, as the live loop does it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.limits import shape
from robot_runtime.core.schedule import ahead, merge, sample, Schedule
from robot_runtime.core.types import Motion
from robot_runtime.export.pick_card import SIZE
from robot_runtime.runtime.images import resized
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.cell import Cell

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
CAMERAS = ('front', 'wrist')
PERIOD_NS = 200_000_000  # from one chunk to the next
DT_NS = 50_000_000  # between the rows of a chunk
BLEND_NS = 100_000_000
DELAY_NS = 24_000_000  # from the observation to the chunk
TICK_NS = 8_000_000  # two of the control loop's


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a policy sees, and what only the simulator knows."""

    state: Floats  # (8,) measured joints
    objects: Floats  # (5, 7) poses
    images: Pixels  # (2, 128, 128, 3)


class Rollout:
    """One cell whose robot follows chunks by the schedule, the shaper and the robot's limits."""

    def __init__(self, cell: Cell) -> None:
        """Take a cell; `reset` comes first."""
        robot = load_robot('fr3')
        self.cell, self._limits, self._groups = cell, robot.limits(), robot.groups()
        self.restart()

    def restart(self) -> None:
        """Forget the chunks, and begin at rest where the arm is."""
        self._now_ns = 0
        self._motion = Motion.at_rest(self.cell.joints()[0])
        self._schedule = Schedule('blend', BLEND_NS)

    def look(self) -> Scene:
        """Return what is there now."""
        images = [resized(self.cell.render(camera), SIZE, SIZE) for camera in CAMERAS]
        return Scene(self.cell.joints()[0], self.cell.objects(), np.stack(images))

    def follow(self, rows: Floats, delay_ns: int = DELAY_NS) -> None:
        """Let one period pass; the chunk of `rows`, made of what was just seen, comes late."""
        chunk = Chunk(self._now_ns, DT_NS, rows, self._now_ns + 1)
        taken = False
        end_ns = self._now_ns + PERIOD_NS
        tick_s = TICK_NS / 1e9
        while self._now_ns < end_ns:
            now_ns = self._now_ns
            if not taken and now_ns >= end_ns - PERIOD_NS + delay_ns:
                self._schedule, taken = merge(self._schedule, chunk, now_ns), True
            target = sample(self._schedule, now_ns)
            soon = None if target is None else ahead(
                self._schedule, now_ns, now_ns + TICK_NS, target
            )
            if target is not None and soon is not None:
                drift = (soon - target) / tick_s
                self._motion = shape(
                    target, self._motion, self._limits, tick_s, self._groups, drift).motion
            self.cell.step(self._motion.position, tick_s)
            self._now_ns += TICK_NS
