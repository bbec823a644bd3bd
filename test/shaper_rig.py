"""
Motions for the shaper, one tick each, and the record of what it makes of them.

    python test/shaper_rig.py    # write the record anew, when what it says was meant to change
"""

import json
from pathlib import Path

from gate_robot import DT, fr3
import numpy as np
from robot_runtime.core.brake import stop_reach
from robot_runtime.core.limits import braking, ramp_to_rest, shape, steer
from robot_runtime.core.types import Motion

RECORD = Path(__file__).resolve().parent / 'core' / 'shaper_record.json'
LIMITS = fr3()
JUMP = LIMITS.jerk * DT * DT
GROUPS = (slice(0, 4), slice(4, 7))
SIZE = (40, 8)  # robots, joints


def motions(rng):
    """Return motions all over the limits: many about to reach an end, some beyond it or on it."""
    side, speed = rng.choice([-1.0, 1.0], SIZE), rng.choice([0.0, 0.01, 0.1, 0.3, 1.0], SIZE)
    speed = speed * rng.uniform(0.0, 1.0, SIZE) * LIMITS.velocity
    gain = rng.choice([0.0, 0.3, 1.0, 2.7, 6.1, 12.5], SIZE) * rng.choice([-1.0, 1.0], SIZE)
    gain = np.clip(gain * JUMP / DT, -LIMITS.acceleration, LIMITS.acceleration)
    soft, lower, upper = braking(LIMITS, DT)
    ramp = (np.abs(gain) + soft) / LIMITS.jerk
    way = speed * (0.5 * speed / soft + 0.5 * ramp) + np.maximum(gain, 0.0) * ramp * ramp
    kind = rng.choice(5, SIZE, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    gap = np.choose(kind, [
        way * rng.uniform(0.8, 1.6, SIZE), rng.uniform(0.0, 1.0, SIZE) * (upper - lower),
        rng.uniform(0.0, 0.01, SIZE), np.zeros(SIZE), rng.uniform(-0.02, 0.0, SIZE),
    ])  # fmt: skip
    place = np.where(side > 0.0, upper - gap, lower + gap)
    sense = np.where(kind < 2, side, -side * (rng.random(SIZE) < 0.7))
    return Motion(place, speed * sense, gain * side)


def turning(rng, last):
    """Return the motions with those of ten robots about to turn round, near their way back."""
    few, size = slice(0, 10), (10, 8)
    side, gain = rng.choice([-1.0, 1.0], size), rng.uniform(1.5, 12.4, size)
    gain = np.where(rng.random(size) < 0.3, np.floor(gain), gain)
    k = np.floor(gain - 1.0)
    speed = rng.random(size) * (k + 1.0) * (gain - 1.0 - 0.5 * k)
    soft, lower, upper = braking(LIMITS, DT)
    velocity, acceleration = -side * speed * JUMP, side * gain * JUMP / DT
    up, down = stop_reach(velocity, acceleration, soft, LIMITS.jerk, DT)
    gap = np.where(side > 0.0, up, -down)
    gap = np.where(np.isfinite(gap), gap, 0.0) * rng.uniform(0.7, 1.2, size)
    place = np.where(side > 0.0, upper - gap, lower + gap)
    made = Motion(*(np.array(one) for one in (last.position, last.velocity, last.acceleration)))
    made.position[few], made.velocity[few], made.acceleration[few] = place, velocity, acceleration
    return made


def wishes(rng, last):
    """Return targets, and their velocities and accelerations, many of them zero."""
    soft, lower, upper = braking(LIMITS, DT)
    kind = rng.choice(5, SIZE)
    stop = last.velocity * np.abs(last.velocity) / (2.0 * soft) * rng.uniform(0.3, 2.0, SIZE)
    target = np.choose(kind, [
        last.position, last.position + rng.uniform(-1.0, 1.0, SIZE) * JUMP * DT,
        lower + rng.uniform(0.0, 1.0, SIZE) * (upper - lower),
        lower + rng.uniform(-1.0, 2.0, SIZE) * (upper - lower), last.position + stop,
    ])  # fmt: skip
    near = last.velocity + rng.uniform(-3.0, 3.0, SIZE) * JUMP
    wide = rng.uniform(-1.3, 1.3, SIZE) * LIMITS.velocity
    velocity = np.choose(rng.choice(4, SIZE), [0.0, 0.0, near, wide])
    bend = rng.uniform(-1.3, 1.3, SIZE) * LIMITS.acceleration
    return target, velocity, np.choose(rng.choice(3, SIZE), [0.0, 0.0, bend])


def answers(seed):
    """Return what the shaper makes of the motions of one seed."""
    rng = np.random.default_rng(seed)
    last = turning(rng, motions(rng))
    target, velocity, acceleration = wishes(rng, last)
    shaped = shape(target, last, LIMITS, DT, GROUPS, velocity, acceleration)
    alone = shape(target, last, LIMITS, DT)
    steered = steer(velocity, acceleration, last, LIMITS, DT, GROUPS)
    made = {'shaped': shaped.motion, 'alone': alone.motion, 'steered': steered,
            'ramped': ramp_to_rest(last, LIMITS, DT)}  # fmt: skip
    return last, made, {'shaped': shaped.active, 'alone': alone.active}


def travelled():
    """Return the velocities and flags of a run: to a place, to its ends, back, along a wave."""
    limits = LIMITS.part(np.array([0, 6, 7]))
    start = limits.upper - np.array([0.3, 0.3, 0.01])
    near, wave = np.array([0.02, 0.1, 0.004]), np.array([0.05, 0.1, 0.002])
    velocity, flags, last = [], [], Motion.at_rest(start)
    for n in range(330):
        place, speed, bend = start, np.zeros(3), np.zeros(3)
        if n < 60:
            place = start + near
        elif n < 180:
            place = limits.upper + 1.0
        elif n >= 260:
            place = start + wave * np.sin(8.0 * n * DT)
            speed, bend = wave * 8.0 * np.cos(8.0 * n * DT), -64.0 * wave * np.sin(8.0 * n * DT)
        shaped = shape(place, last, limits, DT, None, speed, bend)
        last = shaped.motion
        velocity.append(last.velocity)
        flags.append(shaped.active)
    return np.array(velocity), np.array(flags)


def main():
    """Write the record."""
    _, made, flags = answers(1)
    made['travelled'], flags['travelled'] = (one[::3] for one in travelled())
    record = {
        'velocity': {name: getattr(one, 'velocity', one).tolist() for name, one in made.items()},
        'active': {name: active.tolist() for name, active in flags.items()},
    }
    RECORD.write_text(json.dumps(record) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
