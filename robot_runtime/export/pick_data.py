"""Training data of the pick policy: shards of seen scenes with the expert's chunk per goal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.expert import CLOSED, OPEN, READY_TCP, ROWS, SLOTS
from robot_runtime.export.make_scripted_pick import build
from robot_runtime.export.pick_arm import downward, reach
from robot_runtime.export.pick_card import SIZE
from robot_runtime.export.pick_rollout import Rollout, Scene
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.task import COLOURS, CUBE_HALF_M

Floats = NDArray[np.float64]
Student = Callable[[Scene, int], Floats]
FIRST_SEED = 1_000_000  # of a scene to train on; those below are for evaluation
SEEDS_PER_SHARD = 10_000
SHARD = 1000  # samples
EPISODE_PERIODS = 80
TURN_CHANCE = 0.07  # per period, that student and expert change places
DELAYS_MS = (24, 24, 60, 120, 180)  # of an inference, less than a period
REST_PERIODS = 4  # seen after the task is done
SCATTERED_SHARE = 0.25  # of the samples of a shard without a student
FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    'images': ((2, SIZE, SIZE, 3), 'u1'), 'state': ((8,), 'f4'), 'objects': ((5, 7), 'f4'),
    'chunks': ((3, ROWS, 8), 'f4'), 'goal': ((), 'u1'),
}  # fmt: skip


class Expert:
    """The scripted policy, which knows where things are, for every goal at once."""

    def __init__(self) -> None:
        """Open its graph on one thread."""
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            build(), options, providers=['CPUExecutionProvider'])

    def __call__(self, scene: Scene) -> NDArray[np.float32]:
        """Return the chunks (3, rows, 8), one per colour."""
        feed: dict[str, Any] = {'state': scene.state[None].astype(np.float32),
                                'objects': scene.objects[None].astype(np.float32)}
        chunks = [self._session.run(None, feed | {'goal': np.array([goal])})[0][0]
                  for goal in range(len(COLOURS))]
        return np.stack(chunks)


class Collector:
    """Fills one shard with what happens in disturbed episodes and random states."""

    def __init__(self, index: int, student: Student | None, count: int = SHARD) -> None:
        """Take the number of the shard, from which every seed follows."""
        self._rng = np.random.default_rng((FIRST_SEED + index, 11))
        self._seed = FIRST_SEED + index * SEEDS_PER_SHARD
        self._cell = Cell(seed=self._seed)
        self._rollout = Rollout(self._cell)
        self._expert, self._student = Expert(), student
        self._filled = 0
        self.fields = {name: np.zeros((count, *size), dtype)
                       for name, (size, dtype) in FIELDS.items()}

    def run(self) -> dict[str, NDArray[Any]]:
        """Return the full shard."""
        count = len(self.fields['goal'])
        scattered = 0.0 if self._student else SCATTERED_SHARE
        while self._filled < count:
            if self._filled < scattered * count:
                self._scattered()
            else:
                self._episode()
        self._cell.close()
        return self.fields

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed

    def _keep(self, scene: Scene, goal: int) -> NDArray[np.float32]:
        chunks = self._expert(scene)
        if self._filled < len(self.fields['goal']):
            values = {'images': scene.images, 'state': scene.state, 'objects': scene.objects,
                      'chunks': chunks, 'goal': goal}
            for name, value in values.items():
                self.fields[name][self._filled] = value
            self._filled += 1
        return chunks

    def _stand(self, arm: Floats, finger: float) -> None:
        cell = self._cell
        cell.scene.stand(cell.data, np.append(arm, finger))
        cell.step(dt=0.012)

    def _put(self, colour: int, place: Floats) -> None:
        """Move a cube to `place`, at rest."""
        model, data = self._cell.scene.model, self._cell.data
        joint = model.body_jntadr[self._cell.scene.body(COLOURS[colour])]
        data.qpos[model.jnt_qposadr[joint]:][:3] = place
        data.qvel[model.jnt_dofadr[joint]:][:6] = 0.0

    def _fill_tray(self, chance: float) -> None:
        """Sometimes begin with cubes in the tray."""
        if self._rng.random() < chance:
            tray = self._cell.objects()[3, :3]
            for colour in self._rng.permutation(3)[:self._rng.integers(1, 3)]:
                self._put(colour, tray + SLOTS[colour] + (0.0, 0.0, CUBE_HALF_M + 0.008))

    def _scattered(self) -> None:
        """Keep one state with the tool anywhere, often just over a cube."""
        rng, cell = self._rng, self._cell
        goal = int(rng.integers(3))
        cell.reset(self._next_seed())
        self._fill_tray(0.15)
        cube = cell.objects()[goal]
        near = rng.random() < 0.7
        spread = rng.choice([0.006, 0.02, 0.05])
        at = cube[:3] + rng.normal(0, spread, 3) * (1, 1, 0) if near else rng.uniform(
            (0.33, -0.27, 0.05), (0.62, 0.27, 0.45))
        if near:
            at[2] = CUBE_HALF_M + rng.choice([rng.uniform(0, 0.03), rng.uniform(0, 0.16)])
        yaw = 2 * np.arctan2(cube[5], cube[6]) + rng.normal(0, 0.15 if near else 0.6)
        arm = reach(at, downward(yaw))
        if arm is None or at[2] < 0.012:
            return
        arm = arm + rng.normal(0, 0.01, 7)
        finger = OPEN if rng.random() < 0.8 else rng.uniform(CLOSED, OPEN)
        self._stand(arm, finger)
        if np.abs(cell.data.qvel).max() < 3.0:
            self._keep(self._rollout.look(), goal)

    def _begin(self) -> None:
        rng, cell = self._rng, self._cell
        cell.reset(self._next_seed())
        spread = rng.choice([0.02, 0.1, 0.25], p=[0.5, 0.3, 0.2])
        arm = cell.home[:7] + rng.normal(0, spread, 7) * (1, 0.6, 0.6, 0.6, 0.6, 0.6, 1)
        finger = OPEN if rng.random() < 0.8 else rng.uniform(CLOSED, OPEN)
        self._stand(arm, finger)
        if cell.objects()[4, 2] < 0.2:
            self._stand(cell.home[:7], OPEN)
        self._fill_tray(0.2)
        cell.step(dt=0.1)
        self._rollout.restart()

    def _episode(self) -> None:
        """Keep what is seen on the way to a goal, by expert or student, and disturbed."""
        rng, cell = self._rng, self._cell
        goal = int(rng.integers(3))
        self._begin()
        noise = Noise(rng, gentle=self._student is not None)
        resting = 0
        own = rng.random() < 0.85  # the student acts, else the expert
        delay_ns = int(rng.choice(DELAYS_MS)) * 1_000_000
        for _ in range(EPISODE_PERIODS):
            own ^= rng.random() < TURN_CHANCE
            if rng.random() < 0.02 and cell.objects()[4, 2] > 0.25:
                cell.reset(self._next_seed(), robot=False)
            if rng.random() < 0.01:
                goal = int(rng.integers(3))
            scene = self._rollout.look()
            rows = self._keep(scene, goal)[goal].astype(np.float64)
            if self._filled == len(self.fields['goal']):
                return
            if self._student is not None and own:
                rows = self._student(scene, goal)
            self._rollout.follow(noise.disturb(rows, cell.objects()[4, 2]), delay_ns)
            home = np.abs(cell.objects()[4, :3] - READY_TCP).max() < 0.02
            resting += home and cell.success(COLOURS[goal])
            if resting > REST_PERIODS:
                return


class Noise:
    """Disturbance of what the robot does: drifts, pushes and a hand that opens by itself."""

    def __init__(self, rng: np.random.Generator, gentle: bool) -> None:
        """Draw how disturbed this episode is."""
        self._rng = rng
        self._chance = rng.choice([0.0, 0.1, 0.25]) * (0.3 if gentle else 1.0)
        self._drift = rng.choice([0.0, 0.01]) * rng.normal(0, 1, 7)
        self._left, self._push, self._hand = 0, np.zeros(7), -1.0

    def disturb(self, rows: Floats, height: float) -> Floats:
        """Return rows that lead elsewhere for some periods; less far near the table."""
        rng = self._rng
        if self._left == 0 and rng.random() < self._chance:
            self._left = int(rng.integers(1, 5))
            self._push = rng.normal(0, 0.05 if height > 0.15 else 0.02, 7)
            self._hand = rng.choice([-1.0, CLOSED, OPEN], p=[0.8, 0.1, 0.1])
        growth = np.minimum(np.arange(len(rows)) / 4.0, 2.0)[:, None]
        moved = rows.copy()
        moved[:, :7] += growth * (self._drift + (self._push if self._left else 0.0))
        if self._left:
            self._left -= 1
            moved[:, 7] = self._hand if self._hand >= 0.0 else moved[:, 7]
        return moved


def shard_path(folder: Path, index: int) -> Path:
    """Return where a shard is kept."""
    return folder / f'shard_{index:04d}'


def make_shard(index: int, folder: Path, student: Path | None = None) -> None:
    """Write a shard, unless it is there; `student` is a graph that acts for the expert."""
    path = shard_path(folder, index)
    if path.is_dir():
        return
    acting = None
    if student is not None:
        from robot_runtime.export.pick_student import open_student

        acting = open_student(student, index)
    fields = Collector(index, acting).run()
    part = path.with_suffix('.part')
    part.mkdir(parents=True, exist_ok=True)
    for name, values in fields.items():
        np.save(part / f'{name}.npy', values)
    part.rename(path)
