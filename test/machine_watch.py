"""Watch of the machine under the tests: for how long it ran nothing, whoever was waiting."""

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys
import threading

from marked_processes import end_with_us
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.realtime import enter_realtime

PRIORITY = 85  # above the gate and the loop: what keeps this from running is the machine itself
PERIOD_NS = 10_000_000
# A stall is seen as late by as much less as was to be slept, a period at most. So what takes the
# gate's patience of 20 ms, and no part of the robot did it, is late by this at least.
STALL_MS = 8.0
STALL_WITHOUT_FIFO_MS = 60.0  # and there the gate's patience is as much


class MachineWatch:
    """A process above all others, which notes in a file when it was kept from running."""

    def __init__(self, folder: Path) -> None:
        """Begin to watch."""
        self._file, self._clock = folder / 'stalls', SteadyClock()
        self._file.touch()
        self._begin_ns = self._clock.now_ns()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._file)], preexec_fn=end_with_us
        )

    @property
    def pid(self) -> int:
        """Return the process that watches."""
        return self._process.pid

    def watches(self) -> bool:
        """Return whether it has begun to."""
        return bool(self._file.read_text())

    def begin(self) -> None:
        """Forget what was before now."""
        self._begin_ns = self._clock.now_ns()

    def worst_ms(self) -> float:
        """Return the longest stall since `begin`, 0 when none was long enough to matter."""
        lines = (line.split() for line in self._file.read_text().splitlines())
        return max((float(ms) for ns, ms in lines if int(ns) > self._begin_ns), default=0.0)

    def stalled(self) -> bool:
        """Return whether the machine stalled since `begin`, for longer than a robot bears."""
        return self.worst_ms() > 0.0

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(10.0)


def watch(cpu: int, note: Callable[[str], object]) -> None:
    """Wake up a hundred times a second on one processor, for ever, and note what came late."""
    clock = SteadyClock()
    fifo = enter_realtime(PRIORITY, cpu).fifo
    most_ms = STALL_MS if fifo else STALL_WITHOUT_FIFO_MS
    due_ns = clock.now_ns() + PERIOD_NS
    note('0 0.0\n')  # it watches
    while clock.sleep_until(due_ns):
        now_ns = clock.now_ns()
        late_ms = (now_ns - due_ns) / 1e6
        if late_ms > most_ms:
            note(f'{now_ns} {late_ms:.1f}\n')
        due_ns = now_ns + PERIOD_NS


def main() -> None:
    """Watch every processor that we may use."""
    with Path(sys.argv[1]).open('a', buffering=1) as file:
        threads = [
            threading.Thread(target=watch, args=(cpu, file.write))
            for cpu in sorted(os.sched_getaffinity(0))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == '__main__':
    main()
