"""Student: a graph of the pick policy that acts, and how often it succeeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.language import sentence
from robot_runtime.export.pick_card import normal_images, normal_state
from robot_runtime.export.pick_rollout import PERIOD_NS, Rollout, Scene
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.task import COLOURS

Floats = NDArray[np.float64]
INSTRUCTION = 'pick up the {} cube and put it in the tray'
PERIODS = 150  # of 0.2 s that an episode may take
LIFTED_M = 0.08


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one episode."""

    seed: int
    colour: str
    success: bool
    lifted: bool  # the named cube was off the table
    wrong: bool  # another cube was
    seconds: float


class Student:
    """The graph in a session of one thread."""

    def __init__(self, graph: Path, seed: int = 0) -> None:
        """Open the graph."""
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(graph), options, providers=['CPUExecutionProvider'])
        self._rng = np.random.default_rng((seed, 3))

    def chunk(self, scene: Scene, text: str) -> Floats:
        """Return the rows (ROWS, 8) that the graph gives."""
        front, wrist = normal_images(scene.images)
        rows = self._session.run(None, {
            'front': front[None], 'wrist': wrist[None], 'state': normal_state(scene.state)[None],
            'instruction': np.array([text], dtype=object)})[0]
        return np.asarray(rows[0], dtype=np.float64)

    def __call__(self, scene: Scene, goal: int) -> Floats:
        """Return the rows for a goal that is asked for in one of many wordings."""
        return self.chunk(scene, sentence(self._rng, goal))


def open_student(graph: Path, seed: int) -> Student:
    """Return the student that acts while a shard is collected."""
    return Student(graph, seed)


def evaluate(graph: Path, seeds: range, text: str = INSTRUCTION) -> Iterator[Outcome]:
    """Let the student do one episode per seed, the colours in turn; success ends an episode."""
    student, cell = Student(graph), Cell()
    rollout = Rollout(cell)
    for seed in seeds:
        colour = COLOURS[seed % len(COLOURS)]
        cell.reset(seed)
        cell.step(dt=0.1)
        rollout.restart()
        yield _episode(student, rollout, seed, colour, text.format(colour))
    cell.close()


def _episode(student: Student, rollout: Rollout, seed: int, colour: str, text: str) -> Outcome:
    own = COLOURS.index(colour)
    highest = np.zeros(3)
    periods = 0
    while periods < PERIODS:
        periods += 1
        scene = rollout.look()
        rollout.follow(student.chunk(scene, text))
        highest = np.maximum(highest, rollout.cell.objects()[:3, 2])
        released = rollout.cell.joints()[0][7] > 0.035
        if rollout.cell.success(colour) and released:
            break
    wrong = bool(np.delete(highest, own).max() > LIFTED_M)
    return Outcome(seed, colour, rollout.cell.success(colour), bool(highest[own] > LIFTED_M),
                   wrong, periods * PERIOD_NS / 1e9)
