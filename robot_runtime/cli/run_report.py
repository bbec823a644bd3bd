"""Report of a run: what was asked and done, how the joints moved, what the policy saw."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robot_runtime.cli import run_page
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.recording import Recording
from robot_runtime.runtime.robot_file import load_robot

TILES = (
    ('limit violations', 'limit_violations'), ('loop rate [Hz]', 'loop_rate_hz'),
    ('ticks missed', 'ticks_missed'), ('lateness p99 [us]', 'lateness_p99_us'),
    ('inference p50 [ms]', 'inference_p50_ms'), ('frames lost', 'frames_lost'),
    ('cores used', 'cpu_total'),
)  # fmt: skip


def why_not() -> str:
    """Return why no report can be made here, '' when it can."""
    if find_spec('matplotlib') is None:
        return 'no report: matplotlib is missing, which the extra [sim] brings'
    return ''


def write_report(
    path: Path, figures: dict[str, Any], robot: str, policy: str, commands: Sequence[str]
) -> str:
    """Write the report of a run whose `figures` name its recording, and say where it is."""
    if not figures['recording']:
        return 'no report: nothing was recorded'
    from robot_runtime.cli import run_charts
    from robot_runtime.cli.run_facts import facts_of

    robot_file, card = load_robot(robot), load_card(model_folder(policy))
    cameras = [camera.name for camera in robot_file.cameras]
    facts = facts_of(Recording(Path(figures['recording']).parent), card, cameras)
    done = sum(run['success'] for run in figures['runs'])
    good = done == len(figures['runs']) and figures['limit_violations'] == 0
    first = ('episodes done', f'{done} of {len(figures["runs"])}')
    looks = 'scaled as the policy takes them' if card.cameras else 'which this policy ignores'
    parts = [
        ('At a glance', run_page.tiles([first, *((k, str(figures[v])) for k, v in TILES)])),
        ('What was asked', run_page.card(_instructions(figures['runs']))),
        ('What the loop did', run_page.card(run_charts.timeline(facts))),
        ('What the cameras saw', run_page.paragraph(
            f'Frames of the recording, {looks}.') + _sheets(facts, figures['runs'])),
        ('Joints against their limits', run_page.card(run_charts.joints(
            facts, robot_file.joint_names, robot_file.limits()))),
        ('Latencies', run_page.card(run_charts.latencies(facts, 1e3 / figures['rate_hz']))),
        ('All figures', run_page.card(run_page.table(('figure', 'value'), (
            (key, value) for key, value in figures.items() if key not in ('runs', 'cpu'))),
            run_page.table(('process', 'cores'), figures['cpu'].items()))),
        ('The same again', run_page.commands(commands)),
    ]  # fmt: skip
    lead = f'{card.name} on {robot_file.name}, simulated; recording {figures["recording"]}'
    text = run_page.page('Demo', good, lead, parts)
    part = path.with_name(f'{path.name}.part')
    part.write_text(text, encoding='utf-8')
    part.replace(path)
    return f'report: {path}'


def _instructions(runs: Sequence[dict[str, Any]]) -> str:
    said: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        said.setdefault(run['instruction'], []).append(run)
    rows = []
    for text, some in said.items():
        done = sum(run['success'] for run in some)
        times = ', '.join(f'{run["seconds"]:.1f}' for run in some)
        rows.append((f'“{text}”', (done / len(some), f'{done} of {len(some)}'), times))
    return run_page.table(('instruction', 'done', 'seconds'), rows)


def _sheets(facts: Any, runs: Sequence[dict[str, Any]]) -> str:
    made = []
    for number, (sheet, run) in enumerate(zip(facts.sheets, runs, strict=False), 1):
        word = 'done' if run['success'] else 'not done'
        made.append(run_page.card(
            run_page.paragraph(f'{number}. “{run["instruction"]}”: {word}'),
            run_page.sheet(sheet)))
    return ''.join(made)
