"""Leftovers in shared memory, in a folder that stands for it."""

import fcntl
import mmap
import os
from pathlib import Path
import subprocess
import sys

from robot_runtime.runtime import leftovers


def test_only_names_of_fast_dds_and_of_the_own_domain_are_listed(tmp_path: Path) -> None:
    for name in ('fastdds_1', 'sem.fastrtps_2', 'rr_7_control_node_1', 'rr_70_x_1', 'other'):
        (tmp_path / name).touch()
    assert leftovers.listed(7, tmp_path) == {'fastdds_1', 'sem.fastrtps_2', 'rr_7_control_node_1'}


def test_what_a_process_maps_opens_or_locks_stays(tmp_path: Path) -> None:
    for name in ('as_made', 'opened', 'locked', 'locked_el', 'unused', 'sem.mapped_mutex'):
        (tmp_path / name).write_bytes(bytes(64))
    with (tmp_path / 'as_made').open('r+b') as file:
        view = mmap.mmap(file.fileno(), 64)
    (tmp_path / 'as_made').rename(tmp_path / 'mapped')  # A named semaphore is made so
    opened = os.open(tmp_path / 'opened', os.O_RDONLY)
    lock = os.open(tmp_path / 'locked_el', os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    names = [path.name for path in tmp_path.iterdir()]
    assert leftovers.clean(names, tmp_path) == ('unused',)
    view.close()
    os.close(opened)
    os.close(lock)


def test_a_shared_memory_that_is_too_small_is_a_sentence_with_a_way_out(tmp_path: Path) -> None:
    problem = leftovers.shared_memory_problem(tmp_path, needed=1 << 60)
    assert problem is not None
    assert '--shm-size' in problem


def test_a_shared_memory_with_room_is_no_problem(tmp_path: Path) -> None:
    assert leftovers.shared_memory_problem(tmp_path, needed=1) is None


def test_a_launcher_cleans_what_its_run_left_and_not_what_was_there_before():
    domain = 90_000 + os.getpid() % 10_000
    old, new = (leftovers.SHARED_MEMORY / f'rr_{domain}_{name}_node_1' for name in ('old', 'new'))
    old.touch()
    code = 'import pathlib, sys; from robot_runtime.runtime import leftovers as found; '
    code += 'found.clean_at_exit(int(sys.argv[1])); pathlib.Path(sys.argv[2]).touch()'
    try:
        subprocess.run([sys.executable, '-c', code, str(domain), str(new)], check=True)
        assert (old.exists(), new.exists()) == (True, False)
    finally:
        old.unlink()
