"""
Schedules side by side: the shipped task in lockstep, with inferences that take 0 to 300 ms.

    python -m benchmarks.schedules [--only KIND]... [--delay-ms MS]... --json FILE [--plot PNG]

Each cell is `--episodes` scenes, the same for all. A file that is there is gone on with: rows that
are asked for again are replaced, and table and plot are of all that it holds.
"""

from collections.abc import Iterable
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from robot_runtime.core.control import ControlReport
from robot_runtime.core.mode import Mode
from robot_runtime.core.types import Command, Floats
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.runtime.schedule_timing import check_timing
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import assignments, Conditions, Outcome
from robot_runtime.sim.lockstep import Lockstep
import typer

KINDS = ('sync', 'latest', 'blend', 'ensemble')
DELAYS_MS = (0, 50, 100, 200, 300)
ARM = slice(0, 7)
EXECUTED = 0.5  # of a chunk, in 'sync'
BLEND_S = 0.1
MILLISECOND = 1_000_000
COLUMNS = ('schedule', 'delay_ms', 'done', 'seconds', 'jerk', 'seam_worst', 'seam_mean',
           'takeovers', 'late_ticks', 'violations')  # fmt: skip


class Look:
    """What a run looks like, tick by tick: the jerk of its commands, where its targets jump."""

    def __init__(self, period_s: float) -> None:
        """Begin with nothing seen."""
        self._period_s = period_s
        self._last: Floats | None = None  # acceleration of the last command
        self._target: Floats | None = None
        self.squares = self.ticks = 0.0
        self.seams: list[float] = []

    def restart(self) -> None:
        """Begin an episode, whose first chunk takes over from nobody."""
        self._last = self._target = None

    def __call__(self, report: ControlReport, command: Command | None) -> None:
        """Take a tick of the loop."""
        if report.mode is not Mode.POLICY or command is None:
            return
        acceleration, target = command.motion.acceleration[ARM], report.target
        if self._last is not None:
            jerk = (acceleration - self._last) / self._period_s
            self.squares, self.ticks = self.squares + float(np.mean(jerk**2)), self.ticks + 1
        if report.merged and target is not None and self._target is not None:
            self.seams.append(float(np.abs(target - self._target)[ARM].max()))
        self._last, self._target = acceleration, target


def arranged(card: PolicyCard, kind: str, delay_s: float) -> PolicyCard:
    """Return the card with another schedule, and inferences no closer than they can be."""
    output, dt_s = card.output, card.output.dt_s
    period_s = max(card.schedule.period_s, int(np.ceil(delay_s / dt_s - 1e-9)) * dt_s)
    if kind == 'sync':
        period_s = EXECUTED * output.rows * dt_s
    changes = {
        'kind': kind, 'period_s': round(period_s, 6),
        'blend_s': BLEND_S if kind in ('blend', 'ensemble') else 0.0,
        'discrete': output.joints[-1:] if kind == 'ensemble' else (),
    }  # fmt: skip
    anchor = 'arrival' if kind == 'sync' else 'observation'
    arranged = card.model_copy(update={
        'output': output.model_copy(update={'anchor': anchor}),
        'schedule': card.schedule.model_copy(update=changes),
    })  # fmt: skip
    check_timing(arranged, delay_s)
    return arranged


def row(kind: str, delay_ms: int, outcomes: list[Outcome], look: Look) -> dict[str, Any]:
    """Return the figures of one cell."""
    done = [one for one in outcomes if one.success]
    return {
        'schedule': kind,
        'delay_ms': delay_ms,
        'episodes': len(outcomes),
        'success': len(done),
        'done': f'{len(done)} of {len(outcomes)}',
        'seconds': round(float(np.mean([one.seconds for one in done])), 1) if done else None,
        'jerk': round(float(np.sqrt(look.squares / max(look.ticks, 1.0))), 2),  # [rad/s^3] rms
        'seam_worst': round(1e3 * max(look.seams, default=0.0), 1),  # [mrad]
        'seam_mean': round(1e3 * float(np.mean(look.seams or [0.0])), 2),
        'takeovers': len(look.seams),
        'late_ticks': sum(one.late_ticks for one in outcomes),
        'violations': sum(one.violations for one in outcomes),
        'failed_seeds': [one.assignment.seed for one in outcomes if not one.success],
    }


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return the figures for people, in Markdown."""
    lines = [f'| {" | ".join(COLUMNS)} |', f'|{" --- |" * len(COLUMNS)}']
    lines += [f'| {" | ".join("-" if one[key] is None else str(one[key]) for key in COLUMNS)} |'
              for one in rows]  # fmt: skip
    return '\n'.join(lines)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw four figures over the delay, a line for each schedule."""
    import matplotlib as mpl

    mpl.use('agg')
    from matplotlib import pyplot

    panels = (('success', 'episodes done'), ('seconds', 'time to finish [s]'),
              ('jerk', 'jerk, rms [rad/s³]'), ('seam_worst', 'worst step at a takeover [mrad]'))
    figure, axes = pyplot.subplots(2, 2, figsize=(8.0, 5.6), sharex=True, layout='constrained')
    for axis, (key, title) in zip(axes.flat, panels, strict=True):
        for kind in KINDS:
            mine = [one for one in rows if one['schedule'] == kind]
            axis.plot([one['delay_ms'] for one in mine], [one[key] for one in mine],
                      marker='o', label=kind)  # fmt: skip
        axis.set_title(title, fontsize=10)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    for axis in axes[1]:
        axis.set_xlabel('an inference takes [ms]')
    axes[0, 0].legend(fontsize=9)
    figure.savefig(path, dpi=110)


def main(
    only: Annotated[list[str] | None, typer.Option(help='These schedules.')] = None,
    delay_ms: Annotated[list[int] | None, typer.Option(help='[ms] These delays.')] = None,
    episodes: Annotated[int, typer.Option(min=1, help='Of each cell.')] = 8,
    seed: Annotated[int, typer.Option(min=1, help='Of the first scene.')] = 1,
    policy: str = 'pick',
    json_file: Annotated[Path | None, typer.Option('--json', help='For the figures.')] = None,
    plot_file: Annotated[Path | None, typer.Option('--plot', help='A PNG file.')] = None,
    shown: Annotated[bool, typer.Option('--show', help='Run nothing; show the file.')] = False,
) -> None:
    """Run the cells that are asked for, one after the other, and show all that are known."""
    known: dict[tuple[str, int], dict[str, Any]] = {}
    if json_file is not None and json_file.is_file():
        stored = json.loads(json_file.read_text())
        known = {(one['schedule'], one['delay_ms']): one for one in stored}
    loaded, robot, cell = OnnxPolicy.load(model_folder(policy)), load_robot('fr3'), Cell()
    inference = Inference(loaded, robot)
    cells = [] if shown else [(k, d) for d in delay_ms or DELAYS_MS for k in only or KINDS]
    for kind, delay in cells:
        conditions = Conditions(delay_ns=delay * MILLISECOND, time_limit_s=30.0)
        card = arranged(loaded.card, kind, delay / 1e3)
        run, look = Lockstep(robot, card, inference, cell, conditions), Look(robot.period_s)
        run.look, outcomes = look, list[Outcome]()
        for asked in assignments(episodes, seed):
            look.restart()
            outcomes.append(run.run(asked))
        known[kind, delay] = row(kind, delay, outcomes, look)
        print(table([known[kind, delay]]).splitlines()[-1], flush=True)
        if json_file is not None:
            ordered = [known[key] for key in sorted(known)]
            json_file.write_text(json.dumps(ordered, indent=1) + '\n')
    rows = [known[k, d] for k in KINDS for d in sorted({d for _, d in known}) if (k, d) in known]
    print(table(rows))
    if plot_file is not None:
        plot(rows, plot_file)


if __name__ == '__main__':
    typer.run(main)
