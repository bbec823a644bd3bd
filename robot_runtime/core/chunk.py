"""Chunk: what the policy wants over the next moments, laid on the clock."""

from dataclasses import dataclass, replace

import numpy as np
from robot_runtime.core.types import Floats


class ChunkError(ValueError):
    """A chunk has rows that must not steer."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """
    Rows of targets, one every `step_ns`, from `start_ns` on.

    Row 0 is due at the moment its observation was taken, so a slow inference needs no
    correction: the rows it used up are simply in the past.
    """

    start_ns: int  # our steady clock: when row 0 is due
    step_ns: int  # > 0
    rows: Floats  # (T, J) [rad] or [m]
    stamp_ns: int  # ROS time of the observation: the identity of the chunk
    interpolation: str = 'linear'  # or 'zoh'
    observed_ns: int | None = None  # our steady clock; None: at `start_ns`

    @property
    def seen_ns(self) -> int:
        """Return when its observation was taken, on the steady clock."""
        return self.start_ns if self.observed_ns is None else self.observed_ns

    @property
    def end_ns(self) -> int:
        """Return when the last row has had its own step, on the steady clock, without grace."""
        return self.start_ns + len(self.rows) * self.step_ns

    def at_speed(self, speed: float) -> 'Chunk':
        """Return the chunk on a clock that runs at `speed`, > 0, from the chunk's start on."""
        return self if speed == 1.0 else replace(self, step_ns=round(self.step_ns / speed))

    def at(self, now_ns: int, grace_ns: int | None = None) -> Floats | None:
        """
        Return the target at `now_ns`, (J,); None before the chunk and after its end.

        The last row is held for its own step and then for `grace_ns`, one step by default.
        """
        grace = self.step_ns if grace_ns is None else grace_ns
        if now_ns < self.start_ns or now_ns >= self.end_ns + grace:
            return None
        row, rest_ns = divmod(now_ns - self.start_ns, self.step_ns)
        last = len(self.rows) - 1
        if row >= last or self.interpolation == 'zoh':
            held: Floats = self.rows[min(row, last)].copy()
            return held
        here, there = self.rows[row], self.rows[row + 1]
        target: Floats = here + (there - here) * (rest_ns / self.step_ns)
        return target


def checked(rows: Floats, joints: int) -> None:
    """Raise ChunkError unless `rows` is (T, `joints`) with T >= 1 and every value finite."""
    if rows.ndim != 2 or rows.shape[1] != joints:
        raise ChunkError(f'the chunk has shape {rows.shape}; allowed: (rows, {joints})')
    if len(rows) == 0:
        raise ChunkError('the chunk has 0 rows; at least 1 is needed')
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, joint = (int(i) for i in bad[0])
        raise ChunkError(
            f'the chunk has {rows[row, joint]} at row {row}, joint {joint}, and {len(bad)} '
            f'non-finite values in all; every value must be finite'
        )
