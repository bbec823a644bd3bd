"""Journal: fixed records that a loop hands to other processes through shared memory, no lock."""

import ast
import mmap
import os
from pathlib import Path
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.leftovers import ENLARGE

# A plain mapped file: multiprocessing.shared_memory would start a tracker process beside the
# loop, which also removes the journal when a reader ends.
FOLDER = Path('/dev/shm')
MAGIC = b'rr-journal-1\n'
HEADER = 4096
COUNT, CLOSED = 0, 1  # of the two int64 at COUNTERS
COUNTERS = HEADER - 16
NAME = re.compile(r'rr_(?P<domain>\d+)_(?P<node>[A-Za-z0-9_.]+)_(?P<pid>\d+)')
CAPACITY = 5000  # records of the loop: 20 s at 250 Hz
CHUNKS = 4  # stamps of merged chunks that one record has room for


def control_dtype(joints: int) -> np.dtype[np.void]:
    """Return the record of one tick of control."""
    row = (joints,)
    return np.dtype([
        ('n', 'i8'), ('epoch_ns', 'i8'), ('now_ns', 'i8'), ('ros_now_ns', 'i8'),
        ('state_stamp_ns', 'i8'), ('chunk_stamps', 'i8', (CHUNKS,)), ('chunks', 'u1'),
        ('mode', 'u1'), ('fault', 'u1'), ('events', 'u8'), ('measured', 'f8', row),
        ('target', 'f8', row), ('q', 'f8', row), ('v', 'f8', row), ('a', 'f8', row),
        ('active', 'u1', row), ('teleop_stamp_ns', 'i8'),
    ])  # fmt: skip


def gate_dtype(joints: int) -> np.dtype[np.void]:
    """Return the record of one tick of the gate: the command it saw and the motion it sent."""
    row = (joints,)
    return np.dtype([
        ('n', 'i8'), ('epoch_ns', 'i8'), ('now_ns', 'i8'), ('ros_now_ns', 'i8'),
        ('state_stamp_ns', 'i8'), ('state', 'u1'), ('fault', 'u1'), ('joint', 'i1'),
        ('events', 'u8'), ('measured', 'f8', row), ('asked_q', 'f8', row),
        ('asked_v', 'f8', row), ('asked_a', 'f8', row), ('q', 'f8', row), ('v', 'f8', row),
        ('a', 'f8', row),
    ])  # fmt: skip


def journal_name(domain: int, node: str) -> str:
    """Return the name of this process's journal; `node` may have a namespace: /left/arm_node."""
    return f'rr_{domain}_{node.strip("/").replace("/", ".")}_{os.getpid()}'


def node_of(name: str) -> str:
    """Return the node that a journal is of, with its namespace: left/arm_node."""
    match = NAME.fullmatch(name)
    return match['node'].replace('.', '/') if match else name


def journals(domain: int) -> tuple[str, ...]:
    """Return the names of the journals of a ROS domain that a writer still has open."""
    found = (NAME.fullmatch(path.name) for path in FOLDER.glob(f'rr_{domain}_*'))
    return tuple(sorted(m[0] for m in found if m and Path(f'/proc/{m["pid"]}').exists()))


def remove_stale(domain: int) -> tuple[str, ...]:
    """Remove the journals whose writer was killed, and return their names."""
    found = [NAME.fullmatch(path.name) for path in FOLDER.glob(f'rr_{domain}_*')]
    stale = [m[0] for m in found if m and not Path(f'/proc/{m["pid"]}').exists()]
    for name in stale:
        (FOLDER / name).unlink(missing_ok=True)
    return tuple(sorted(stale))


class JournalWriter:
    """The one writer of a journal: fill `record`, then `commit`; it never waits for a reader."""

    def __init__(self, name: str, dtype: np.dtype[np.void], capacity: int) -> None:
        """Create the shared memory; `capacity` records are kept for readers that lag."""
        if NAME.fullmatch(name) is None or capacity < 2:
            raise ValueError(f'a journal needs a name like rr_0_node_1 and room: {name}')
        header = MAGIC + repr((np.lib.format.dtype_to_descr(dtype), capacity)).encode()
        if len(header) > COUNTERS:
            raise ValueError(f'the fields of journal {name} do not fit its header')
        self.name = name
        self._memory = _allocated(FOLDER / name, HEADER + capacity * dtype.itemsize)
        self._counters, self._slots = _views(self._memory, dtype, capacity)
        self._slots[:] = np.zeros(1, dtype)  # touch every page now, not in the loop
        self.record = np.zeros((), dtype)
        self._memory[: len(header)] = header

    def commit(self) -> None:
        """Publish `record`: its bytes first, and then the count that lets readers see them."""
        count = int(self._counters[COUNT])
        self._slots[count % len(self._slots)] = self.record
        self._counters[COUNT] = count + 1

    def close(self) -> None:
        """Say that no more comes and remove the name; who reads may still read to the end."""
        self._counters[CLOSED] = 1
        (FOLDER / self.name).unlink(missing_ok=True)
        self._memory.flush()


class JournalReader:
    """One of any number of readers; it misses records rather than slow the writer."""

    def __init__(self, name: str) -> None:
        """Open the journal at its oldest record that is still there."""
        with (FOLDER / name).open('rb') as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._memory[: len(MAGIC)] != MAGIC:
            raise ValueError(f'{name} is not a journal of this version, or is not yet ready')
        text = self._memory[len(MAGIC):COUNTERS].rstrip(b'\0').decode()
        descr, capacity = ast.literal_eval(text)
        self.name = name
        self.dtype: np.dtype[Any] = np.lib.format.descr_to_dtype(descr)
        self._counters, self._slots = _views(self._memory, self.dtype, capacity)
        self._next = self._oldest()
        self.overruns = 0  # records that were written and never read

    @property
    def closed(self) -> bool:
        """Return whether the writer has ended; what it wrote may still be taken."""
        return bool(self._counters[CLOSED])

    def take(self, most: int = 4096) -> NDArray[Any]:
        """Return copies of the next records, at most `most`; empty when there are none."""
        capacity = len(self._slots)
        first = max(self._next, self._oldest())
        last = min(int(self._counters[COUNT]), first + min(most, capacity))
        taken = self._slots[np.arange(first, last) % capacity]
        # what the writer has reached meanwhile may be half old, half new
        safe = min(max(first, self._oldest()), last)
        self.overruns += safe - self._next
        self._next = last
        return taken[safe - first:]

    def _oldest(self) -> int:
        """Return the oldest record whose slot the writer cannot be writing to."""
        return max(0, int(self._counters[COUNT]) - len(self._slots) + 1)


def _allocated(path: Path, size: int) -> mmap.mmap:
    """Return `size` bytes that are really there: a write to a page that is not, kills the loop."""
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise _no_room(path, size, error) from error
    try:
        os.posix_fallocate(file, 0, size)
        return mmap.mmap(file, size)
    except OSError as error:
        path.unlink()
        raise _no_room(path, size, error) from error
    finally:
        os.close(file)


def _no_room(path: Path, size: int, error: OSError) -> ConfigError:
    return ConfigError(
        f'the journal {path} of {-(-size >> 20)} MiB cannot be made in shared memory: '
        f'{error.strerror}; {ENLARGE}'
    )


def _views(
    memory: mmap.mmap, dtype: np.dtype[Any], capacity: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    counters = np.frombuffer(memory, np.int64, 2, COUNTERS)
    return counters, np.frombuffer(memory, dtype, capacity, HEADER)
