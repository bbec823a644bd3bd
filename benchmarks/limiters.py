"""
Limiters side by side: one adversarial sequence of targets for each, judged by positions alone.

    python -m benchmarks.limiters [--seconds 8] [--seed 1] [--json FILE]

The rules of the others are in `limiter_rules.py` and `limiter_servo.py`; ours are the shaper of
the loop and the rules of the gate, as shipped. The robot is the FR3 at its operating limits.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from benchmarks.limiter_rules import (
    Limiter,
    PointSaturation,
    RelativeTarget,
    Saturation,
    SoftLimits,
    Unlimited,
)
from benchmarks.limiter_servo import AccelerationServo, ButterworthServo, RuckigServo
import numpy as np
from rich.console import Console
from rich.table import Table
from robot_runtime.cli.demo_report import write_json
from robot_runtime.core.brake import stop_step
from robot_runtime.core.chunk import checked, ChunkError
from robot_runtime.core.guard import verify
from robot_runtime.core.limits import shape
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.runtime.robot_file import load_robot, RobotFile
import typer

PEERS = (
    Unlimited, RelativeTarget, Saturation, SoftLimits, PointSaturation, ButterworthServo,
    AccelerationServo, RuckigServo,
)  # fmt: skip
KINDS = ('position', 'velocity', 'acceleration', 'jerk')
DATASHEET = 'datasheet jerk'  # of the arm; ours is 25 times less, and nobody else promised that
TOLERANCE = 1e-6  # relative, as the gate's
MOST = 1e9  # ratio that stands for every greater one
SEQUENCES = (
    'steps', 'far limits', 'out of range', 'random', 'bang-bang', 'jumping chunks', 'NaN',
    'infinity', '1e308', 'wrong length',
)  # fmt: skip


class Ours:
    """The shaper of the loop, and the rules of the gate on what it proposes."""

    name = 'robot_runtime'

    def __init__(self, robot: RobotFile, start: Floats, dt_s: float) -> None:
        """Begin at rest at `start` (J,); joints of a group slow down together."""
        self._limits, self._dt_s, self._groups = robot.limits(), dt_s, robot.groups()
        self._motion, self._target = Motion.at_rest(start), start
        self.refused = 0  # commands of the shaper, by the gate

    def command(self, target: Floats) -> Floats | None:
        """Shape toward the last target that the loop would take in; brake once refused."""
        rows = np.atleast_2d(target)
        try:
            checked(rows, self._limits.count)
            self._target = rows[0]
        except ChunkError:
            pass  # refused: the last target stays
        last, limits, dt = self._motion, self._limits, self._dt_s
        motion = shape(self._target, last, limits, dt, self._groups).motion
        if self.refused or not verify(motion, last, 1, last.position, limits, dt).ok:
            self.refused += 1
            motion = stop_step(last, limits, dt)
        self._motion = motion
        return motion.position


class Judge:
    """What the commands amount to, from their positions alone; one that is absent repeats."""

    def __init__(self, limits: Limits, jerk: Floats, start: Floats, dt_s: float) -> None:
        """Begin at rest at `start` (J,); `jerk` is the datasheet's, inf where it has none."""
        self._limits, self._jerk, self._dt_s = limits, jerk, dt_s
        self._q, self._v, self._a = start, np.zeros(limits.count), np.zeros(limits.count)
        self.violations = dict.fromkeys((*KINDS, DATASHEET), 0)  # joints times ticks
        self.worst = dict.fromkeys((*KINDS, DATASHEET), 0.0)  # share of the limit
        self.overshoot = 0.0  # beyond an end of the range
        self.not_finite = self.silent = 0
        self.travel = 0.0  # of all joints

    def take(self, command: Floats | None) -> None:
        """Judge one command (J,); where it is not finite, a drive keeps the last value."""
        with np.errstate(all='ignore'):  # what overflows is beyond every limit
            self._take(command)

    def _take(self, command: Floats | None) -> None:
        self.silent += command is None
        q = self._q if command is None else np.where(np.isfinite(command), command, self._q)
        self.not_finite += 0 if command is None else int((~np.isfinite(command)).sum())
        limits = self._limits
        v = (q - self._q) / self._dt_s
        a = (v - self._v) / self._dt_s
        middle, half = 0.5 * (limits.upper + limits.lower), 0.5 * (limits.upper - limits.lower)
        self._note('position', np.abs(q - middle) / half)
        self._note('velocity', np.abs(v) / limits.velocity)
        self._note('acceleration', np.abs(a) / limits.acceleration)
        jerk = np.abs(a - self._a) / self._dt_s
        self._note('jerk', jerk / limits.jerk)
        self._note(DATASHEET, jerk / self._jerk)
        beyond = float(np.maximum(q - limits.upper, limits.lower - q).max())
        self.overshoot = min(max(self.overshoot, beyond), MOST)
        self.travel = min(self.travel + float(np.abs(q - self._q).sum()), MOST)
        self._q, self._v, self._a = q, v, a

    def _note(self, kind: str, ratio: Floats) -> None:
        self.violations[kind] += int((~(ratio <= 1.0 + TOLERANCE)).sum())
        worst = float(np.nan_to_num(ratio, nan=MOST, posinf=MOST).max())
        self.worst[kind] = min(max(self.worst[kind], worst), MOST)


def targets(
    kind: str, limits: Limits, start: Floats, dt_s: float, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield one target a tick, (J,) but for those of a wrong length, without end."""
    half_s, low, high = round(0.5 / dt_s), limits.lower, limits.upper
    step, wave, tick = start, start, 0
    amplitude = 0.25 * np.minimum(high - low, 2.0)
    while True:
        if tick % half_s == 0:
            step = rng.uniform(low, high)
            shift = rng.uniform(-0.5, 0.5, limits.count) * amplitude
        wave = np.clip(start + shift + amplitude * np.sin(1.5 * tick * dt_s), low, high)
        bad = tick % half_s >= half_s - round(0.04 / dt_s)  # 40 ms of each half second
        if kind == 'steps':
            yield step
        elif kind == 'far limits':
            yield (high if tick // (8 * half_s) % 2 else low).copy()
        elif kind == 'out of range':
            yield 1.5 * high - 0.5 * low if tick // (8 * half_s) % 2 else 1.5 * low - 0.5 * high
        elif kind == 'random':
            yield rng.uniform(low, high)
        elif kind == 'bang-bang':
            yield high + 1.0 if tick // round(0.1 / dt_s) % 2 else low - 1.0
        elif kind == 'jumping chunks':
            yield wave
        elif kind == 'wrong length':
            yield wave[: rng.choice([0, 3])] if bad else wave
        else:
            value = {'NaN': np.nan, 'infinity': np.inf, '1e308': 1e308}[kind]
            signs = rng.choice([-1.0, 1.0], limits.count)
            hit = rng.random(limits.count) < 0.5
            yield np.where(hit, signs * value, wave) if bad else wave
        tick += 1


def measured(robot: RobotFile, peer: Any, kind: str, seconds: float, seed: int) -> dict[str, Any]:
    """Return the figures of one limiter under one sequence; the same for the same seed."""
    limits, start, dt_s = robot.limits(), robot.home_position, robot.period_s
    limiter: Limiter = peer(robot if peer is Ours else limits, start, dt_s)
    judge = Judge(limits, datasheet_jerk(robot), start, dt_s)
    wishes = targets(kind, limits, start, dt_s, np.random.default_rng(seed))
    ticks = round(seconds / dt_s)
    for _ in range(ticks):
        with np.errstate(all='ignore'):  # rules of others let numbers overflow
            command = limiter.command(next(wishes))
        judge.take(command)
    return {
        'limiter': peer.name,
        'sequence': kind,
        'joint_ticks': ticks * limits.count,
        'violations': judge.violations,
        'worst': judge.worst,
        'overshoot': judge.overshoot,
        'not_finite': judge.not_finite,
        'silent': judge.silent,
        'refused': limiter.refused if isinstance(limiter, Ours) else 0,
        'travel': judge.travel,
    }


def datasheet_jerk(robot: RobotFile) -> Floats:
    """Return the published jerk at the operating scale, (J,); inf where none is published."""
    scale = robot.operating_scale
    return np.array([scale * joint.jerk if joint.jerk else np.inf for joint in robot.joints])


def summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one row for a limiter from those of its sequences."""
    kinds = (*KINDS, DATASHEET)
    return {
        'limiter': rows[0]['limiter'],
        'violations': {k: sum(row['violations'][k] for row in rows) for k in kinds},
        'worst': {k: max(row['worst'][k] for row in rows) for k in kinds},
        'overshoot': max(row['overshoot'] for row in rows),
        'not_finite': sum(row['not_finite'] for row in rows),
        'nan_passes': any(row['not_finite'] for row in rows if row['sequence'] == 'NaN'),
        'refused': sum(row['refused'] for row in rows),
        'travel': sum(row['travel'] for row in rows if row['sequence'] == 'far limits'),
    }


def ratio(value: float) -> str:
    """Return a share of a limit for people."""
    return f'{value:.2f}' if value < 10.0 else f'{value:.0f}' if value < 1e5 else 'any'


def distance(value: float) -> str:
    """Return a way of joints for people."""
    return 'any' if value >= MOST else f'{value:.{4 if value < 1.0 else 1}f} rad'


def tables(rows: list[dict[str, Any]]) -> tuple[Table, Table]:
    """
    Return what each limiter lets out of all sequences, and how much of each.

    `travel` is the way of all joints from one end of their ranges to the other: who stands still
    violates nothing.
    """
    more = ('not finite', 'NaN passes', 'overshoot', 'travel')
    first = Table('limiter', *KINDS, DATASHEET, *more, title='Joint ticks beyond a limit (worst)')
    second = Table('limiter', *SEQUENCES, title='Joint ticks beyond a limit, by sequence')
    for name in dict.fromkeys(row['limiter'] for row in rows):
        mine = [row for row in rows if row['limiter'] == name]
        total = summed(mine)
        first.add_row(
            name,
            *(f'{n} ({ratio(total["worst"][k])})' for k, n in total['violations'].items()),
            str(total['not_finite']), 'yes' if total['nan_passes'] else 'no',
            distance(total['overshoot']), distance(total['travel']),
        )  # fmt: skip
        second.add_row(name, *(str(sum(row['violations'][k] for k in KINDS)) for row in mine))
    return first, second


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help='[s] Of each sequence.')] = 8.0,
    seed: Annotated[int, typer.Option(min=0, help='Of the sequences.')] = 1,
    json_file: Annotated[Path | None, typer.Option('--json', help='Write the figures.')] = None,
) -> None:
    """Give every limiter every sequence; end with 1 if ours lets anything out."""
    robot = load_robot('fr3')
    rows = [
        measured(robot, peer, kind, seconds, seed) for peer in (*PEERS, Ours) for kind in SEQUENCES
    ]
    for table in tables(rows):
        Console(width=160).print(table)
    ours = summed([row for row in rows if row['limiter'] == Ours.name])
    if json_file is not None:
        limiters = dict.fromkeys(row['limiter'] for row in rows)
        totals = [summed([row for row in rows if row['limiter'] == name]) for name in limiters]
        write_json({'limiters': totals, 'sequences': rows}, json_file)
    if sum(ours['violations'].values()) or ours['not_finite']:
        raise typer.Exit(1)


if __name__ == '__main__':
    typer.run(main)
