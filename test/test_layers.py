"""Arrows between folders: every import points towards `core/`."""

import ast
from collections.abc import Iterator
from pathlib import Path
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'robot_runtime'
OURS = {
    'core': {'core'},
    'runtime': {'core', 'runtime'},
    'sim': {'core', 'runtime', 'sim'},
    'export': {'core', 'runtime', 'sim', 'export'},
    'ros': {'core', 'runtime', 'ros'},
    'cli': {'core', 'runtime', 'sim', 'export', 'ros', 'cli'},
}
# The simulator's node, in its files; and the witness, which shares nothing with what it judges.
ALSO = {f'ros/sim_{name}.py': {'sim'} for name in ('node', 'cameras', 'controller')}
ONLY = {'sim/witness.py': set()}
# The arithmetic of the shaper is compiled, by way of this one file.
COMPILER, COMPILES = 'numba', 'core/compiled.py'
# The clock, files, threads and logs: nothing of them is read below the runtime.
NOT_IN_CORE = {
    'asyncio', 'concurrent', 'datetime', 'io', 'logging', 'multiprocessing', 'os', 'pathlib',
    'pickle', 'random', 'shutil', 'signal', 'socket', 'subprocess', 'sys', 'tempfile',
    'threading', 'time',
}
ROS = {
    'ament_index_python', 'builtin_interfaces', 'rcl_interfaces', 'rclpy', 'std_srvs',
    'tf2_ros', 'unique_identifier_msgs',
}
# Only a distribution's ROS has these.
LAUNCH = {'launch', 'launch_ros', 'ros2cli'}
NOT_IN_WHEELS = {
    'composition_interfaces', 'control_msgs', 'cv_bridge', 'rosbag2_py', 'tf2_py', 'tf2_ros',
}


def names_imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Return each module named by an import, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split('.')[: -node.level + 1 or None] if node.level else []
            module = '.'.join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f'{module}.{alias.name}' for alias in node.names)


def is_ros(top: str) -> bool:
    return top in ROS or top.endswith('_msgs')


def faults(source: str, place: str) -> list[str]:
    """Return what is wrong with the imports of a file at `place` under robot_runtime/."""
    layer = place.split('/')[0]
    allowed = ONLY.get(place, OURS.get(layer, set()) | ALSO.get(place, set()))
    package = '.'.join(['robot_runtime', *place.split('/')[:-1]])
    wrong = []
    for name in names_imported(ast.parse(source), package):
        top, _, rest = name.partition('.')
        ours = top == 'robot_runtime'
        folder = rest.split('.')[0]
        if ours and folder and folder not in allowed and folder != '__version__':
            wrong.append(f'{place} imports {name}, which does not lie towards core')
        if top in LAUNCH | NOT_IN_WHEELS:
            wrong.append(f'{place} imports {name}, which only a ROS distribution has')
        if is_ros(top) and layer not in ('ros', 'cli'):
            wrong.append(f'{place} imports {name}: ROS belongs to ros/')
        if top == COMPILER and place != COMPILES:
            wrong.append(f'{place} imports {name}: only {COMPILES} does')
        elif layer == 'core' and not ours and (
                top in NOT_IN_CORE
                or top not in ('numpy', COMPILER) and top not in sys.stdlib_module_names):
            wrong.append(f'{place} imports {name}: core has numpy and pure stdlib only')
    return wrong


def calls_of(source: str) -> set[str]:
    return {node.func.id for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob('*.py'))


@pytest.mark.parametrize('place', FILES)
def test_each_import_points_towards_core(place):
    assert faults((PACKAGE / place).read_text(encoding='utf-8'), place) == []


@pytest.mark.parametrize('place', [place for place in FILES if place.startswith('core/')])
def test_core_opens_prints_and_asks_nothing(place):
    source = (PACKAGE / place).read_text(encoding='utf-8')
    assert calls_of(source) & {'open', 'print', 'input', 'exec', 'eval'} == set()


SHAPER = {'compiled', 'landing', 'limits', 'nearest', 'shaping'}
GATE = {'guard', 'brake', 'coast', 'stop_path'}


def core_modules(name):
    """Return which modules of core/ a module of core/ imports."""
    tree = ast.parse((PACKAGE / f'core/{name}.py').read_text(encoding='utf-8'))
    return {one.split('.')[2] for one in names_imported(tree, 'robot_runtime.core')
            if one.startswith('robot_runtime.core.')}


LOOP, FENCE = {'clearance', 'ahead'}, {'fence'}


@pytest.mark.parametrize(('here', 'there'), [(LOOP, GATE | FENCE), (FENCE, SHAPER | LOOP)])
def test_clearance_and_fence_share_the_body_and_no_code(here, there):
    for name in here:
        modules = core_modules(name)
        assert modules & there == set()


@pytest.mark.parametrize(('here', 'there'), [(SHAPER, GATE), (GATE, SHAPER)])
def test_shaper_and_gate_share_numbers_and_no_code(here, there):
    for name in here:
        modules = core_modules(name)
        assert modules & there == set()
        assert modules <= here | {'types'}


def reached(place):
    """Return which files of the package are imported with one, by others on the way too."""
    found, left = set(), {place}
    while left:
        place = left.pop()
        found.add(place)
        package = '.'.join(['robot_runtime', *place.split('/')[:-1]])
        tree = ast.parse((PACKAGE / place).read_text(encoding='utf-8'))
        for name in names_imported(tree, package):
            here = f'{name.removeprefix("robot_runtime.").replace(".", "/")}.py'
            left |= {here} & set(FILES) - found
    return found


ALL_OF_THE_GATE = [
    place for place in FILES
    if place.startswith('core/gate') or place.removesuffix('.py') in
    {f'core/{name}' for name in GATE | FENCE} | {'runtime/gate_config', 'ros/safety_node'}
]


@pytest.mark.parametrize('place', ALL_OF_THE_GATE)
def test_no_way_leads_from_the_gate_to_the_shaper_or_to_the_compiler(place):
    assert reached(place) & {f'core/{name}.py' for name in SHAPER} == set()


def test_the_loop_reaches_the_compiler():
    assert COMPILES in reached('ros/control_node.py')
    assert {'core/guard.py', 'ros/safety_node.py'} <= set(ALL_OF_THE_GATE)


def test_the_package_itself_imports_nothing():
    tree = ast.parse((PACKAGE / '__init__.py').read_text(encoding='utf-8'))
    assert list(names_imported(tree, 'robot_runtime')) == []


@pytest.mark.parametrize(('place', 'source'), [
    ('core/x.py', 'import rclpy'),
    ('core/x.py', 'from time import monotonic_ns'),
    ('core/x.py', 'import onnxruntime'),
    ('core/x.py', 'from robot_runtime.runtime.clock import Clock'),
    ('core/x.py', 'from ..runtime import clock'),
    ('core/x.py', 'def late():\n    from robot_runtime import ros'),
    ('runtime/x.py', 'from sensor_msgs.msg import Image'),
    ('runtime/x.py', 'from robot_runtime.ros import qos'),
    ('runtime/x.py', 'from robot_runtime.sim import world'),
    ('ros/x.py', 'from robot_runtime.sim import world'),
    ('ros/x.py', 'from robot_runtime.cli import main'),
    ('ros/x.py', 'import launch'),
    ('sim/x.py', 'import rclpy'),
    ('core/guard.py', 'import numba'),
    ('core/limits.py', 'from numba import njit'),
    ('runtime/x.py', 'import numba'),
    ('sim/witness.py', 'from robot_runtime.core.types import Limits'),
    ('cli/x.py', 'import rosbag2_py'),
])
def test_a_wrong_arrow_is_found(place, source):
    assert faults(source, place) != []


@pytest.mark.parametrize(('place', 'source'), [
    ('core/x.py', 'import math\nimport numpy as np\nfrom robot_runtime.core.types import Limits'),
    ('core/x.py', 'from .types import Limits'),
    ('core/compiled.py', 'import numba'),
    ('runtime/x.py', 'import time\nimport onnxruntime\nfrom robot_runtime.core import types'),
    ('ros/sim_node.py', 'import rclpy\nfrom robot_runtime.sim.world import World'),
    ('cli/x.py', 'from robot_runtime.ros import qos\nfrom robot_runtime import __version__'),
])
def test_a_right_arrow_is_accepted(place, source):
    assert faults(source, place) == []
