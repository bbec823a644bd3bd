"""
Faults on a moving simulated robot, many times each: how soon each is noticed and it stops.

    python benchmarks/faults.py [--count 20] [--fault NAME]... [--endings] [--json FILE]

A bound is what docs/what-stops-the-robot.md promises, and 2 ms for the way of fault and messages;
that of the stop adds braking from the speed that the arm can have reached by then. A wake-up is
that of a bare loop above all others, by benchmarks/wakeups.py: what the machine itself is late.
A fault during which the machine ran nothing for longer than a robot bears is made again if it
came to nothing, and counted (`again`).
"""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / 'test'), str(Path(__file__).parent)]

from fault_list import (  # noqa: E402
    begun,
    ENDINGS,
    Fault,
    FAULTS,
    NAMED,
    Outcome,
    robot_with,
    suffer,
)
from machine_watch import MachineWatch  # noqa: E402
import numpy as np  # noqa: E402
from robot_runtime.runtime.clock import SteadyClock  # noqa: E402
from running_robot import RunningRobot  # noqa: E402
from wakeups import WakeUps  # noqa: E402

FRESH_RUN = 3  # who is killed again and again is started again later and later
COLUMNS = (
    ('fault', 'fault', 20), ('count', 'n', 3),
    ('noticed_p50_ms', 'noticed p50', 11), ('noticed_max_ms', 'max', 7),
    ('notice_bound_ms', 'bound [ms]', 10),
    ('stop_p50_s', 'stop p50', 8), ('stop_max_s', 'max', 6), ('stop_bound_s', 'bound [s]', 9),
    ('wake_up_p999_us', 'wake-up p99.9 [us]', 18),
    ('commanded', '[rad/s^2]', 9), ('measured_max', 'measured', 8),
    ('violations', 'violations', 10), ('violations_measured', 'measured', 8),
    ('driver_stops', 'driver stops', 12), ('left', 'left', 4), ('restarted', 'restarted', 9),
    ('again', 'again', 5), ('seconds', 's', 5),
)  # fmt: skip


def main() -> int:
    """Make the faults; return 0 when nothing was violated, orphaned or left behind."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    parser.add_argument('--count', type=int, default=20, help='how often each is made')
    parser.add_argument('--fault', action='append', choices=NAMED, help='only this one (or more)')
    parser.add_argument('--endings', action='store_true', help='the ways a run ends, too')
    parser.add_argument('--json', type=Path, help='file for the figures')
    words = parser.parse_args()
    if words.count < 1:
        parser.error(f'--count is {words.count}; it must be at least 1')
    wanted = [NAMED[name] for name in words.fault or ()]
    wanted = wanted or [*FAULTS, *(ENDINGS if words.endings else ())]
    print('  '.join(title.rjust(width) for _, title, width in COLUMNS), flush=True)
    rows = []
    for fault in wanted:
        rows.append(campaign(fault, words.count))
        cells = [shown(rows[-1][key]).rjust(width) for key, _, width in COLUMNS]
        print('  '.join(cells), flush=True)
        if words.json is not None:  # after each, so that a run that is cut off leaves its rows
            words.json.write_text(json.dumps(rows, indent=2) + '\n')
    bad = ('violations', 'left')
    clean = not any(row[key] for row in rows for key in bad)
    return 0 if clean and all(row['restarted'] == row['count'] for row in rows) else 1


def shown(value: Any) -> str:
    """Return a figure for the table; a dash where there is none."""
    return '-' if value is None else str(value)


def campaign(fault: Fault, count: int) -> dict[str, Any]:
    """Make one fault `count` times on one robot; return its row."""
    outcomes, restarted, again = list[Outcome](), 0, 0
    clock, wake_ups = SteadyClock(), WakeUps()
    begin_ns = clock.now_ns()
    with tempfile.TemporaryDirectory(prefix='faults_') as name, wake_ups:
        folder = Path(name)
        watch = MachineWatch(folder)
        with robot_with(folder, fault) as robot:
            while restarted < count:
                killed = fault.name == 'policy killed'
                if robot.running and killed and restarted % FRESH_RUN == 0:
                    robot.end()
                watch.begin()
                try:
                    outcomes.append(once(robot, folder, fault))
                except AssertionError as error:
                    if not watch.stalled() or again >= count:
                        raise
                    print(f'the machine stalled for {watch.worst_ms()} ms: {error}',
                          file=sys.stderr, flush=True)
                    again += 1
                    robot.end()
                    continue
                restarted += 1
        watch.end()
    seconds = round((clock.now_ns() - begin_ns) / 1e9, 1)
    return row(fault, outcomes) | {
        'restarted': restarted, 'again': again, 'seconds': seconds,
        'wake_ups': wake_ups.figures,
        'wake_up_p999_us': round(wake_ups.figures['p999_us']) if wake_ups.figures else None,
    }  # fmt: skip


def once(robot: RunningRobot, folder: Path, fault: Fault) -> Outcome:
    """Make one fault on a robot that runs, then let it stand and hold."""
    if not robot.running:
        begun(robot, folder, fault)
    outcome = suffer(robot, fault)
    print(outcome, file=sys.stderr, flush=True)
    if not robot.running:
        begun(robot, folder, fault)
    robot.hold()
    return outcome


def row(fault: Fault, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures of one fault; of accelerations and bounds the greatest ones."""
    noticed = [1e3 * one.noticed_s for one in outcomes if one.noticed_s is not None]
    stops = [outcome.stop_s for outcome in outcomes] if fault.stops else []
    return {
        'fault': fault.name,
        'count': len(outcomes),
        'noticed_p50_ms': round(float(np.median(noticed)), 1) if noticed else None,
        'noticed_max_ms': round(max(noticed), 1) if noticed else None,
        'notice_bound_ms': (
            round(1e3 * max(one.notice_bound_s for one in outcomes), 1) if noticed else None
        ),
        'stop_p50_s': round(float(np.median(stops)), 3) if stops else None,
        'stop_max_s': round(max(stops), 3) if stops else None,
        'stop_bound_s': (
            round(max(outcome.stop_bound_s for outcome in outcomes), 3) if stops else None
        ),
        'commanded': round(max(outcome.commanded for outcome in outcomes), 4),
        'measured_max': round(max(outcome.braked for outcome in outcomes), 2),
        'violations': sum(outcome.violations for outcome in outcomes),
        'violations_measured': sum(outcome.measured for outcome in outcomes),
        'driver_stops': sum(outcome.timeouts > 0 for outcome in outcomes),
        'left': sum(len(outcome.orphans) + len(outcome.leftovers) for outcome in outcomes),
        'ports': sum(len(outcome.ports) for outcome in outcomes),
        'first_violation': next((one.first for one in outcomes if one.first), ''),
        'exit_codes': sorted({str(outcome.exit_code) for outcome in outcomes}),
        'noticed_ms': [round(value, 2) for value in noticed],
        'stops_s': [round(stop, 4) for stop in stops],
    }


if __name__ == '__main__':
    sys.exit(main())
