"""
Wake-ups of this machine: how late a bare loop of 250 Hz wakes while something else is measured.

    python benchmarks/wakeups.py [--seconds 10]
"""

import argparse
import json
from pathlib import Path
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any

from robot_runtime.core.pacing import Pacer, TickStats
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.realtime import enter_realtime

PERIOD_NS = 4_000_000
PRIORITY = 85  # above the gate and the loop: what is late then is the machine itself
END_S = 10.0


class WakeUps:
    """Runs the loop in a process of its own as long as the `with` lasts; then `figures` is set."""

    def __init__(self) -> None:
        """Begin without figures."""
        self.figures: dict[str, Any] = {}

    def __enter__(self) -> 'WakeUps':
        """Start the loop."""
        command = [sys.executable, str(Path(__file__)), '--seconds', '86400']
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """End the loop."""
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=END_S)
        self.figures = json.loads(out) if out else {}


def measured(clock: SteadyClock, seconds: float) -> dict[str, Any]:
    """Return the lateness [us] of a loop that does nothing, until then or until it is stopped."""
    fifo = enter_realtime(PRIORITY, None).fifo
    stats, begin_ns = TickStats(), clock.now_ns()
    pacer = Pacer(PERIOD_NS, begin_ns + PERIOD_NS)
    while clock.now_ns() - begin_ns < seconds * 1e9 and clock.sleep_until(pacer.deadline_ns):
        now_ns = clock.now_ns()
        stats.record(now_ns - pacer.deadline_ns)
        stats.missed += pacer.advance(now_ns)
    return {
        'fifo': fifo,
        'ticks': stats.ticks,
        'missed': stats.missed,
        **{f'p{name}_us': stats.percentile(q) / 1e3 for name, q in QUANTILES.items()},
        'worst_us': stats.worst_ns / 1e3,
    }


QUANTILES = {'50': 50.0, '99': 99.0, '999': 99.9}


def main() -> int:
    """Measure for some seconds, or until SIGTERM, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    parser.add_argument('--seconds', type=float, default=10.0, help='how long to measure')
    clock = SteadyClock()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: clock.stop())
    print(json.dumps(measured(clock, parser.parse_args().seconds)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
