"""
Safety campaign: many robots with adversarial targets, each command judged by the gate's rules.

    python -m benchmarks.safety_campaign --joint-ticks 1e8 --json campaign.json

Random limits, periods and targets; the shipped shaper proposes, the shipped rules of the gate
judge each command, and position, velocity, curve, acceleration and jerk are measured once more
here, from the positions alone. From some of the states the gate's own stop is run to its end.
"""

import argparse
from collections.abc import Iterator
import json
from pathlib import Path
import time
from typing import Any

import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.guard import rules
from robot_runtime.core.limits import INFEASIBLE, shape
from robot_runtime.core.types import Floats, Limits, Motion

PERIODS_S = (0.0005, 0.001, 0.002, 0.004, 0.01, 0.02, 0.05)
KINDS = ('steps', 'ends', 'every tick', 'bang-bang', 'chirp', 'huge', 'moving', 'tiny')
JOINTS, ROBOTS, TICKS = 7, 512, 400
TOLERANCE = 1e-6  # relative, as the gate's
ALONE = 100_000  # robot ticks that are compared bit for bit with one robot at a time
BOUNDS = ('position', 'velocity', 'curve', 'acceleration', 'jerk')


def robots(rng: np.random.Generator, count: int, dt_s: float, joints: int = JOINTS) -> Limits:
    """Return the limits of random robots, (count, joints); half the joints have a curve."""
    size = (count, joints)
    lower, upper = -rng.uniform(0.2, 3.0, size), rng.uniform(0.2, 3.0, size)
    acceleration = rng.uniform(0.5, 20.0, size)
    velocity = np.minimum(rng.uniform(0.1, 4.0, size), 0.1 / dt_s)
    curved = rng.random(size) < 0.5
    deceleration = np.where(curved, rng.uniform(1.0, 20.0, size), np.inf)
    offset = np.where(curved, rng.uniform(0.0, 0.3, size), 0.0)
    return Limits(
        lower=lower,
        upper=upper,
        velocity=velocity,
        acceleration=acceleration,
        jerk=acceleration * rng.choice([5.0, 20.0, 20.0, 20.0, 500.0], size),
        lead=np.full(size, np.inf),
        velocity_offset=offset,
        velocity_deceleration=deceleration,
        velocity_lower_end=np.where(curved, lower - 0.006, -np.inf),
        velocity_upper_end=np.where(curved, upper + 0.006, np.inf),
    )


def targets(
    rng: np.random.Generator, kind: str, limits: Limits, dt_s: float
) -> Iterator[tuple[Floats, Floats | None]]:
    """Yield a target and its velocity for each tick, without end."""
    size, middle = limits.lower.shape, 0.5 * (limits.lower + limits.upper)
    span = limits.upper - limits.lower
    tick, every = 0, np.maximum(rng.integers(1, 200), 1)
    target, speed = middle, None
    phase, rate = rng.uniform(0, 6.3, size), rng.uniform(0.1, 3.0, size)
    while True:
        if kind == 'every tick' or (kind in ('steps', 'moving') and tick % every == 0):
            target = middle + span * rng.uniform(-1.0, 1.0, size)
            speed = rng.normal(0.0, 3.0, size) if kind == 'moving' else None
        elif kind == 'ends' and tick % every == 0:
            target = np.where(rng.random(size) < 0.5, limits.lower, limits.upper)
        elif kind == 'bang-bang':
            target = np.where((tick // every) % 2 == 0, limits.lower - 1.0, limits.upper + 1.0)
        elif kind == 'chirp':
            angle = phase + rate * tick * dt_s * (1.0 + 0.01 * tick)
            target = middle + 0.6 * span * np.sin(angle)
        elif kind == 'huge' and tick % every == 0:
            target = rng.choice([-1e308, -1e9, 0.0, 1e9, 1e308], size)
            speed = rng.choice([-1e308, 0.0, 1e308], size)
        elif kind == 'tiny':
            target = rng.choice([-5e-324, 5e-324, 1e-300, -1e-15, 1e-12], size)
        if kind == 'moving' and speed is not None:
            target = target + speed * dt_s
        tick += 1
        yield target, speed


class Tally:
    """What was seen: violations by rule, and the nearest approach to each bound."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.ticks = 0
        self.violations: dict[str, int] = {}
        self.margin = dict.fromkeys(BOUNDS, np.inf)  # of the bound; negative is beyond it
        self.infeasible = 0

    def judge(self, motion: Motion, last: Motion, limits: Limits, dt_s: float) -> None:
        """Take the rules of the gate, and what the positions alone say."""
        self.ticks += motion.position.size
        for rule in rules(motion, last, 1, None, limits, dt_s):
            self._count(f'gate: {rule.refusal.name.lower()}', ~rule.kept)
        q, v = motion.position, (motion.position - last.position) / dt_s
        a = (v - last.velocity) / dt_s
        half = 0.5 * (limits.upper - limits.lower)
        with np.errstate(invalid='ignore'):
            room = np.where(v > 0, limits.velocity_upper_end - q, q - limits.velocity_lower_end)
            root = np.sqrt(2.0 * limits.velocity_deceleration * np.maximum(room, 0.0))
        free = np.maximum(root - limits.velocity_offset, 0.0) - np.abs(v)
        curve = np.where(v == 0.0, np.inf, free) / limits.velocity
        self._note('position', np.minimum(q - limits.lower, limits.upper - q) / half)
        self._note('velocity', 1.0 - np.abs(v) / limits.velocity)
        self._note('curve', np.where(np.isfinite(limits.velocity_deceleration), curve, np.inf))
        self._note('acceleration', 1.0 - np.abs(a) / limits.acceleration)
        change = np.abs(a - last.acceleration) / dt_s
        self._note('jerk', 1.0 - change / limits.jerk)

    def _note(self, bound: str, margin: Floats) -> None:
        self.margin[bound] = min(self.margin[bound], float(margin.min()))
        self._count(f'seen: {bound}', ~(margin >= -TOLERANCE))

    def _count(self, what: str, bad: Any) -> None:
        count = int(bad.sum())
        if count:
            self.violations[what] = self.violations.get(what, 0) + count


def run(rng: np.random.Generator, kind: str, dt_s: float, tally: Tally, count: int) -> None:
    """Run `count` robots for some ticks toward targets of one kind, then stop them."""
    limits = robots(rng, count, dt_s)
    last = Motion.at_rest(0.5 * (limits.lower + limits.upper))
    groups = (slice(0, JOINTS),) if rng.random() < 0.5 else None
    wishes = targets(rng, kind, limits, dt_s)
    for _ in range(TICKS):
        target, speed = next(wishes)
        shaped = shape(target, last, limits, dt_s, groups, speed)
        tally.infeasible += int(((shaped.active & INFEASIBLE) != 0).sum())
        tally.judge(shaped.motion, last, limits, dt_s)
        last = shaped.motion
    while last.moves:
        step = stop_step(last, limits, dt_s)
        tally.judge(step, last, limits, dt_s)
        last = step


def differing(rng: np.random.Generator, robot_ticks: int) -> int:
    """Return how many robot ticks differ by a bit from those of the same robot alone."""
    count, dt_s, different = 20, 0.004, 0
    limits = robots(rng, count, dt_s)
    alone = [limits.part(n) for n in range(count)]
    many = Motion.at_rest(0.5 * (limits.lower + limits.upper))
    ones = [Motion.at_rest(many.position[n]) for n in range(count)]
    wishes = [targets(rng, kind, limits, dt_s) for kind in KINDS]
    for tick in range(robot_ticks // count):
        target, speed = next(wishes[tick // 50 % len(KINDS)])
        many = shape(target, many, limits, dt_s, (slice(0, JOINTS),), speed).motion
        for n, one in enumerate(ones):
            given = None if speed is None else speed[n]
            ones[n] = shape(target[n], one, alone[n], dt_s, (slice(0, JOINTS),), given).motion
            different += any(
                getattr(ones[n], part).tobytes() != getattr(many, part)[n].tobytes()
                for part in ('position', 'velocity', 'acceleration')
            )
    return different


def cost_us(ticks: int = 3000) -> dict[str, float]:
    """Return what one tick of one robot costs, shape and rules, against a floor of numpy."""
    rng, dt_s = np.random.default_rng(1), 0.004
    limits = robots(rng, 1, dt_s).part(0)
    last = Motion.at_rest(0.5 * (limits.lower + limits.upper))
    wishes = targets(rng, 'steps', limits, dt_s)
    spent, floor = [], []
    for _ in range(ticks):
        target, _ = next(wishes)
        target = target[: len(last.position)]
        begin = time.perf_counter()
        motion = shape(target, last, limits, dt_s, (slice(0, JOINTS),)).motion
        rules(motion, last, 1, motion.position, limits, dt_s)
        between = time.perf_counter()
        for _ in range(100):
            np.add(target, target)
        floor.append(time.perf_counter() - between)
        spent.append(between - begin)
        last = motion
    p50, p99 = (float(np.percentile(spent, p) * 1e6) for p in (50, 99))
    hundred = float(np.median(floor) * 1e6)
    return {'p50_us': p50, 'p99_us': p99, 'hundred_additions_us': hundred, 'ratio': p50 / hundred}


def campaign(joint_ticks: float, seed: int = 0, alone: int = ALONE) -> dict[str, Any]:
    """Return the figures of a campaign of at least `joint_ticks`."""
    rng, tally, begun = np.random.default_rng(seed), Tally(), time.perf_counter()
    count = int(min(ROBOTS, max(joint_ticks / (TICKS * JOINTS * len(KINDS)), 1)))
    rounds = 0
    while tally.ticks < joint_ticks or rounds < len(KINDS):
        run(rng, KINDS[rounds % len(KINDS)], float(rng.choice(PERIODS_S)), tally, count)
        rounds += 1
    return {
        'joint_ticks': tally.ticks,
        'violations': sum(tally.violations.values()),
        'by_rule': tally.violations,
        'infeasible': tally.infeasible,
        'worst_margin': tally.margin,
        'alone_robot_ticks': alone,
        'alone_different': differing(rng, alone),
        'cost': cost_us(),
        'seconds': time.perf_counter() - begun,
    }


def main() -> None:
    """Run a campaign and say its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--joint-ticks', type=float, default=1e7)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path)
    given = parser.parse_args()
    figures = campaign(given.joint_ticks, given.seed)
    text = json.dumps(figures, indent=2)
    print(text)
    if given.json is not None:
        given.json.write_text(text + '\n', encoding='utf-8')
    if figures['violations'] or figures['alone_different']:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
