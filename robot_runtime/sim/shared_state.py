"""Shared state between physics and rendering: one writer, one reader, and nobody waits."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZE = 1 << 16  # bytes; anonymous memory, so that no file is left behind by any death
HEADER = 16  # int64 words
SEQUENCE, STAMP, SEED, FRAMES, SEEN = 0, 1, 2, 3, 9  # one word of FRAMES and SEEN per camera
EYES = 15
READ_TRIES = 100


class SharedState:
    """
    What the cameras need of the physics, in memory that a forked child shares.

    A sequence number is odd while the writer writes and changes with every write; a reader that
    saw it change reads again.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SIZE)
        self._header = np.frombuffer(self._memory, np.int64, HEADER)
        self._values = np.frombuffer(self._memory, np.float64, offset=HEADER * 8)

    def write(self, data: Any, stamp_ns: int, seed: int) -> None:
        """Publish the positions in MuJoCo's `data`, as of `stamp_ns`, dressed as `seed` says."""
        header = self._header
        header[SEQUENCE] += 1
        header[STAMP], header[SEED] = stamp_ns, seed
        joints = data.qpos.size
        self._values[:joints] = data.qpos
        self._values[joints:][: data.mocap_pos.size] = data.mocap_pos.ravel()
        header[SEQUENCE] += 1

    def read(self, data: Any) -> tuple[int, int] | None:
        """Fill the positions of `data`; return (stamp_ns, seed), None before the first write."""
        joints = data.qpos.size
        end = joints + data.mocap_pos.size
        for _ in range(READ_TRIES):
            before = int(self._header[SEQUENCE])
            stamp_ns, seed = int(self._header[STAMP]), int(self._header[SEED])
            values = self._values[:end].copy()
            if before % 2 == 0 and before == int(self._header[SEQUENCE]) and before > 0:
                data.qpos[:] = values[:joints]
                data.mocap_pos[:] = values[joints:].reshape(data.mocap_pos.shape)
                return stamp_ns, seed
        return None

    @property
    def eyes(self) -> int:
        """Return what the cameras are told: 0 to see, 1 to send nothing, 2 to repeat."""
        return int(self._header[EYES])

    @eyes.setter
    def eyes(self, word: int) -> None:
        self._header[EYES] = word

    def count_frame(self, camera: int, stamp_ns: int) -> None:
        """Count one published frame and keep its stamp (reader's side)."""
        self._header[SEEN + camera] = stamp_ns
        self._header[FRAMES + camera] += 1

    def frames(self, camera: int) -> tuple[int, int]:
        """Return how many frames of a camera were published, and the stamp [ns] of the last."""
        while True:
            count, stamp_ns = int(self._header[FRAMES + camera]), int(self._header[SEEN + camera])
            if count == int(self._header[FRAMES + camera]):
                return count, stamp_ns
