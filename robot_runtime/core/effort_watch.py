"""Effort watch: since when a joint pushes harder than it may, by what its driver measures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats

OVERLOAD_NS = 50_000_000  # so long a joint may be above its limit: a blow is shorter
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Strain:
    """When each joint came above its limit, (J,) [ns] on the steady clock; NEVER: it is not."""

    since_ns: NDArray[np.int64]
    seen_ns: int  # arrival of the newest joint state that is counted in


def strained(before: Strain | None, limit: Floats, sample: Sample[Measured]) -> Strain | None:
    """
    Return the strain after `sample`, None where its driver measures no effort.

    An effort that is not a number is not measured either: its joint is not watched.
    """
    effort = sample.value.effort
    if effort is None:
        return None
    if before is not None and before.seen_ns == sample.received_ns:
        return before
    since = np.full(len(limit), NEVER) if before is None else before.since_ns
    began = np.where(since == NEVER, sample.received_ns, since)
    return Strain(np.where(np.abs(effort) > limit, began, NEVER), sample.received_ns)


def overload(
    strain: Strain | None, limit: Floats, sample: Sample[Measured], names: tuple[str, ...]
) -> str:
    """Return in words which joint has pushed too hard for too long, or ''."""
    effort = sample.value.effort
    if strain is None or effort is None:
        return ''
    lasted = np.where(strain.since_ns == NEVER, 0, strain.seen_ns - strain.since_ns)
    joint = int(np.argmax(lasted))
    if lasted[joint] < OVERLOAD_NS:
        return ''
    return (
        f'measured effort: {names[joint]} has {effort[joint]:.6g} and was above its limit for '
        f'{lasted[joint] / 1e6:.1f} ms, allowed {limit[joint]:g} for {OVERLOAD_NS / 1e6:g} ms'
    )
