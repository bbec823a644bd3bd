"""Bounded queue in front of a thread that writes, so that a slow disk never holds the taker."""

from collections import deque
from collections.abc import Callable
import threading
import traceback


class WriteBehind:
    """
    Does what `put` was given, in order, on one thread; what does not fit is dropped and counted.

    After an exception (a full disk) everything is dropped; `failure` then holds the traceback.
    """

    def __init__(self, most_bytes: int = 32 * 1024 * 1024) -> None:
        """Start the thread; at most `most_bytes` wait for it."""
        self._most_bytes = most_bytes
        self._jobs: deque[tuple[Callable[[], None], int]] = deque()
        self._bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self.dropped = 0
        self.error: Exception | None = None
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._run, name='writer', daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None], size: int) -> bool:
        """Queue `job`, which holds `size` bytes; return False if it was dropped."""
        with self._changed:
            if self.failure or self._bytes + size > self._most_bytes:
                self.dropped += 1
                return False
            self._jobs.append((job, size))
            self._bytes += size
            self._changed.notify()
            return True

    def close(self, timeout_s: float) -> bool:
        """Do what is queued and end the thread; return whether it ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (next_job := self._next()) is not None:
                job, size = next_job
                job()
                with self._changed:
                    self._bytes -= size
        except Exception as error:  # noqa: BLE001 (read by the owner)
            with self._changed:
                self.error = error
                self.failure = traceback.format_exc()
                self.dropped += 1 + len(self._jobs)
                self._jobs.clear()

    def _next(self) -> tuple[Callable[[], None], int] | None:
        with self._changed:
            while not self._jobs:
                if self._closing:
                    return None
                self._changed.wait()
            return self._jobs.popleft()
