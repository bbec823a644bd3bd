"""
Benchmark of one tick: what shaping, verifying and the checks in space cost, by thread time.

    python -m benchmarks.tick --json tick.json

Each figure is also given as a ratio to a floor of the same run and the same arrays: numpy copies
position, velocity and acceleration and asks whether they are finite.
"""

from collections.abc import Callable
from dataclasses import dataclass
import gc
from pathlib import Path
import tempfile
import time
from typing import Annotated, Any

from benchmarks.collision import DT, two_arms
import numpy as np
from rich.console import Console
from rich.table import Table
from robot_runtime.cli.demo_report import write_json
from robot_runtime.core.body import Body
from robot_runtime.core.clearance import cleared
from robot_runtime.core.fence import breach
from robot_runtime.core.guard import verify
from robot_runtime.core.limits import shape
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.robot_file import load_robot, RobotFile
import typer

EVERY = 150  # ticks, after which there is another target
BEYOND = 0.1  # of its range, that a target may lie out of it
WARM = 200  # first ticks, which do not count
PARTS = ('floor', 'shape', 'verify', 'both', 'loop in space', 'gate in space')
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """What moves: all its bounds, and its shape if that is checked too."""

    name: str
    limits: Limits
    groups: tuple[slice, ...]
    home: Floats
    body: Body | None = None


def arms_of(name: str, robot: RobotFile, joints: int, *, space: bool) -> Arms:
    """Return the first `joints` of a robot, and its shape with `space`, which takes them all."""
    part = slice(0, joints)
    groups = tuple(group for group in robot.groups() if group.stop <= joints)
    body = load_body(robot) if space else None
    return Arms(name, robot.limits().part(part), groups, robot.home_position[part], body)


def spent(parts: dict[str, list[float]], name: str, ask: Callable[..., Any], *given: Any) -> Any:
    """Return what `ask` returns and note what it took, in microseconds."""
    begin = time.thread_time_ns()
    answer = ask(*given)
    parts[name].append((time.thread_time_ns() - begin) / 1e3)
    return answer


def bare(motion: Motion) -> bool:
    """Return whether a copy of a motion is finite: the floor."""
    parts = (motion.position, motion.velocity, motion.acceleration)
    return all(bool(np.isfinite(part.copy()).all()) for part in parts)


def run(arms: Arms, ticks: int) -> Figures:
    """Return the cost of each part of a tick, on the way to random targets that move."""
    limits, groups, body = arms.limits, arms.groups, arms.body
    rng, span = np.random.default_rng(7), limits.upper - limits.lower
    last, target, speed = Motion.at_rest(arms.home), arms.home, np.zeros(limits.count)
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for tick in range(ticks + WARM):
        if tick % EVERY == 0:
            target = limits.lower + span * rng.uniform(-BEYOND, 1.0 + BEYOND, limits.count)
            speed = 0.1 * limits.velocity * rng.choice([-1.0, 0.0, 1.0])
        target = target + speed * DT
        spent(parts, 'floor', bare, last)
        shaped = spent(parts, 'shape', shape, target, last, limits, DT, groups, speed)
        if body is not None:
            given = (body, shaped, last, target, limits, DT, groups)
            shaped = spent(parts, 'loop in space', cleared, *given)
        motion = shaped.motion
        asked = (motion, last, 1, last.position, limits, DT)
        verdict = spent(parts, 'verify', verify, *asked)
        if body is not None and verdict.ok:
            verdict = spent(parts, 'gate in space', breach, body, motion, last, limits, DT)
        if not verdict.ok:
            raise SystemExit(f'tick {tick} of {arms.name} was refused: {verdict}')
        last = motion
    parts['both'] = [sum(one) for one in zip(parts['shape'], parts['verify'], strict=True)]
    return figures_of(arms, {name: np.array(of[WARM:]) for name, of in parts.items() if of})


def figures_of(arms: Arms, parts: dict[str, Floats]) -> Figures:
    """Return medians and 99th percentiles [us], and their ratio to the median of the floor."""
    floor = float(np.median(parts['floor']))
    found: Figures = {
        'robot': arms.name, 'joints': arms.limits.count, 'ticks': parts['floor'].size,
    }  # fmt: skip
    for name, costs in parts.items():
        for percent in (50, 99):
            cost = float(np.percentile(costs, percent))
            key = f'{name.replace(" ", "_")}_p{percent}'
            found[f'{key}_us'], found[f'{key}_ratio'] = round(cost, 1), round(cost / floor, 2)
    return found


def cell(found: Figures, part: str) -> str:
    """Return the text of one part."""
    key = part.replace(' ', '_')
    if f'{key}_p50_us' not in found:
        return ''
    costs = [(found[f'{key}_p{p}_us'], found[f'{key}_p{p}_ratio']) for p in (50, 99)]
    return '\n'.join(f'{cost:.0f} ({ratio:.1f})' for cost, ratio in costs)


def main(
    ticks: Annotated[int, typer.Option(help='Ticks of each robot without its shape.')] = 20_000,
    json_file: Annotated[Path | None, typer.Option('--json', help='Write the figures.')] = None,
) -> None:
    """Measure one and two FR3 arms with all their bounds, then with the checks in space too."""
    gc.collect()
    gc.disable()  # as it is in the loop
    found = []
    with tempfile.TemporaryDirectory() as folder:
        one, two = load_robot('fr3'), two_arms(Path(folder))
        for arms, count in (
            (arms_of('one arm', one, 7, space=False), ticks),
            (arms_of('two arms', two, 14, space=False), ticks),
            (arms_of('one arm, gripper', one, one.limits().count, space=True), ticks // 10),
            (arms_of('two arms', two, 14, space=True), ticks // 10),
        ):
            found.append(run(arms, count))
    table = Table('robot', 'joints', *PARTS, title='us, and the ratio to the floor: p50, then p99')
    for figures in found:
        cells = [cell(figures, part) for part in PARTS]
        table.add_row(figures['robot'], str(figures['joints']), *cells, end_section=True)
    Console(width=120).print(table)
    if json_file is not None:
        write_json({'tick': found}, json_file)


if __name__ == '__main__':
    typer.run(main)
