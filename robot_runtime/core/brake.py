"""
The gate's own stop: every joint slows down as hard as its jerk and acceleration let it, to rest.

Per tick a joint changes its velocity by a *gain*, acceleration * dt, and its gain by at most a
*jump*, jerk * dt^2. From a speed v the hardest braking gain is `landing`: let go of at one jump a
tick, it is used up exactly when the joint stands.
"""

import numpy as np
from robot_runtime.core.types import Floats, Limits, Motion

SETTLED = 1e-9  # of a jump: what rounding may make of a speed or a gain


def landing(speed: Floats, jump: Floats) -> Floats:
    """
    Return the hardest braking gain from which a joint comes to stand without turning round.

    With k = floor(x / jump) the gains x, x - jump, ... x - k * jump sum up to
    (k + 1) * x - jump * k * (k + 1) / 2, which is solved for x.
    """
    k = _whole(speed, jump)
    gain: Floats = speed / (k + 1.0) + 0.5 * jump * k
    return gain


def stop_step(motion: Motion, limits: Limits, dt_s: float) -> Motion:
    """Return the next tick of the stop from `motion`; a joint that stands stays."""
    jump = limits.jerk * (dt_s * dt_s)
    before = motion.acceleration * dt_s
    hardest = np.minimum(limits.acceleration * dt_s, landing(np.abs(motion.velocity), jump))
    wish = -np.copysign(hardest, motion.velocity)
    return changed(motion, np.clip(wish, before - jump, before + jump), jump, dt_s)


def changed(motion: Motion, gain: Floats, jump: Floats, dt_s: float) -> Motion:
    """Return the next tick of `motion` when its velocity changes by `gain`."""
    velocity = motion.velocity + gain
    velocity = np.where(np.abs(velocity) <= SETTLED * jump, 0.0, velocity)
    position = motion.position + velocity * dt_s
    return Motion(position, velocity, (velocity - motion.velocity) / dt_s)


def stop_reach(
    velocity: Floats, acceleration: Floats, most: Floats, jerk: Floats, dt_s: float
) -> tuple[Floats, Floats]:
    """
    Return how far up and how far down the stop moves from here, as signed distances.

    A stop braked at up to `most`, to the last of its ticks: the first figure is where its last
    way upwards ends, -inf when it never moves up; the second the mirror of it. A joint that
    brakes harder than it can let go of before it stands turns round: it moves both ways. Then
    its first way counts as if it landed, which is longer.
    """
    jump = jerk * (dt_s * dt_s)
    sign = first_sense(velocity, acceleration)
    speed, gain = np.abs(velocity), sign * acceleration * dt_s
    n = ticks_to_turn(speed, gain, jump)
    turns = n > 0.0
    if not turns.any():
        return _signed(sign, _way(speed, gain, most * dt_s, jump) * dt_s, np.inf)
    there = (n - 1.0) * (speed + n * (0.5 * gain + jump * (n + 1.0) / 6.0))
    after = speed + n * (gain + 0.5 * jump * (n + 1.0))
    gain = gain + n * jump
    way = _way(np.abs(after), np.where(turns, -gain, gain), most * dt_s, jump)
    forth = np.where(turns, _landing_way(speed, most * dt_s, jump), way)
    back = np.where(turns, there + after - way, np.inf)
    return _signed(sign, forth * dt_s, back * dt_s)


def _signed(sign: Floats, forth: Floats, back: Floats | float) -> tuple[Floats, Floats]:
    """Return the ways upwards and downwards of a stop that moves `forth` and then `back`."""
    forth = np.where(forth <= 0.0, -np.inf, forth)  # a NaN stays one
    up = sign == 1.0
    return np.where(up, forth, -back), np.where(up, back, -forth)


def first_sense(velocity: Floats, acceleration: Floats) -> Floats:
    """Return 1 for joints whose stop moves up at first or not at all, -1 for down."""
    up = (velocity > 0.0) | ((velocity == 0.0) & (acceleration >= 0.0))
    return np.where(up, 1.0, -1.0)


def ticks_to_turn(speed: Floats, gain: Floats, jump: Floats) -> Floats:
    """
    Return after how many ticks a joint moves back that brakes too hard to land, else 0.

    Letting go at one jump a tick, after n ticks its speed is v + n * g + n * (n + 1) / 2 * jump.
    """
    turns = gain < -landing(speed, jump) - jump * (1.0 + SETTLED)
    if not turns.any():
        return np.zeros(turns.shape)
    past = -gain - 0.5 * jump
    n = np.ceil((past - np.sqrt(np.maximum(past * past - 2.0 * jump * speed, 0.0))) / jump)
    return np.where(turns, np.maximum(n, 1.0), 0.0)


def ramp_ticks(speed: Floats, braking: Floats, most: Floats, jump: Floats) -> Floats:
    """
    Return for how many ticks the gain falls by a whole jump, `braking` jumps being there.

    From (i + f) jumps it may get to (k + f) as long as the speed before it suffices to let go
    of it: (k + f)^2 <= v / jump + i * (i + 1) / 2 + f * i + f^2.
    """
    i = np.floor(braking)
    f = braking - i
    room = speed / jump + i * (0.5 * (i + 1.0) + f) + f * f
    k = np.minimum(np.floor(np.sqrt(np.maximum(room, 0.0)) - f), np.floor(most / jump - f))
    ticks: Floats = np.maximum(k - i, 0.0)
    return ticks


def held_ticks(speed: Floats, most: Floats, jump: Floats) -> Floats:
    """Return for how many ticks a joint brakes with `most` before it has to let go of it."""
    k = np.floor(most / jump)
    last = (k + 1.0) * (most - 0.5 * jump * k)  # speed that letting go of `most` uses up
    ticks: Floats = np.maximum(np.floor((speed - last) / most) + 1.0, 0.0)
    return ticks


def _way(speed: Floats, gain: Floats, most: Floats, jump: Floats) -> Floats:
    """
    Return the sum of the speeds of all ticks of a stop that does not turn round.

    The gain falls by one jump a tick, is held at `most`, and is let go of.
    """
    braking = np.minimum(-gain, most) / jump
    n = ramp_ticks(speed, braking, most, jump)
    lost = jump * (0.5 * n * (n + 1.0))
    way = n * (speed - jump * braking * 0.5 * (n + 1.0)) - lost * (n + 2.0) / 3.0
    path: Floats = way + _landing_way(speed - n * jump * braking - lost, most, jump)
    return path


def _landing_way(speed: Floats, most: Floats, jump: Floats) -> Floats:
    """Return the sum of the speeds of all ticks when the gain is at once as hard as it may be."""
    n = held_ticks(speed, most, jump)
    way = n * (speed - most * (0.5 * (n + 1.0)))
    speed = np.maximum(speed - n * most, 0.0)
    k = _whole(speed, jump)
    f = speed / (k + 1.0) - 0.5 * jump * k
    path: Floats = way + 0.5 * k * (k + 1.0) * (f + jump * (k - 1.0) / 3.0)
    return path


def _whole(speed: Floats, jump: Floats) -> Floats:
    """Return how many whole jumps are in the gain that lands from `speed`."""
    whole: Floats = np.floor(0.5 * np.sqrt(1.0 + 8.0 * (speed / jump)) - 0.5)
    return whole


def let_go(velocity: Floats, acceleration: Floats, jerk: Floats, dt_s: float) -> Floats:
    """Return the velocity that a motion comes to when its acceleration is let go of."""
    jump = jerk * (dt_s * dt_s)
    rest = np.maximum(np.abs(acceleration) * dt_s - jump, 0.0)
    k = np.floor(rest / jump)
    after: Floats = velocity + np.copysign((k + 1.0) * (rest - 0.5 * jump * k), acceleration)
    return after


def peak_speed(velocity: Floats, acceleration: Floats, jerk: Floats, dt_s: float) -> Floats:
    """Return the greatest speed that a motion has yet, when its acceleration is let go of."""
    after = let_go(velocity, acceleration, jerk, dt_s)
    peak: Floats = np.maximum(np.abs(velocity), np.abs(after))
    return peak
