"""
Success of a policy: as it is, and with its inputs, its time and its light taken away in part.

    python benchmarks/pick.py [--policy pick] [--episodes 50] [--live] [--only NAME]... [--json F]

Every row is a run of `robot-runtime eval`, whose words it shows, so that each can be done alone.
A part of the rows shall collapse: who still succeeds without its eyes has not used them.
"""

import argparse
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

FEW = 0.4  # of the episodes, where a row only has to show a tendency
ROWS = (
    ('as it is', (), 1.0),
    ('delay 50 ms', ('--delay-ms', '50'), FEW),
    ('delay 100 ms', ('--delay-ms', '100'), FEW),
    ('delay 200 ms', ('--delay-ms', '200'), FEW),
    ('speed 50 %', ('--speed', '0.5'), FEW),
    ('speed 25 %', ('--speed', '0.25'), FEW),
    ('noise x3', ('--noise', '3'), FEW),
    ('light x0.7', ('--light', '0.7'), FEW),
    ('light x1.3', ('--light', '1.3'), FEW),
    ('other words', ('--instruction',
                     'could you gently fetch the {} brick and lay it into the basket'), FEW),
    ('one word', ('--instruction', '{}'), FEW),
    ('wrong colour word', ('--ablation', 'wrong_word', '--time-limit', '20'), FEW),
    ('no instruction', ('--ablation', 'no_instruction', '--time-limit', '20'), FEW),
    ('blank images', ('--ablation', 'blank_images', '--time-limit', '20'), FEW),
    ('blank front', ('--ablation', 'blank_front', '--time-limit', '20'), FEW),
    ('blank wrist', ('--ablation', 'blank_wrist', '--time-limit', '20'), FEW),
    ('frozen state', ('--ablation', 'frozen_state', '--time-limit', '20'), FEW),
)  # fmt: skip
COLOURS = ('red', 'green', 'blue')


def measured(policy: str, words: tuple[str, ...], episodes: int, live: bool) -> dict[str, Any]:
    """Return the figures of one evaluation."""
    with tempfile.TemporaryDirectory(prefix='pick_') as folder:
        path = Path(folder) / 'figures.json'
        command = [sys.executable, '-m', 'robot_runtime.cli.main', 'eval', '--policy', policy,
                   '--episodes', str(episodes), '--json', str(path), *words,
                   *(('--live',) if live else ('--jobs', '2'))]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not path.is_file():
            raise SystemExit(f'{" ".join(command)} ended with {done.returncode}: {done.stderr}')
        figures: dict[str, Any] = json.loads(path.read_text())
    return figures


def row(name: str, words: tuple[str, ...], figures: dict[str, Any]) -> dict[str, Any]:
    """Return what the table shows of an evaluation."""
    runs = figures['runs']
    done = {colour: [run['success'] for run in runs if run['colour'] == colour]
            for colour in COLOURS}  # fmt: skip
    other = sum(bool(set(run['placed']) - {run['colour']}) for run in runs)
    return {
        'condition': name,
        'mode': figures['mode'],
        'words': ' '.join(words),
        'episodes': len(runs),
        'success': sum(run['success'] for run in runs),
        **{colour: f'{sum(some)}/{len(some)}' for colour, some in done.items()},
        'other_cube': other,
        'seconds': figures['seconds'],
        'violations': figures['limit_violations'],
        'first_violation': next(filter(None, (run['first_violation'] for run in runs)), ''),
        'late_stops': figures['late_stops'],
        'failed_seeds': [run['seed'] for run in runs if not run['success']],
    }


def main() -> int:
    """Evaluate row by row; return 0 when no limit was violated."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    names = [name for name, _, _ in ROWS]
    parser.add_argument('--policy', default='pick')
    parser.add_argument('--episodes', type=int, default=50, help='of the first row')
    parser.add_argument('--live', action='store_true', help='through the whole graph over DDS')
    parser.add_argument('--only', action='append', choices=names, help='this row (or more)')
    parser.add_argument('--json', type=Path, help='file for the figures')
    given = parser.parse_args()
    keys = ('condition', 'mode', 'success', *COLOURS, 'other_cube', 'seconds', 'violations',
            'late_stops')  # fmt: skip
    print(f'| {" | ".join(keys)} |\n|{" --- |" * len(keys)}')
    rows = []
    for name, words, share in ROWS:
        if given.only and name not in given.only:
            continue
        episodes = max(1, round(given.episodes * share))
        rows.append(row(name, words, measured(given.policy, words, episodes, given.live)))
        shown = rows[-1] | {'success': f'{rows[-1]["success"]} of {episodes}'}
        print(f'| {" | ".join(str(shown[key]) for key in keys)} |', flush=True)
        if given.json is not None:
            given.json.write_text(json.dumps(rows, indent=2) + '\n')
    return 1 if any(one['violations'] for one in rows) else 0


if __name__ == '__main__':
    sys.exit(main())
