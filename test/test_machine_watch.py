"""The watch of the machine sees when it was kept from running, and forgets it when told to."""

import os
import signal

from machine_watch import MachineWatch, STALL_WITHOUT_FIFO_MS
import pytest
from robot_runtime.runtime.clock import SteadyClock

CLOCK = SteadyClock()


def sleep(seconds):
    CLOCK.sleep_until(CLOCK.now_ns() + round(seconds * 1e9))


@pytest.fixture
def watch(tmp_path):
    made = MachineWatch(tmp_path)
    for _ in range(1000):
        if made.watches():
            break
        sleep(0.02)
    yield made
    made.end()


def test_a_stall_is_seen_and_then_forgotten(watch):
    os.kill(watch.pid, signal.SIGSTOP)
    sleep(4 * STALL_WITHOUT_FIFO_MS / 1e3)
    os.kill(watch.pid, signal.SIGCONT)
    sleep(0.2)
    assert watch.stalled()
    assert watch.worst_ms() >= 3 * STALL_WITHOUT_FIFO_MS
    watch.begin()
    assert watch.worst_ms() < 3 * STALL_WITHOUT_FIFO_MS


def test_the_process_ends_with_the_watch(watch):
    watch.end()
    with pytest.raises(ProcessLookupError):
        os.kill(watch.pid, 0)
