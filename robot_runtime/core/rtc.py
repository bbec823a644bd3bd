"""
Real-time chunking: a flow policy's chunk drawn to what is executed meanwhile.

Black et al. 2025, "Real-Time Execution of Action Chunking Flow Policies", and its training-time
variant. Flow time runs from 0 (noise) to 1 (actions); H rows of D actions, d of which pass until
the chunk arrives. Runs beside the loop, in the policy's process.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from robot_runtime.core.types import Floats

Decay = Literal['zeros', 'ones', 'linear', 'exp']
Velocity = Callable[[Floats, float], Floats]  # of x (H, D) at a flow time
RowVelocity = Callable[[Floats, Floats], Floats]  # of x (H, D), each row at a time of its own (H,)
Pullback = Callable[[Floats, float, Floats], Floats]  # x, flow time, error on the clean chunk


def prefix_weights(decay: Decay, start: int, end: int, total: int) -> Floats:
    """
    Return how much each row of a new chunk is bound to what is left of the last one, (total,).

    1 before `start` (those rows will have been executed), 0 from `end` on (nothing is left there,
    or it will be decided anew), and in between as `decay` says.
    """
    if not 0 <= end <= total:
        raise ValueError(f'end is {end}; allowed: 0 to {total}')
    start = min(start, end)
    rows = np.arange(total)
    if decay == 'zeros':
        return np.where(rows < start, 1.0, 0.0)
    if decay == 'ones':
        return np.where(rows < end, 1.0, 0.0)
    weights = np.clip((start - 1 - rows) / (end - start + 1) + 1.0, 0.0, 1.0)
    if decay == 'exp':
        weights = weights * np.expm1(weights) / np.expm1(1.0)
    return np.where(rows < end, weights, 0.0)


def guidance_weight(time: float, most: float) -> float:
    """Return how strongly a step at flow time `time`, in [0, 1), is guided; at most `most`."""
    left = 1.0 - time
    if time <= 0.0:
        return most
    return min(most, (left / time) * (left**2 + time**2) / left**2)


def guided(
    velocity: Velocity,
    noise: Floats,
    leftover: Floats,
    weights: Floats,
    steps: int,
    most: float,
    pullback: Pullback | None = None,
) -> Floats:
    """
    Return the chunk (H, D) that `steps` Euler steps make of `noise`, guided to `leftover` (H, D).

    `pullback` gives the product of an error with the Jacobian of the clean chunk. Without it the
    error itself guides, which needs no gradient of the graph.
    """
    x = np.array(noise, dtype=np.float64)
    for k in range(steps):
        time = k / steps
        v = velocity(x, time)
        error = (leftover - (x + (1.0 - time) * v)) * weights[:, None]
        pull = error if pullback is None else pullback(x, time, error)
        x = x + (v + guidance_weight(time, most) * pull) / steps
    return x


def conditioned(
    velocity: RowVelocity, noise: Floats, prefix: Floats, delay: int, steps: int
) -> Floats:
    """
    Return the chunk (H, D) of a policy that was trained to go on from a prefix.

    The first `delay` rows are those of `prefix` all the way, and at flow time 1.
    """
    x = np.array(noise, dtype=np.float64)
    known = np.arange(len(x)) < delay
    for k in range(steps):
        x = np.where(known[:, None], prefix, x)
        x = x + velocity(x, np.where(known, 1.0, k / steps)) / steps
    return np.where(known[:, None], prefix, x)
