"""Ensemble: several chunks put together at one instant, by time on the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.types import Floats

MOST = 64  # chunks that are put together
TURN = 2.0 * math.pi
DIGITS = 12  # of a ratio: libraries of exp differ in the last bit, and commands must not


@dataclass(frozen=True, slots=True, eq=False)
class Mixing:
    """How values of several chunks are put together; the masks are (J,), None: no joint."""

    ratio: float = 1.0  # weight of a chunk over that of one observed a row earlier
    angles: NDArray[np.bool_] | None = None  # joints at the same place a turn further
    discrete: NDArray[np.bool_] | None = None  # joints whose targets are choices: never mixed

    def between(self, old: Floats, new: Floats, share: float) -> Floats:
        """Return the way from `old` to `new` at `share`; choices are those of `new`."""
        target: Floats = old + self.nearest(new - old) * share
        return target if self.discrete is None else np.where(self.discrete, new, target)

    def nearest(self, ways: Floats) -> Floats:
        """Return ways (..., J) of which those of angles go round by half a turn at most."""
        if self.angles is None:
            return ways
        return np.where(self.angles, ways - TURN * np.rint(ways / TURN), ways)


def ratio_of(m: float) -> float:
    """Return exp(-m), the ratio of the weights of two predictions one row apart."""
    return round(math.exp(-m), DIGITS)


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """
    Chunks as arrays, the oldest first, with the weight of each: ratio to the power of its age.

    So it is the temporal ensemble of ACT where a chunk comes with every row. Its age counts in
    rows of time, so that a chunk that was lost or came late leaves the weights of the others.
    """

    start_ns: NDArray[np.int64]  # (N,)
    step_ns: NDArray[np.int64]
    last: NDArray[np.int64]  # index of the last row of each
    rows: Floats  # (N, T, J)
    linear: NDArray[np.bool_]
    weight: Floats

    @classmethod
    def of(cls, chunks: Sequence[Chunk], ratio: float) -> 'Ensemble':
        """Return the ensemble of chunks that begin one after the other; at least one."""
        starts, steps = [c.start_ns for c in chunks], [c.step_ns for c in chunks]
        most = max(len(chunk.rows) for chunk in chunks)
        rows = np.empty((len(chunks), most, chunks[0].rows.shape[1]))
        for own, chunk in zip(rows, chunks, strict=True):
            own[: len(chunk.rows)], own[len(chunk.rows):] = chunk.rows, chunk.rows[-1]
        weights, weight, counted = list[float](), 1.0, 0
        for start, step in zip(starts, steps, strict=True):
            age = (start - starts[0] + step // 2) // step
            while counted < age:  # a product of IEEE numbers: the same on every machine
                weight, counted = weight * ratio, counted + 1
            weights.append(weight)
        last = np.array([len(chunk.rows) - 1 for chunk in chunks])
        linear = np.array([chunk.interpolation == 'linear' for chunk in chunks])
        return cls(np.array(starts), np.array(steps), last, rows, linear, np.array(weights))

    def at(self, now_ns: int, share: float, mixing: Mixing) -> Floats:
        """
        Return the target at `now_ns`, (J,); at least one chunk has begun by then.

        The newest of these counts with `share` of its weight, and holds its last row for as long
        as it is asked. An older one loses its weight over its last row: at the instants of the
        rows it is there or gone, as in ACT, and in between no target jumps.
        """
        past = now_ns - self.start_ns
        newest = int(np.flatnonzero(past >= 0)[-1])
        row, rest = np.divmod(np.maximum(past, 0), self.step_ns)
        here_row, there_row = np.minimum(row, self.last), np.minimum(row + 1, self.last)
        each = np.arange(len(self.rows))
        here, there = self.rows[each, here_row], self.rows[each, there_row]
        part = np.where(self.linear, rest / self.step_ns, 0.0)
        values = here + (there - here) * part[:, None]
        left = (self.last + 1) * self.step_ns - past
        weight = self.weight * np.clip(left / self.step_ns, 0.0, 1.0)
        weight[newest], weight[newest + 1:] = self.weight[newest], 0.0
        if newest > 0 and weight[:newest].any():
            weight[newest] *= share
        ways = mixing.nearest(values - values[newest])
        way = np.add.reduce(ways * weight[:, None]) / np.add.reduce(weight)
        target: Floats = values[newest] + way
        return target
