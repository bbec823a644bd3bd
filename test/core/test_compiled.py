"""Tests of the compiled arithmetic: kept on disk, never stale, the same as plain Python."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / 'robot_runtime' / 'core'
# Whether each function came from the disk, and whether a sum and a product were fused into one:
# a machine that can do that would get other bits than one that cannot.
REPORT = """
from robot_runtime.core import ahead, shaping
functions = [shaping.shape_all, shaping.steer_all, shaping.ramp_all,
             ahead._gains, ahead._ahead, ahead._release]
for one in functions:
    assert len(one.signatures) == 1
    stats = one.stats
    fused = stats.cache_path is not None and not stats.cache_hits and any(
        word in one.inspect_asm(one.signatures[0]) for word in ('vfmadd', 'vfnmadd', 'vfmsub'))
    print(sum(stats.cache_hits.values()), fused)
"""
# A run of the shaper, to the bit.
RUN = """
import numpy as np
from benchmarks.safety_campaign import robots, targets
from robot_runtime.core.ahead import Ahead, released, stop_gains
from robot_runtime.core.limits import ramp_to_rest, shape, steer
from robot_runtime.core.types import Motion
rng, dt_s, seen = np.random.default_rng(3), 0.004, []
limits = robots(rng, 1, dt_s).part(0)
last, groups = Motion.at_rest(0.5 * (limits.lower + limits.upper)), (slice(0, 4), slice(4, 7))
for kind in ('steps', 'moving', 'ends'):
    for (target, speed), _ in zip(targets(rng, kind, limits, dt_s), range(40)):
        before, shaped = last, shape(target, last, limits, dt_s, groups, speed)
        last = shaped.motion
        steered = steer(-last.velocity, last.acceleration, last, limits, dt_s, groups)
        for one in (last, steered, ramp_to_rest(last, limits, dt_s)):
            seen += [one.position, one.velocity, one.acceleration]
        seen += [shaped.active, released(last.velocity, last.acceleration, limits, dt_s)]
    ahead = Ahead.of(last, before, limits, dt_s)
    seen += [ahead.places, ahead.travel, stop_gains(last.velocity, last.acceleration, limits.jerk)]
print(b''.join(one.tobytes() for one in seen).hex())
"""


def started(code, folder, **environment):
    """Return a process that runs `code` with the package in `folder`, or in its own."""
    path = os.pathsep.join(map(str, (folder, ROOT)))
    return subprocess.Popen(
        [sys.executable, '-c', code], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=folder, env=os.environ | {'PYTHONPATH': path} | environment)


def said(process):
    """Return the lines that a process wrote, once it has ended well."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return out.splitlines()


@pytest.fixture(scope='module')
def package(tmp_path_factory):
    """Return a folder with a copy of core/ alone, in which nothing has been compiled."""
    folder = tmp_path_factory.mktemp('fresh')
    shutil.copytree(
        CORE, folder / 'robot_runtime' / 'core', ignore=shutil.ignore_patterns('__pycache__'))
    (folder / 'robot_runtime' / '__init__.py').touch()
    return folder


@pytest.fixture(scope='module')
def filled(package):
    """Return the same folder after three processes have compiled at the same time."""
    at_once = [started(REPORT, package) for _ in range(3)]
    for one in at_once:
        lines = said(one)
        assert len(lines) == 6
        assert not any('True' in line for line in lines)
    return package


def test_what_several_processes_compiled_at_once_is_found_by_the_next_one(filled):
    assert said(started(REPORT, filled)) == ['1 False'] * 6
    assert len(list((filled / 'robot_runtime/core/__pycache__').glob('*.nbi'))) == 6


def test_a_damaged_cache_does_not_keep_the_loop_from_starting(filled, tmp_path):
    folder = tmp_path / 'damaged'
    shutil.copytree(filled, folder)
    for place in (folder / 'robot_runtime/core/__pycache__').glob('shaping.*.nb?'):
        place.write_bytes(place.read_bytes()[:100])
    assert len(said(started(RUN, folder))) == 1


def test_without_a_folder_to_write_to_the_loop_starts(filled, tmp_path):
    folder, nowhere = tmp_path / 'no', tmp_path / 'nowhere'
    shutil.copytree(filled, folder, ignore=shutil.ignore_patterns('__pycache__'))
    nowhere.touch()  # a file: no folder can be made below it, whoever asks
    (folder / 'robot_runtime/core/__pycache__').touch()
    assert said(started(REPORT, folder, XDG_CACHE_HOME=str(nowhere))) == ['0 False'] * 6


def test_a_package_that_is_read_only_is_kept_in_the_cache_of_the_user(filled, tmp_path):
    folder, cache = tmp_path / 'no', tmp_path / 'cache'
    shutil.copytree(filled, folder, ignore=shutil.ignore_patterns('__pycache__'))
    (folder / 'robot_runtime/core/__pycache__').touch()
    for hits in (0, 1):
        assert said(started(REPORT, folder, XDG_CACHE_HOME=str(cache))) == [f'{hits} False'] * 6


def test_what_is_compiled_is_never_older_than_a_function_it_calls(filled, tmp_path):
    folder = tmp_path / 'edited'
    shutil.copytree(filled, folder)
    landing = folder / 'robot_runtime/core/landing.py'
    text = landing.read_text(encoding='utf-8')
    landing.write_text(text.replace('SETTLED = 1e-9', 'SETTLED = 2e-9'), encoding='utf-8')
    assert said(started(REPORT, folder)) == ['0 False'] * 5 + ['1 False']  # `released` calls none


SMALL = """
from typing import NamedTuple
import numpy as np
from robot_runtime.core.compiled import compiled, inlined
STEP = 0.5
class Two(NamedTuple):
    one: float
    other: float
@inlined
def rounded(value: float) -> float:
    return np.floor(value) + 2.0
@inlined
def both(value: float) -> Two:
    return Two(rounded(value), STEP)
@compiled('f8(f8)')
def entry(value: float) -> float:
    two = both(value)
    return two.one - two[1]
"""
EDITS = [
    ('', ''), ('STEP = 0.5', 'STEP = 0.25'), ('np.floor', 'np.ceil'), ('+ 2.0', '+ 3.0'),
    ('other: float', 'another: float'), ('two.one - two[1]', 'two[1] - two.one'),
    ('rounded(value), STEP', 'rounded(value), 0.5'), ('return np', 'return 1.0 * np'),
]


def test_each_change_of_what_is_compiled_has_another_name_on_disk(tmp_path):
    names = set()
    for number, (before, after) in enumerate(EDITS):
        assert before in SMALL
        source, place = SMALL.replace(before, after, 1), tmp_path / f'small_{number}.py'
        place.write_text(source, encoding='utf-8')
        module = {'__name__': place.stem}
        exec(compile(source, str(place), 'exec'), module)
        names.add(module['entry'].py_func.__qualname__)
    assert len(names) == len(EDITS)


def test_plain_python_gives_the_same_bits():
    run = [started(RUN, ROOT), started(RUN, ROOT, NUMBA_DISABLE_JIT='1', PYTHONWARNINGS='ignore')]
    compiled, plain = (said(one) for one in run)
    assert len(compiled[0]) > 100_000
    assert compiled == plain
