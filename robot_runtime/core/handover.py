"""Handover: the target of a new mode fades in, so that no change of mode steps the command."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.limits import ramp_to_rest
from robot_runtime.core.types import Floats, Limits, Motion


@dataclass(frozen=True, slots=True, eq=False)
class Handover:
    """The stop of the motion that was there before, over which the new target fades in."""

    stop: Motion  # as of this tick
    begun_ns: int
    length_ns: int
    rates: NDArray[np.intp] | None = None  # joints whose targets are velocities; None: none

    def over(self, now_ns: int) -> bool:
        """Return whether the new target stands alone."""
        return now_ns - self.begun_ns >= self.length_ns

    def share(self, now_ns: int) -> float:
        """Return the share of the new target: from 0 to 1, level at both ends."""
        x = min(max((now_ns - self.begun_ns) / max(self.length_ns, 1), 0.0), 1.0)
        return x * x * (3.0 - 2.0 * x)

    def faded(self, target: Floats, now_ns: int) -> Floats:
        """Return `target` (J,) as it is followed at `now_ns`; at first it is the stop itself."""
        here = self.stop.position
        if self.rates is not None:
            here = here.copy()
            here[self.rates] = self.stop.velocity[self.rates]
        mixed: Floats = here + (target - here) * self.share(now_ns)
        return mixed


def begun(
    last: Motion,
    limits: Limits,
    dt_s: float,
    now_ns: int,
    length_ns: int,
    rates: NDArray[np.intp] | None = None,
) -> Handover:
    """Return the handover from `last`, the motion of the tick before this one."""
    return Handover(ramp_to_rest(last, limits, dt_s), now_ns, length_ns, rates)


def stepped(handover: Handover, limits: Limits, dt_s: float) -> Handover:
    """Return the handover one tick later."""
    return replace(handover, stop=ramp_to_rest(handover.stop, limits, dt_s))
