"""
Warden of a run: ends what is left when the supervisor itself was killed.

The kernel sends SIGTERM to every child of a dead supervisor, so that control and the gate still
brake; only who hangs and does not hear it is left for the warden. It reads `watch PID` lines from
its standard input, whose end is the supervisor's death, and runs without the package on its path.
"""

import os
from pathlib import Path
import runpy
import select
import signal
import sys
import time

WITHIN_S = 8.0


def watched() -> list[int] | None:
    """Return a descriptor of each process when the supervisor is dead; None if it said done."""
    descriptors = []
    for line in sys.stdin:
        word, _, pid = line.strip().partition(' ')
        if word == 'done':
            return None
        try:
            descriptors.append(os.pidfd_open(int(pid)))
        except OSError:  # It has ended already
            continue
    return descriptors


def end_all(descriptors: list[int]) -> None:
    """Wait for the processes to end, and kill those that have not in time."""
    deadline = time.monotonic() + WITHIN_S
    left = set(descriptors)
    while left:
        within_s = max(0.0, deadline - time.monotonic())
        ended, _, _ = select.select(left, [], [], within_s)
        if not ended:
            for descriptor in left:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select(left, [], [], 1.0)
            return
        left.difference_update(ended)


def main(domain: int, before: frozenset[str]) -> None:
    """Watch until the end of standard input; then leave no process and no shared memory behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Whoever ends all at once means the others
    descriptors = watched()
    if descriptors is None:
        return
    end_all(descriptors)
    leftovers = runpy.run_path(str(Path(__file__).with_name('leftovers.py')))
    leftovers['clean'](leftovers['listed'](domain) - before)


if __name__ == '__main__':
    main(int(sys.argv[1]), frozenset(sys.argv[2:]))
