"""Steady clock with the only sleep of the runtime: to an absolute deadline on CLOCK_MONOTONIC."""

import ctypes
from errno import EINTR
import os
import time
from typing import Protocol

TIMER_ABSTIME = 1


class Clock(Protocol):
    """What a loop asks of a clock."""

    def now_ns(self) -> int:
        """Return the steady time."""

    def sleep_until(self, deadline_ns: int) -> bool:
        """Sleep to `deadline_ns`; return whether it was reached (False: stopped before it)."""


class _Timespec(ctypes.Structure):
    _fields_ = (('seconds', ctypes.c_long), ('nanoseconds', ctypes.c_long))


_sleep = ctypes.CDLL(None).clock_nanosleep  # ctypes lets go of the interpreter's lock
_sleep.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.POINTER(_Timespec), ctypes.c_void_p)
_sleep.restype = ctypes.c_int


class SteadyClock:
    """
    CLOCK_MONOTONIC: common to all processes of one host, never set back.

    A signal handler calls `stop()`; a sleep that the signal interrupted then returns at once
    with False, and so does every later one.
    """

    def __init__(self) -> None:
        """Allocate what a sleep needs, so that sleeping allocates nothing in the loop."""
        self._until = _Timespec()
        self._until_pointer = ctypes.pointer(self._until)
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Return whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """End the sleep that a signal has interrupted, and all later ones."""
        self._stopped = True

    def now_ns(self) -> int:
        """Return the steady time."""
        return time.monotonic_ns()

    def sleep_until(self, deadline_ns: int) -> bool:
        """
        Sleep to the absolute `deadline_ns`; return whether it was reached.

        time.sleep is relative, so the time between reading the clock and sleeping would be lost;
        Python 3.11 has no time.clock_nanosleep.
        """
        until = self._until
        until.seconds, until.nanoseconds = divmod(max(0, deadline_ns), 1_000_000_000)
        while not self._stopped:
            failed = _sleep(time.CLOCK_MONOTONIC, TIMER_ABSTIME, self._until_pointer, None)
            if failed == 0:
                return True
            if failed != EINTR:
                raise OSError(failed, os.strerror(failed))
        return False


class FakeClock:
    """Clock of a test: time passes only in `sleep_until` and `advance`."""

    def __init__(self, start_ns: int = 0) -> None:
        """Begin at `start_ns`."""
        self._now_ns = start_ns
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Return whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Make every later sleep return False at once."""
        self._stopped = True

    def now_ns(self) -> int:
        """Return the time of the test."""
        return self._now_ns

    def advance(self, by_ns: int) -> None:
        """Let `by_ns` pass."""
        self._now_ns += by_ns

    def sleep_until(self, deadline_ns: int) -> bool:
        """Move to `deadline_ns`, unless it has passed or the clock is stopped."""
        if self._stopped:
            return False
        self._now_ns = max(self._now_ns, deadline_ns)
        return True
