"""Frozen camera: frames that go on coming and show the same picture while the robot moves."""

from typing import Literal

import numpy as np
from robot_runtime.core.types import Floats

When = Literal['motion', 'always', 'off']
MOVED = 0.02  # [rad], [m] of any joint, by which a picture must have changed


class FrozenCheck:
    """
    Watches one camera: how long its frames have been equal, and how far the robot moved since.

    A camera over a scene where nothing moves may well send equal frames, so by default they are
    a fault only once the robot has moved. A driver that repeats its last frame is caught so,
    whatever stamps it invents.
    """

    def __init__(self, when: When, after_ns: int) -> None:
        """Take when equal frames are a fault, and after what time."""
        self._when, self._after_ns = when, after_ns
        self._digest: int | None = None
        self._since_ns = 0
        self._from: Floats | None = None
        self._moved = 0.0  # furthest since: it may have come back

    def take(self, digest: int, position: Floats | None, now_ns: int) -> str:
        """Take the digest of a frame and where the robot is; return what is wrong, or ''."""
        if self._when == 'off':
            return ''
        if digest != self._digest:
            self._digest, self._since_ns, self._from = digest, now_ns, position
            self._moved = 0.0
            return ''
        self._from = position if self._from is None else self._from
        equal_ns = now_ns - self._since_ns
        if position is not None and self._from is not None:
            self._moved = max(self._moved, float(np.abs(position - self._from).max()))
        if equal_ns < self._after_ns or (self._when == 'motion' and self._moved <= MOVED):
            return ''
        return (
            f'is frozen: the same picture for {equal_ns / 1e9:.1f} s, while the robot moved by '
            f'{self._moved:.2g}'
        )
