"""Actions: what a graph gives, made into targets of the joints in SI units."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.tensors import Normalization
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True)
class Grip:
    """How a graph says how far a hand is open, and where its joint then is."""

    column: int
    closed: float  # the graph's figure for a closed hand
    opened: float
    closed_at: float  # [m] or [rad]
    open_at: float
    binary: bool = False  # past the middle the hand is open, or else closed

    def target(self, figures: Floats) -> Floats:
        """Return where the joint is to be; nothing beyond closed and open, NaN stays NaN."""
        share = np.clip((figures - self.closed) / (self.opened - self.closed), 0.0, 1.0)
        if self.binary:
            share = np.where(np.isnan(share), share, np.where(share > 0.5, 1.0, 0.0))
        return self.closed_at + share * (self.open_at - self.closed_at)


@dataclass(frozen=True, slots=True, eq=False)
class Actions:
    """The graph's convention: clip, normalization, then target = offset + scale * figure."""

    rows: int
    normalization: Normalization = field(default_factory=Normalization.identity)
    clip: tuple[float, float] | None = None
    scale: Floats | None = None
    offset: Floats | None = None
    relative: NDArray[np.bool_] | None = None  # joints whose figures are added to a place
    summed: bool = False  # the place is that of the row before, not of the observation
    grips: tuple[Grip, ...] = ()

    def table(self, output: NDArray[Any]) -> Floats:
        """Return the graph's output as rows (T, J) of its own figures, cut to the clip."""
        table = np.asarray(output, dtype=np.float64).reshape(self.rows, -1)
        return table if self.clip is None else np.clip(table, *self.clip)

    def targets(self, table: Floats, position: Floats | None = None) -> Floats:
        """
        Return rows of targets in the graph's order of joints.

        `position` (J,) is where they were observed, in the same order; deltas need it. NaN
        passes: refusing a chunk is the business of the process that must not trust us.
        """
        figures = self.normalization.undo(table)
        targets = figures if self.scale is None else figures * self.scale
        if self.offset is not None:
            targets = targets + self.offset
        if self.relative is not None:
            if position is None:
                raise ValueError('deltas need the position that they are relative to')
            deltas = np.cumsum(targets, axis=0) if self.summed else targets
            targets = np.where(self.relative, position + deltas, targets)
        for grip in self.grips:
            targets[:, grip.column] = grip.target(figures[:, grip.column])
        return targets
