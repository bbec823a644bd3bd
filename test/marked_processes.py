"""Processes of a test: which carry its mark, which map shared memory, and how they end."""

import ctypes
import os
from pathlib import Path
import re
import signal

PR_SET_PDEATHSIG = 1
PRCTL = ctypes.CDLL(None).prctl  # Loaded here: nothing may be between fork and exec


def end_with_us() -> None:
    """Let the kernel end a child when the test itself is killed."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


def processes_with(mark: bytes) -> dict[int, str]:
    """Return the living processes that have `mark` in their environment."""
    found = {}
    for place in Path('/proc').glob('[0-9]*'):
        try:
            marked = mark in (place / 'environ').read_bytes().split(b'\0')
            words = (place / 'cmdline').read_text(errors='replace').split('\0')
        except OSError:  # It has ended, or is another user's
            continue
        if marked:
            names = [re.sub(r'.*[./]', '', word) for word in words if 'robot_runtime' in word]
            found[int(place.name)] = names[0] if names else words[0]
    return found


def group_of(leader: int) -> set[int]:
    """Return the processes of the session of `leader`."""
    found = set()
    for place in Path('/proc').glob('[0-9]*'):
        try:
            if os.getsid(int(place.name)) == leader:
                found.add(int(place.name))
        except OSError:
            continue
    return found


def shared_memory_of(pid: int) -> set[str]:
    """Return the names in /dev/shm that a process maps, none when it has ended."""
    try:
        lines = Path(f'/proc/{pid}/maps').read_text(errors='replace').splitlines()
    except OSError:
        return set()
    return {line.rpartition('/dev/shm/')[2] for line in lines if '/dev/shm/' in line}
