"""List of the processes of a run, for the command line and for the launch files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import os
import sys
from uuid import uuid4

from robot_runtime.runtime import resources

CONTROL, GATE, SIM = 'control_node', 'safety_node', 'sim_node'
POLICY, RECORDER = 'policy_node', 'recorder_node'
COMMAND_LINE = 'command_line'
# Small messages only: without the locks, the segment and the ports of shared memory
SOCKETS_ONLY = (GATE, CONTROL, SIM, COMMAND_LINE)

# The gate runs above the loop it watches; both below the kernel's own threads (99).
PRIORITY = {GATE: 82, CONTROL: 80}

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a run: what to start, and what its death means."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    respawn: bool = False  # Started again when it ends
    critical: bool = True  # Its death ends the run

    def command(self) -> list[str]:
        """Return the command line, with this interpreter."""
        return [sys.executable, '-m', self.module, *self.arguments]


def process_list(
    robot: str = 'fr3',
    policy: str = 'scripted_pick',
    namespace: str = '',
    *,
    sim: bool = True,
    record: str | None = None,
    seed: int = 1,
    rt: bool = True,
    rate_hz: float = 250.0,
    speed: float = 1.0,
    sim_width: int = 320,
    sim_height: int = 240,
    sim_fps: int = 15,
    use_sim_time: bool = False,
    space: bool = False,
    start_envelope: bool = True,
    step: bool = False,
    more: Mapping[str, Mapping[str, Value]] | None = None,
) -> tuple[Process, ...]:
    """
    Return the processes of a run, in the order they are started: the gate first.

    With `use_sim_time` they live by /clock, which the simulator then publishes; `more` has
    further parameters of a process by its name.
    """
    loop: dict[str, Value] = {
        'robot': robot, 'rate_hz': float(rate_hz), 'real_time': rt, 'speed': float(speed),
        'space': space,
    }  # fmt: skip
    picture: dict[str, Value] = {'width': sim_width, 'height': sim_height, 'fps': sim_fps}
    time: dict[str, Value] = {'use_sim_time': True} if use_sim_time else {}
    clock: dict[str, Value] = {'publish_clock': True} if use_sim_time else {}

    def listed() -> Iterator[tuple[str, dict[str, Value], bool]]:
        yield GATE, loop | time | {'priority': PRIORITY[GATE]}, False
        if sim:
            yield SIM, {'robot': robot, 'seed': seed, **picture, **clock}, False
        yield CONTROL, loop | time | {
            'priority': PRIORITY[CONTROL], 'policy': policy,
            'start_envelope': start_envelope, 'step': step,
        }, False
        yield POLICY, time | {'robot': robot, 'policy': policy}, True
        if record is not None:
            # Started again after a crash it knows by the run that the folder is its own.
            yield RECORDER, {'robot': robot, 'output': record, 'run': uuid4().hex}, True

    return tuple(
        Process(
            name=name,
            module=MODULES[name],
            arguments=ros_arguments(parameters | {**(more or {}).get(name, {})}, namespace),
            environment=process_environment(name),
            respawn=respawn,
            critical=not respawn,
        )
        for name, parameters, respawn in listed()
    )


MODULES = {
    GATE: 'robot_runtime.ros.safety_node',
    CONTROL: 'robot_runtime.ros.control_node',
    POLICY: 'robot_runtime.ros.policy_node',
    RECORDER: 'robot_runtime.ros.recorder_node',
    SIM: 'robot_runtime.ros.sim_node',
}


def ros_arguments(parameters: Mapping[str, Value], namespace: str = '') -> tuple[str, ...]:
    """Return `parameters` and `namespace` as rcl reads them from a command line."""
    words = ['--ros-args']
    if namespace:
        words += ['-r', f'__ns:=/{namespace.strip("/")}']
    for name, value in parameters.items():
        words += ['-p', f'{name}:={_yaml(value)}']
    return tuple(words)


def process_environment(name: str = '') -> dict[str, str]:
    """
    Return what every process of a run finds in its environment.

    What the user has set stays, but for the threads of numeric libraries: a pool of them beside
    a loop of 4 ms costs more than it gives.
    """
    # A writer to shared memory may wait a second for a lock that a killed reader holds. So who
    # moves the robot, the simulated drivers too, has sockets only.
    file = 'fastdds_realtime.xml' if name in SOCKETS_ONLY else 'fastdds.xml'
    profile = resources.find(f'config/{file}')
    defaults = {
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile or ''),
        'MUJOCO_GL': 'egl',
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'LP_NUM_THREADS': '0',  # Software rendering in the calling thread only
    }
    kept = {name: os.environ.get(name) or value for name, value in defaults.items()}
    return {name: value for name, value in kept.items() if value} | {
        'OMP_NUM_THREADS': '1',
        'OPENBLAS_NUM_THREADS': '1',
        'PYTHONUNBUFFERED': '1',
    }


def _yaml(value: Value) -> str:
    # rcl reads a value as YAML: a string like 1 or yes must not change its type.
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else repr(value)
