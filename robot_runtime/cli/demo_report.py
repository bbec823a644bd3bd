"""Report of a demo: figures from the statuses of the nodes, as JSON and as a table."""

from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table
from robot_runtime.sim.episode import Outcome

CAMERAS = ('front', 'wrist')
Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Moment:
    """All counters at one moment of the run."""

    now_ns: int
    control_stamp_ns: int
    statuses: dict[str, Values]
    cpu_s: dict[str, float]  # process -> CPU time used


@dataclass(slots=True)
class Total:
    """A sum over a counter that its owner may set back to zero."""

    total: int = 0
    _last: int = 0

    def update(self, value: int) -> None:
        """Take the counter's newest value."""
        self.total += value - self._last if value >= self._last else value
        self._last = value


@dataclass(slots=True)
class FrameCount:
    """
    Frames sent and received, counted over one and the same interval.

    Both sides say how many, and the stamp of their last one. They are compared where the stamps
    agree: compared by time, a frame on its way would look lost.
    """

    _counts: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))
    _first: tuple[int, int] | None = None
    sent: int = 0
    received: int = 0
    lost: int = 0  # as the receiver saw it: gaps between stamps

    def update(self, camera: str, witness: Values, policy: Values) -> None:
        """Take the newest statuses."""
        if not number(policy, f'frames_received_{camera}'):
            return  # They have not found each other yet: what was sent so far, nobody awaited
        sent, received = self._counts
        last = witness.get(f'stamp_{camera}', '')
        sent[last] = int(number(witness, f'frames_{camera}'))
        # Some of the newest: two statuses at the same rate might else never tell of one frame.
        newest = policy.get(f'stamps_{camera}', '').split()
        count = int(number(policy, f'frames_received_{camera}'))
        received |= {stamp: count - k for k, stamp in enumerate(reversed(newest))}
        self.lost = int(number(policy, f'frames_lost_{camera}'))
        for stamp in (last, *newest):
            if stamp in sent and stamp in received and witness:
                self._first = self._first or (sent[stamp], received[stamp])
                self.sent = max(self.sent, sent[stamp] - self._first[0])
                self.received = max(self.received, received[stamp] - self._first[1])


def number(values: Values, key: str) -> float:
    """Return a figure of a status, 0 when the status lacks it."""
    try:
        return float(values.get(key, 0) or 0)
    except ValueError:
        return 0.0


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """Return the CPU time that each process and its own have used, and this one as `demo`."""
    used = {}
    for name, pid in pids.items():
        try:
            process = psutil.Process(pid)
            times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        except psutil.Error:  # It has just ended
            continue
        used[name] = float(sum(one.user + one.system for one in times))
    own = psutil.Process().cpu_times()
    return used | {'demo': float(own.user + own.system)}


def report(
    episodes: list[Outcome],
    begin: Moment,
    end: Moment,
    violations: int,
    frames: dict[str, FrameCount],
    recording: str | None,
) -> dict[str, Any]:
    """Return the figures of the run; the keys are stable."""
    before = begin.statuses.get('control_node/status', {})
    control = end.statuses.get('control_node/status', {})
    policy = end.statuses.get('policy_node/status', {})
    witness = end.statuses.get('sim/witness', {})
    wall_s = max(1e-9, (end.now_ns - begin.now_ns) / 1e9)
    loop_s = max(1e-9, (end.control_stamp_ns - begin.control_stamp_ns) / 1e9)
    ticks, missed = (
        int(number(control, key) - number(before, key)) for key in ('ticks', 'ticks_missed')
    )
    cpu = {
        name: round((used - begin.cpu_s.get(name, 0.0)) / wall_s, 3)
        for name, used in end.cpu_s.items()
    }
    lateness = {
        f'lateness_{p}_us': number(control, f'lateness_{p}_us') for p in ('p50', 'p99', 'p999')
    }
    inference = {
        f'inference_{p}_ms': number(policy, f'inference_{p}_ms') for p in ('p50', 'p99')
    }
    return {
        'episodes': len(episodes),
        'success_rate': sum(one.success for one in episodes) / max(1, len(episodes)),
        'rate_hz': number(control, 'rate_hz'),
        'loop_rate_hz': round(ticks / loop_s, 2),
        'ticks': ticks,
        'ticks_missed': missed,
        **lateness,
        **inference,
        'frames_sent': sum(one.sent for one in frames.values()),
        'frames_received': sum(one.received for one in frames.values()),
        'frames_lost': sum(one.lost for one in frames.values()),
        'limit_violations': violations,
        'realtime_factor': number(witness, 'realtime_factor'),
        'recording': recording,
        'seconds': round(wall_s, 1),
        'real_time': control.get('real_time') == '1',
        'late_chunks': int(number(control, 'late_chunks')),
        'cpu_total': round(sum(cpu.values()), 3),
        'cpu': cpu,
        'runs': [
            {
                'colour': one.assignment.colour,
                'instruction': one.assignment.instruction,
                'success': one.success,
                'seconds': round(one.seconds, 2),
            }
            for one in episodes
        ],
    }


def find_recording(folder: Path | None) -> str | None:
    """Return the path of the newest MCAP in `folder`."""
    files = [] if folder is None else sorted(folder.rglob('*.mcap'))
    return str(files[-1]) if files else None


def write_json(figures: dict[str, Any], path: Path) -> None:
    """Write the figures, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.part')
    part.write_text(json.dumps(figures, indent=2) + '\n')
    part.replace(path)


def tables(figures: dict[str, Any]) -> tuple[Table, Table]:
    """Return the figures and the CPU shares as tables."""
    result = Table('figure', 'value', title='Demo')
    for key, value in figures.items():
        if key not in ('cpu', 'runs'):
            result.add_row(key, '-' if value is None else str(value))
    for number_, run in enumerate(figures['runs'], 1):
        outcome = 'done' if run['success'] else 'NOT done'
        result.add_row(f'episode {number_}', f'{run["colour"]}: {outcome} in {run["seconds"]} s')
    cpu = Table('process', 'cores', title='CPU')
    for name, share in figures['cpu'].items():
        cpu.add_row(name, f'{share:.2f}')
    cpu.add_row('sum', f'{figures["cpu_total"]:.2f}')
    return result, cpu
