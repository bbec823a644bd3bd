"""Leftovers in shared memory: what the processes of a run left there when they were killed."""

import atexit
from collections.abc import Iterable
from contextlib import suppress
import fcntl
import os
from pathlib import Path

SHARED_MEMORY = Path('/dev/shm')
NEEDED_BYTES = 192 << 20  # a demo took 145 MiB: Fast DDS takes 34 for each process, at once
ENLARGE = (
    'make it larger (mount -o remount,size=512m /dev/shm; container: --shm-size=512m) or make room'
)
DDS_NAMES = (
    'fastrtps_', 'sem.fastrtps_', 'fast_datasharing', 'fastdds_', 'sem.fastdds_', 'lttng-ust-',
)  # fmt: skip


def shared_memory_problem(folder: Path = SHARED_MEMORY, needed: int = NEEDED_BYTES) -> str | None:
    """Return why shared memory does not do for a run, in one sentence; None when it does."""
    try:
        place = os.statvfs(folder)
    except OSError as error:
        return f'{folder} (shared memory) cannot be used: {error.strerror}'
    if place.f_flag & os.ST_RDONLY or not os.access(folder, os.W_OK | os.X_OK):
        return f'{folder} (shared memory) cannot be written, and images and journals lie there'
    free = place.f_bavail * place.f_frsize
    if free >= needed:
        return None
    return (
        f'{folder} (shared memory) has {free >> 20} MiB free, but {needed >> 20} MiB are '
        f'needed for images and journals: {ENLARGE}'
    )


def listed(domain: int, folder: Path = SHARED_MEMORY) -> frozenset[str]:
    """Return the names of Fast DDS and of the journals of `domain` in shared memory."""
    try:
        names = os.listdir(folder)
    except OSError:
        return frozenset()
    prefixes = (*DDS_NAMES, f'rr_{domain}_')
    return frozenset(name for name in names if name.startswith(prefixes))


def clean_at_exit(domain: int) -> None:
    """Clean, when this process ends, what its run has left: for a launcher that only starts it."""
    before = listed(domain)
    atexit.register(lambda: clean(listed(domain) - before))


def clean(names: Iterable[str], folder: Path = SHARED_MEMORY) -> tuple[str, ...]:
    """
    Remove those of `names` that no process uses, and return them.

    In use is what a process maps or holds open, what belongs to another user (whose processes
    we cannot look into), and what is locked (a process of another container, out of our sight).
    """
    used = _in_use(folder)
    removed = []
    for name in sorted(names):
        base = _base(name)
        family = [folder / one for one in (name, base, f'{base}_el', f'{base}_sl')]
        in_use = any(_inode(path) in used or _locked(path) for path in family)
        if in_use or not _ours(folder / name):
            continue
        (folder / name).unlink(missing_ok=True)
        removed.append(name)
    return tuple(removed)


def _base(name: str) -> str:
    """Return the segment or port that a lock or semaphore of Fast DDS belongs to."""
    name = name.removeprefix('sem.').removesuffix('_mutex')
    return name.removesuffix('_el').removesuffix('_sl')


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _ours(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _in_use(folder: Path) -> set[int]:
    """Return the inodes in `folder` that some process maps or holds open."""
    prefix = f'{folder}/'
    # By inode: a named semaphore was made under another name, and is mapped under that one.
    return {
        inode
        for process in Path('/proc').glob('[0-9]*')
        for inode in (*_mapped(process, prefix), *_opened(process, prefix))
    }


def _mapped(process: Path, prefix: str) -> list[int]:
    try:
        lines = (process / 'maps').read_text(errors='replace').splitlines()
    except OSError:  # It has ended, or is another user's
        return []
    return [int(line.split(maxsplit=5)[4]) for line in lines if f' {prefix}' in line]


def _opened(process: Path, prefix: str) -> list[int]:
    try:
        links = list((process / 'fd').iterdir())
    except OSError:
        return []
    inodes = []
    for link in links:
        with suppress(OSError):  # Closed in the meantime, as the one of this very listing
            if os.readlink(link).startswith(prefix):
                inodes.append(link.stat().st_ino)
    return inodes
