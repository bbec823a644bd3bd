"""Plant of a lockstep run: the cell with its drivers, sensors and witnesses, on simulated time."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Image
from robot_runtime.core.types import Floats, Motion
from robot_runtime.runtime.robot_file import Camera, RobotFile
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.drives import take
from robot_runtime.sim.groups import groups_of, measured_witness
from robot_runtime.sim.scene import import_mujoco, SceneError
from robot_runtime.sim.touch import Touch
from robot_runtime.sim.witness import Findings

SECOND = 1_000_000_000
ROS_OFFSET_NS = 1_700_000_000 * SECOND  # from the steady clock to the senders' clock
STATES = 200  # joint states kept, as policy_node does
OBJECTS_NS = SECOND // 30
FRAME_LATENCY_NS = 15_000_000  # drawing, transport and polling: 11 to 18 ms over DDS
PHASE_STREAM = 3  # of the seed: when the cameras take their pictures


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """What a camera needs of one moment, so that only frames that are looked at are drawn."""

    stamp_ns: int  # steady clock
    positions: Floats
    mocap: Floats


class Plant:
    """Steps physics, takes commands, and keeps what the sensors said; the caller has the time."""

    def __init__(
        self, robot: RobotFile, cell: Cell, period_ns: int, cameras: list[str],
        scale: float = 1.0, space: bool = False,
    ) -> None:  # fmt: skip
        """
        Take the cameras that the policy looks at; no other is drawn.

        The witnesses judge by `scale` of the published limits, and in `space` if asked for.
        """
        if cell.scene.joint_names != robot.joint_names:
            raise SceneError(
                f'the simulated robot has the joints {list(cell.scene.joint_names)}, but the '
                f'robot file {robot.name} has {list(robot.joint_names)}'
            )
        self.cell = cell
        self._taken = take(cell, robot)
        self.step_ns = round(cell.timestep_s * SECOND)
        self._period_s = period_ns / SECOND
        self._eyes = [_Eye(cell, camera) for camera in robot.cameras if camera.name in cameras]
        self._data: Any = import_mujoco().MjData(cell.scene.model)
        self._scale, self._space = scale, space

    def reset(self, seed: int, now_ns: int) -> None:
        """Begin an episode with the robot at home."""
        self.cell.reset(seed)
        self._groups = groups_of(
            self.cell, self._period_s, scale=self._scale, space=self._space, taken=self._taken
        )
        self._witness = measured_witness(self.cell)
        self.touch = Touch(self.cell) if self._space else None
        self.states: deque[Sample[Measured]] = deque(maxlen=STATES)
        self.objects: Sample[Floats] | None = None
        self._objects_ns = now_ns
        rng = np.random.default_rng((seed, PHASE_STREAM))
        phase = rng.uniform()  # the cameras of one cell are triggered together
        for eye in self._eyes:
            eye.reset(now_ns, phase)

    def command(self, motion: Motion, now_ns: int) -> None:
        """Give the gate's command to the drivers, before the eyes of the witnesses."""
        measured = self.cell.data.qpos[self.cell.scene.qpos]
        for group in self._groups:
            mine = group.taken(motion)
            if group.witness is not None:
                group.witness.command(mine, self._period_s, measured[group.joints], now_ns)
            group.driver.command(mine, now_ns)

    def step(self, now_ns: int) -> Sample[Floats]:
        """Let one physics step pass from `now_ns`; return the joint state after it."""
        target = np.concatenate([group.driver.target(now_ns) for group in self._groups])
        self.cell.step(target, self.cell.timestep_s)
        now_ns += self.step_ns
        position, velocity, effort = self.cell.joints()
        if self._witness is not None:
            self._witness.step(position, velocity)
        if self.touch is not None:
            self.touch.step()
        stamp_ns = now_ns + ROS_OFFSET_NS
        self.states.append(Sample(now_ns, stamp_ns, Measured(position, velocity, effort)))
        if now_ns >= self._objects_ns:
            self._objects_ns += OBJECTS_NS
            self.objects = Sample(now_ns, stamp_ns, self.cell.objects())
        for eye in self._eyes:
            eye.take(now_ns)
        return Sample(now_ns, stamp_ns, position)

    def images(self, now_ns: int) -> dict[str, Sample[Image]]:
        """Return the newest frame of each camera that has come by `now_ns`."""
        seen = {eye.camera.name: eye.newest(self._data, now_ns) for eye in self._eyes}
        return {name: sample for name, sample in seen.items() if sample is not None}

    @property
    def findings(self) -> tuple[Findings, ...]:
        """Return what the witness of each group saw of its commands in this episode."""
        return tuple(g.witness.findings for g in self._groups if g.witness is not None)

    @property
    def measured(self) -> int:
        """Return the steps of this episode at which the hardware's limits were exceeded."""
        return self._witness.violations if self._witness is not None else 0

    @property
    def measured_velocity_ratio(self) -> float:
        """Return the greatest measured velocity as a share of what the hardware may do."""
        return self._witness.peak_velocity_ratio if self._witness is not None else 0.0

    @property
    def violations(self) -> int:
        """Return what the witnesses have counted in this episode."""
        return sum(found.total for found in self.findings) + self.measured

    @property
    def first_violation(self) -> str:
        """Return the first violation of this episode, in words, or ''."""
        found = [one.first for one in self.findings]
        found += [self._witness.first] if self._witness is not None else []
        return next((text for text in found if text), '')


class _Eye:
    """One camera: it notes when its pictures are due, and draws one when it is asked for."""

    def __init__(self, cell: Cell, camera: Camera) -> None:
        self.camera, self._cell = camera, cell
        self._period_ns = SECOND / camera.fps

    def reset(self, now_ns: int, phase: float) -> None:
        self._first_ns, self._count = now_ns + phase * self._period_ns, 0
        self._taken: deque[_Moment] = deque()
        self._seen: Sample[Image] | None = None

    def take(self, now_ns: int) -> None:
        if now_ns < self._first_ns + self._count * self._period_ns:
            return
        self._count += 1
        data = self._cell.data
        self._taken.append(_Moment(now_ns, data.qpos.copy(), data.mocap_pos.copy()))

    def newest(self, data: Any, now_ns: int) -> Sample[Image] | None:
        come = None
        while self._taken and self._taken[0].stamp_ns + FRAME_LATENCY_NS <= now_ns:
            come = self._taken.popleft()
        if come is not None:
            data.qpos[:], data.mocap_pos[:] = come.positions, come.mocap
            self._cell.scene.aim(data)
            camera = self.camera
            image = self._cell.render(camera.name, camera.width, camera.height, data)
            received_ns = come.stamp_ns + FRAME_LATENCY_NS
            self._seen = Sample(received_ns, come.stamp_ns + ROS_OFFSET_NS, image)
        return self._seen
