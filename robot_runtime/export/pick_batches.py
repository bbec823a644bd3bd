"""Batches of the pick policy: samples of the shards with a goal, its words and its targets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.expert import CLOSED, HELD_BELOW, OPEN, OPEN_ABOVE
from robot_runtime.export.language import entries, HOLD, sentence, tokenize
from robot_runtime.export.pick_card import normal_state, PIXEL_MEAN, PIXEL_STD
from robot_runtime.export.pick_data import FIELDS
from robot_runtime.export.pick_gaze import gaze, THINGS
from robot_runtime.export.pick_scene import asked, blurred, pointers, TASK, UNIT_M

Floats = NDArray[np.float32]
Raw = dict[str, NDArray[Any]]
FACTS = ('state', 'objects', 'chunks', 'goal')  # all that is not pixels
ACTIVE, OTHER = 0.6, 0.3  # shares of the goal that was followed, and of another; the rest holds
GAIN, OFFSET = 0.25, 0.1  # of an image's brightness


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the expert does in states whose scene is known."""

    state: Floats  # (B, 8) as the graph takes it
    task: Floats  # (B, TASK) with some blur
    offsets: Floats  # (B, ROWS, 7) [rad] from the state
    opened: Floats  # (B, ROWS) of the hand, 0 or 1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Inputs as the graph takes them, and what the network shall say."""

    images: Floats  # (B, 2, 128, 128, 3)
    state: Floats  # (B, 8)
    tokens: NDArray[np.int64]  # (B, WORDS)
    offsets: Floats  # (B, ROWS, 7) [rad] from the state
    opened: Floats  # (B, ROWS) of the hand, 0 or 1
    aux: Floats  # (B, ALL)
    named: Floats  # (B, 1) whether a cube is named
    gaze: Floats  # (B, 2, 4, 256) where each eye shall look
    visible: Floats  # (B, 2, 4) whether there is something to see
    points: NDArray[np.int64]  # (B, 4) which of what both eyes found is the cube, the tray


class Shards:
    """All samples under some folders; new shards are found when asked to look again."""

    def __init__(self, folders: list[Path], words: tuple[str, ...], seed: int) -> None:
        """Take where shards are and will be."""
        self._folders, self._table = folders, entries(words)
        self._rng = np.random.default_rng(seed)
        self._open: dict[Path, Raw] = {}
        self.find()

    def find(self) -> int:
        """Open what is new, and return how many samples there are."""
        before = len(self._open)
        for folder in self._folders:
            for path in sorted(folder.glob('shard_????')):
                if path not in self._open:
                    self._open[path] = {
                        name: np.load(path / f'{name}.npy', mmap_mode='r') for name in FIELDS}
        self._list = list(self._open.values())
        sizes = [len(shard['goal']) for shard in self._list]
        self._ends = np.cumsum(sizes)
        if len(self._open) > before:
            self._facts = {name: np.concatenate([shard[name] for shard in self._list])
                           for name in FACTS}
        return int(sum(sizes))

    def batch(self, count: int) -> Batch:
        """Return samples drawn at random, with their images."""
        places = self._rng.integers(self._ends[-1], size=count)
        images = []
        for place in places:
            k = int(np.searchsorted(self._ends, place, side='right'))
            images.append(self._list[k]['images'][place - (self._ends[k - 1] if k else 0)])
        return self._made({name: self._facts[name][places] for name in FACTS}, np.stack(images))

    def facts(self, count: int) -> Facts:
        """Return samples drawn at random, without images."""
        places = self._rng.integers(self._ends[-1], size=count)
        raw = {name: self._facts[name][places] for name in FACTS}
        goals = self._goals(raw)
        offsets, opened = targets(raw, goals)
        named = (goals < HOLD).astype(np.float32)
        task = asked(raw['state'], raw['objects'], np.minimum(goals, 2), named)[:, -TASK:]
        return Facts(normal_state(raw['state']), blurred(task, self._rng), offsets, opened)

    def _goals(self, raw: Raw) -> NDArray[np.int_]:
        count = len(raw['goal'])
        draw = self._rng.random(count)
        other = (raw['goal'] + self._rng.integers(1, 3, count)) % 3
        goals = np.where(draw < ACTIVE, raw['goal'], np.where(draw < ACTIVE + OTHER, other, HOLD))
        return goals.astype(int)

    def _made(self, raw: Raw, images: NDArray[np.uint8]) -> Batch:
        state, goals = raw['state'], self._goals(raw)
        named, goal = (goals < HOLD).astype(np.float32), np.minimum(goals, 2)
        offsets, opened = targets(raw, goals)
        texts = [sentence(self._rng, one) for one in goals]
        aux = asked(state, raw['objects'], goal, named)
        things = aux[:, :3 * THINGS].reshape(len(goals), THINGS, 3) * UNIT_M
        look, visible = gaze(raw['objects'], things)
        return Batch(
            images=self._lit(images), state=normal_state(state),
            tokens=np.stack([tokenize(text, self._table) for text in texts]), offsets=offsets,
            opened=opened, aux=aux, named=named[:, None], gaze=look, visible=visible,
            points=pointers(goal))

    def _lit(self, images: NDArray[np.uint8]) -> Floats:
        """Return pixels as the graph takes them, with another brightness."""
        shape = (len(images), 2, 1, 1, 3)
        gain = self._rng.uniform(1 - GAIN, 1 + GAIN, (len(images), 2, 1, 1, 1))
        gain = (gain * self._rng.uniform(0.95, 1.05, shape) / 255.0 / PIXEL_STD)
        offset = self._rng.uniform(-OFFSET, OFFSET, (len(images), 2, 1, 1, 1)) - PIXEL_MEAN
        lit: Floats = images * gain.astype(np.float32) + (offset / PIXEL_STD).astype(np.float32)
        return lit


def targets(raw: Raw, goals: NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Return the expert's offsets and hand for goals; for none, the arm and the hand stay."""
    state, none = raw['state'], goals == HOLD
    chunks = raw['chunks'][np.arange(len(goals)), np.minimum(goals, 2)]
    offsets = chunks[:, :, :7] - state[:, None, :7]
    offsets[none] = 0.0
    grip = np.where(state[:, 7] < (HELD_BELOW + OPEN_ABOVE) / 2, CLOSED, OPEN)
    hand = np.where(none[:, None], grip[:, None], chunks[:, :, 7])
    return offsets, (hand > OPEN / 2).astype(np.float32)
