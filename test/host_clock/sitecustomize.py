"""Host whose clock can be set: every process with this folder on its path adds a shared offset."""

from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
import mmap
import os
import struct
import sys
from types import ModuleType
from typing import Any

FILE = os.environ.get('ROBOT_RUNTIME_TEST_CLOCK', '')
CLOCK = 'rclpy.clock'


class SetClock(MetaPathFinder):
    """Finds rclpy's clock, and wraps its `now` as soon as it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where rclpy.clock is, with a loader that changes it; None for all else."""
        spec = PathFinder.find_spec(name, path) if name == CLOCK else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            module.Clock.now = moved(module.Clock.now, module.Time)

        spec.loader.exec_module = exec_module
        return spec


def moved(now: Callable[[Any], Any], time: Any) -> Callable[[Any], Any]:
    """Return `now` with the offset [ns] added that stands in the file."""
    with open(FILE, 'rb') as file:
        memory = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)

    def later(clock: Any) -> Any:
        (offset_ns,) = struct.unpack('<q', memory[:8])
        return time(nanoseconds=now(clock).nanoseconds + offset_ns, clock_type=clock.clock_type)

    return later


if FILE:
    sys.meta_path.insert(0, SetClock())
