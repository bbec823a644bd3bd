"""
Faults on a moving simulated robot, many times each: stop time, acceleration, what is left behind.

    python benchmarks/faults.py [--count 20] [--fault NAME]... [--json FILE]
"""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test'))

from fault_list import FAULTS, Outcome, suffer  # noqa: E402
import numpy as np  # noqa: E402
from running_robot import RunningRobot  # noqa: E402

FRESH_RUN = 3
COLUMNS = (
    ('fault', 'fault', 18), ('count', 'n', 3), ('stop_p50_s', 'stop p50 [s]', 12),
    ('stop_max_s', 'max [s]', 8), ('commanded', 'commanded [rad/s^2]', 19),
    ('measured_p50', 'measured p50', 12), ('measured_max', 'max', 6),
    ('violations', 'violations', 10), ('violations_measured', 'measured', 8),
    ('driver_stops', 'driver stops', 12), ('orphans', 'orphans', 7),
    ('leftovers', 'left', 4), ('ports', 'ports', 5),
    ('restarted', 'restarted', 9),
)  # fmt: skip


def main() -> int:
    """Make the faults; return 0 when nothing was violated, orphaned or left behind."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    known = [fault.name for fault in FAULTS]
    parser.add_argument('--count', type=int, default=20, help='how often each is made')
    parser.add_argument('--fault', action='append', choices=known, help='only this one (or more)')
    parser.add_argument('--json', type=Path, help='file for the figures')
    words = parser.parse_args()
    if words.count < 1:
        parser.error(f'--count is {words.count}; it must be at least 1')
    print('  '.join(title.rjust(width) for _, title, width in COLUMNS))
    rows = []
    for name in words.fault or known:
        rows.append(campaign(name, words.count))
        print('  '.join(str(rows[-1][key]).rjust(width) for key, _, width in COLUMNS), flush=True)
    if words.json is not None:
        words.json.write_text(json.dumps(rows, indent=2) + '\n')
    bad = ('violations', 'orphans', 'leftovers')
    clean = not any(row[key] for row in rows for key in bad)
    return 0 if clean and all(row['restarted'] == row['count'] for row in rows) else 1


def campaign(name: str, count: int) -> dict[str, Any]:
    """Make one fault `count` times on one robot; return its row."""
    (fault,) = (one for one in FAULTS if one.name == name)
    outcomes = list[Outcome]()
    restarted = 0
    with (
        tempfile.TemporaryDirectory(prefix='faults_') as folder,
        RunningRobot(Path(folder), *fault.sim) as robot,
    ):
        for number in range(count):
            if robot.running and number % FRESH_RUN == 0:
                robot.end()  # who is killed again and again is started again later and later
            outcomes.append(suffer(robot, fault))
            print(outcomes[-1], file=sys.stderr, flush=True)
            if not robot.running:
                robot.start()
            robot.hold()
            restarted += 1
    return row(name, outcomes) | {'restarted': restarted}


def row(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures of one fault; accelerations are the greatest ones."""
    stops = [outcome.stop_s for outcome in outcomes]
    return {
        'fault': name,
        'count': len(outcomes),
        'stop_p50_s': round(float(np.median(stops)), 3),
        'stop_max_s': round(max(stops), 3),
        'commanded': round(max(outcome.commanded for outcome in outcomes), 4),
        'measured_p50': round(float(np.median([one.braked for one in outcomes])), 2),
        'measured_max': round(max(outcome.braked for outcome in outcomes), 2),
        'violations': sum(outcome.violations for outcome in outcomes),
        'violations_measured': sum(outcome.measured for outcome in outcomes),
        'driver_stops': sum(outcome.timeouts > 0 for outcome in outcomes),
        'orphans': sum(len(outcome.orphans) for outcome in outcomes),
        'leftovers': sum(len(outcome.leftovers) for outcome in outcomes),
        'ports': sum(len(outcome.ports) for outcome in outcomes),
        'first_violation': next((one.first for one in outcomes if one.first), ''),
        'exit_codes': sorted({str(outcome.exit_code) for outcome in outcomes}),
        'stops_s': [round(stop, 4) for stop in stops],
    }


if __name__ == '__main__':
    sys.exit(main())
