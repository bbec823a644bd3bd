"""
Wild policies on the simulated arm: what came of them, as the simulator's own witness saw it.

    python -m benchmarks.wild [--lockstep] [--seconds 60] [--policy NAME]... [--scale 0.5]...

Each runs with the checks in space, through the whole graph over DDS or, with `--lockstep`, in one
process without a clock. The witness judges commands by the same share of the published limits,
and what it measures by the hardware's. The table is empty: nobody tells the runtime of cubes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
import sys
import tempfile
from typing import Annotated, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test'))

from benchmarks.wild_policies import (  # noqa: E402
    make_overlay,
    make_policy,
    make_robot,
    POLICIES,
)
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from robot_runtime.cli.check import check_folder, refuse  # noqa: E402
from robot_runtime.core.gate_state import COMMAND_LATE, UNMEASURED  # noqa: E402
from robot_runtime.runtime.inference import Inference  # noqa: E402
from robot_runtime.runtime.onnx_policy import OnnxPolicy  # noqa: E402
from robot_runtime.runtime.robot_file import load_robot  # noqa: E402
from robot_runtime.sim.cell import Cell  # noqa: E402
from robot_runtime.sim.episode import Assignment, Conditions  # noqa: E402
from robot_runtime.sim.lockstep import Lockstep  # noqa: E402
from robot_runtime.sim.robot_files import robot_files  # noqa: E402
from robot_runtime.sim.witness import KINDS  # noqa: E402
from running_robot import CLOCK, CONTROL, GATE, RunningRobot  # noqa: E402
import typer  # noqa: E402

SCALES = (0.5, 1.0)  # of the published limits; the first is the robot file's own
DELAY_NS = 20_000_000  # of an inference, in lockstep
LATENESS = (COMMAND_LATE, UNMEASURED)  # of this machine: the simulated robot is on it too
MOST_LATE_STOPS = 30
SHOWN = {
    'position': ('position',), 'velocity': ('velocity', 'curve'),
    'acceleration': ('acceleration',), 'jerk': ('jerk',), 'workspace': ('workspace',),
    'other': ('not_finite', 'jump', 'effort', 'effort_rate'),
}  # fmt: skip
REST_S, SETTLE_S = 1.0, 0.3
Row = dict[str, Any]


def in_lockstep(
    folder: Path, policy: str, scale: float, seconds: float, *,
    space: bool = True, judged: float | None = None, seed: int = 1,
) -> Row:  # fmt: skip
    """Run one policy in one process; `judged` is the witness's scale where it shall differ."""
    folder.mkdir(exist_ok=True)
    robot = load_robot(make_robot(folder, scale))
    loaded = OnnxPolicy.load(make_policy(folder, policy, robot, seed))
    urdf, overlay = robot_files('fr3', str(make_overlay(folder)))
    conditions = Conditions(
        delay_ns=DELAY_NS, time_limit_s=seconds, space=space,
        witness_scale=scale if judged is None else judged, witness_space=True,
    )  # fmt: skip
    run = Lockstep(
        robot, loaded.card, Inference(loaded, robot), Cell(urdf, overlay), conditions
    )
    outcome = run.run(Assignment(seed, 'red', ''))
    plant, touch, found = run.plant, run.plant.touch, run.plant.findings
    assert touch is not None
    return {
        'policy': policy,
        'scale': scale,
        'mode': 'lockstep',
        'seconds': round(outcome.seconds, 3),
        'commands': found[0].commands,
        'violations': {kind: sum(one.violations[kind] for one in found) for kind in KINDS},
        'measured': plant.measured,
        'contacts': touch.contacts,
        'self_contacts': touch.self_contacts,
        'refusals': outcome.refused,
        'late_stops': 0,
        'driver_timeouts': 0,
        'nearest_mm': round(1e3 * touch.nearest_m, 1),
        'worst_velocity_ratio': max(
            one.worst[kind] for one in found for kind in ('velocity', 'curve')
        ),
        'worst_acceleration_ratio': max(one.worst['acceleration'] for one in found),
        'measured_velocity_ratio': plant.measured_velocity_ratio,
        'first_violation': plant.first_violation,
        'fault': outcome.fault,
        'command_hash': outcome.command_hash,
    }


def live(folder: Path, policy: str, scale: float, seconds: float) -> Row:
    """Run one policy through the whole graph, `seconds` in mode POLICY, late stops left out."""
    path = make_robot(folder, scale)
    model = make_policy(folder, policy, load_robot(path))
    sim = (
        f'overlay:={make_overlay(folder)}', f'witness_scale:={scale}', 'witness_space:=true',
        'cameras:=false',
    )  # fmt: skip
    with RunningRobot(folder, *sim) as robot:
        robot.start('--robot', str(path), '--policy', str(model), '--space')
        stays, spent_s = list[Stay](), 0.0
        while spent_s < seconds and not (stays and stays[-1].fault):
            stays.append(listened(robot, seconds - spent_s))
            spent_s += stays[-1].seconds
            if sum(stay.late for stay in stays) > MOST_LATE_STOPS:
                break
        robot.call('control_node/mode/hold')
        robot.spin(REST_S)
        gate = robot.values(GATE)
        robot.end()
        seen = robot.last_witness()
    return {
        'policy': policy,
        'scale': scale,
        'mode': 'live',
        'seconds': round(spent_s, 3),
        'commands': int(seen['commands']),
        'violations': {kind: int(seen[f'violations_{kind}']) for kind in KINDS},
        'measured': int(seen['violations_measured']),
        'contacts': int(seen['contacts']),
        'self_contacts': int(seen['self_contacts']),
        'refusals': sum(stay.refused for stay in stays),
        'late_stops': sum(stay.late for stay in stays),
        'coasted': int(gate['coasted']),
        'driver_timeouts': int(seen['driver_timeouts']),
        'nearest_mm': float(seen['nearest_mm']),
        'worst_velocity_ratio': float(seen['worst_velocity_ratio']),
        'worst_acceleration_ratio': float(seen['worst_acceleration_ratio']),
        'measured_velocity_ratio': float(seen['measured_velocity_ratio']),
        'first_violation': seen['first_violation'],
        'fault': stays[-1].fault or (f'too late: {stays[-1].reason}' if stays[-1].late else ''),
        'command_hash': None,
    }


@dataclass(frozen=True, slots=True)
class Stay:
    """One time in mode POLICY: how long, and why it ended before its time, if it did."""

    seconds: float
    reason: str
    late: bool  # because this machine was late, which says nothing of the policy
    refused: int  # commands, by the gate; those that came late are not counted

    @property
    def fault(self) -> str:
        """Return why it ended, if not because of lateness."""
        return '' if self.late else self.reason


def listened(robot: RunningRobot, most_s: float) -> Stay:
    """Let the policy steer for `most_s`, or until the robot is stopped."""
    robot.hold()
    before = robot.values(GATE)
    robot.call('control_node/mode/policy')
    robot.until(lambda: robot.value(CONTROL, 'mode') == 'POLICY', 'mode POLICY')
    begun_ns, reason, stayed_s = CLOCK.now_ns(), '', 0.0
    while robot.value(CONTROL, 'mode') in ('POLICY', '') and stayed_s < most_s:
        robot.spin(0.02)
        stayed_s = min((CLOCK.now_ns() - begun_ns) / 1e9, most_s)
        reason = robot.value(GATE, 'reason') or robot.value(CONTROL, 'fault') or reason
    if stayed_s >= most_s:
        return Stay(stayed_s, '', False, more(robot, before, 'refused'))
    robot.spin(SETTLE_S)
    # The gate lets go of a late stop by itself, sooner perhaps than its reason was read.
    late = any(word in reason for word in LATENESS) or more(robot, before, 'own_resets') > 0
    reason = reason or robot.value(CONTROL, 'notice') or 'POLICY was left'
    return Stay(stayed_s, reason, late, 0 if late else more(robot, before, 'refused'))


def more(robot: RunningRobot, before: dict[str, str], key: str) -> int:
    """Return how much a counter of the gate has grown since `before`."""
    return int(robot.value(GATE, key) or before[key]) - int(before[key])


def clean(row: Row) -> bool:
    """Return whether nothing was violated, touched or refused."""
    bad = ('measured', 'contacts', 'self_contacts', 'refusals', 'fault')
    return not sum(row['violations'].values()) and not any(row[key] for key in bad)


def table(rows: list[Row]) -> Table:
    """Return the rows for people."""
    keys = ('measured', 'contacts', 'self_contacts', 'refusals', 'late_stops')
    heads = (key.replace('_', ' ') for key in keys)
    result = Table('policy', 'scale', 'seconds', *SHOWN, *heads, title='Violations')
    for row in rows:
        counts = (str(sum(row['violations'][kind] for kind in kinds)) for kinds in SHOWN.values())
        result.add_row(
            row['policy'], f'{row["scale"]:.0%}', f'{row["seconds"]:.1f}', *counts,
            *(str(row[key]) for key in keys),
        )  # fmt: skip
    return result


def runs(
    policies: list[str], scales: list[float], lockstep: bool, seconds: float
) -> Iterator[Row]:
    """Yield a row for each policy and scale."""
    for policy in policies:
        for scale in scales:
            with tempfile.TemporaryDirectory(prefix='wild_') as folder:
                run = in_lockstep if lockstep else live
                yield run(Path(folder), policy, scale, seconds)


def main(
    policy: Annotated[list[str] | None, typer.Option(help=f'Of: {", ".join(POLICIES)}.')] = None,
    scale: Annotated[
        list[float] | None, typer.Option(min=0.01, max=1.0, help='Of the published limits.')
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help='[s] In mode POLICY, of each.')] = 60.0,
    lockstep: Annotated[bool, typer.Option('--lockstep', help='In one process.')] = False,
    json_file: Annotated[Path | None, typer.Option('--json', help='Write the figures.')] = None,
) -> None:
    """Run each policy at each scale; end with 1 if anything was violated, touched or refused."""
    unknown = sorted(set(policy or ()) - set(POLICIES))
    if unknown:
        refuse(f'--policy is {unknown[0]!r}; allowed: {", ".join(POLICIES)}')
    if json_file is not None:
        check_folder(json_file.parent)
    rows = []
    for row in runs(policy or list(POLICIES), scale or list(SCALES), lockstep, seconds):
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
        if json_file is not None:
            json_file.write_text(json.dumps(rows, indent=2) + '\n', encoding='utf-8')
    Console(width=150).print(table(rows))
    for row in rows:
        said = row['fault'] or row['first_violation']
        if said:
            print(f'{row["policy"]} at {row["scale"]:.0%}: {said}')
    if not all(clean(row) for row in rows):
        raise typer.Exit(1)


if __name__ == '__main__':
    typer.run(main)
