"""Real-time mode of a process: FIFO class, locked memory, frozen garbage collector."""

import ctypes
from dataclasses import dataclass
import gc
import os
from pathlib import Path
import threading

LOCK_CURRENT, LOCK_FUTURE = 1, 2  # of sys/mman.h
HOW = (
    "add '@realtime - {item} {value}' to /etc/security/limits.d/realtime.conf, put the user "
    'in the group realtime and log in again (container: {container})'
)


@dataclass(frozen=True, slots=True)
class RealtimeReport:
    """What a process got of what a steady loop needs; the sentences say what is lost and how."""

    fifo: bool
    locked: bool
    frozen: bool
    sentences: tuple[str, ...]


def enter_realtime(priority: int, cpu: int | None) -> RealtimeReport:
    """
    Give the calling thread the FIFO class at `priority`, on `cpu` if given; lock all memory.

    Call it once, when everything is imported and allocated. Without the rights the process runs
    on, and the report says what is lost.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    problems = (_pin(cpu), _take_fifo(priority), _lock_memory())
    return RealtimeReport(
        fifo=problems[1] is None,
        locked=problems[2] is None,
        frozen=True,
        sentences=tuple(problem for problem in problems if problem is not None),
    )


def set_other_threads_fifo(priority: int) -> tuple[int, ...]:
    """
    Put every other thread of this process into the FIFO class at `priority`, below the loop.

    A thread of the normal class that holds a lock or the interpreter while the loop waits for it
    costs milliseconds. Return the threads that were changed; none without the rights.
    """
    changed = []
    for entry in Path('/proc/self/task').iterdir():
        thread = int(entry.name)
        if thread == threading.get_native_id():
            continue
        try:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority))
        except (PermissionError, ProcessLookupError):  # no rights, or the thread has ended
            continue
        changed.append(thread)
    return tuple(sorted(changed))


def _pin(cpu: int | None) -> str | None:
    """Keep the calling thread on one core; return the sentence for when that fails."""
    if cpu is None:
        return None
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        have = sorted(os.sched_getaffinity(0))
        return f'the loop shares all cores: core {cpu} was refused ({error.strerror}); have {have}'
    return None


def _take_fifo(priority: int) -> str | None:
    """Enter the FIFO class; return the sentence for when that fails."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, ValueError) as error:
        how = HOW.format(
            item='rtprio', value=99, container='--ulimit rtprio=99 --cap-add SYS_NICE'
        )
        return (
            f'no SCHED_FIFO at priority {priority} ({error}): other programs may delay a tick by '
            f'milliseconds; {how}'
        )
    return None


def _lock_memory() -> str | None:
    """Lock all pages, now and later; return the sentence for when that fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(LOCK_CURRENT | LOCK_FUTURE) == 0:
        return None
    reason = os.strerror(ctypes.get_errno())
    how = HOW.format(item='memlock', value='unlimited', container='--ulimit memlock=-1')
    return f'memory is not locked ({reason}): a page fault may delay a tick; {how}'
