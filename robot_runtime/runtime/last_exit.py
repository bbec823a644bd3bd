"""Last exit: a process that has said what it had to say ends, whatever its libraries wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import sys

SIGEV_THREAD = 2  # of signal.h
CLOCK_MONOTONIC = 1  # of time.h
_libc = ctypes.CDLL(None)


class _Event(ctypes.Structure):
    """`struct sigevent` of glibc, 64 bytes, for SIGEV_THREAD."""

    _fields_ = (
        ('value', ctypes.c_long), ('signal', ctypes.c_int), ('notify', ctypes.c_int),
        ('function', ctypes.c_void_p), ('attributes', ctypes.c_void_p),
        ('rest', ctypes.c_byte * 32),
    )  # fmt: skip


class _Times(ctypes.Structure):
    """`struct itimerspec`: every, then after, each in seconds and nanoseconds."""

    _fields_ = (
        ('every_s', ctypes.c_long), ('every_ns', ctypes.c_long), ('s', ctypes.c_long),
        ('ns', ctypes.c_long),
    )  # fmt: skip


@contextmanager
def ends_within(seconds: float, code: int) -> Iterator[None]:
    """
    End this process with `code` if what is done meanwhile takes longer than `seconds`.

    Fast DDS can wait for itself for ever when a participant is taken down while others come and
    go (its issue 6502), inside a call that lets no other Python code run. So the C library's own
    timer ends the process, from a thread of its own.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    end = ctypes.cast(_libc._exit, ctypes.c_void_p).value
    event = _Event(value=code, notify=SIGEV_THREAD, function=end)
    times = _Times(s=int(seconds), ns=int(seconds % 1.0 * 1e9))
    timer = ctypes.c_void_p()
    if _libc.timer_create(CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)) != 0:
        yield  # without a timer, as patiently as ever
        return
    _libc.timer_settime(timer, 0, ctypes.byref(times), None)
    try:
        yield
    finally:
        _libc.timer_delete(timer)
