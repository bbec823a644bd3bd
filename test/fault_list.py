"""List of faults: how each is made on a moving robot, and what came of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import os
import signal

from robot_runtime.runtime import processes
from running_robot import CONTROL, POLICY, RunningRobot

ENDED_S = 12.0  # bound on the warden's work after a killed supervisor, with room
STAND_S = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault did."""

    fault: str
    stop_s: float  # from the fault until the last measured motion
    braked: float  # [rad/s^2] greatest measured change of speed after it
    commanded: float  # [rad/s^2] greatest acceleration of all commands, by the witness
    violations: int  # of commands, by the witness, from start to end
    measured: int  # violations of measured motion; a finger snaps shut when a cube slips out
    first: str  # violation that the witness saw, in its words
    exit_code: int | None  # None: the run went on
    orphans: tuple[str, ...]
    leftovers: tuple[str, ...]  # segments and journals in shared memory
    ports: tuple[str, ...]  # of Fast DDS, of 52 kB: who lives on may make them again
    timeouts: int  # of drivers: commands ended while the joints were moving


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is made while the arm moves fast."""

    name: str
    make: Callable[[RunningRobot], int]  # returns the ROS time at which it was made
    after: Callable[[RunningRobot], int | None]  # what follows the stop; returns the exit code
    sim: tuple[str, ...] = ()  # parameters of the simulator


def killed(name: str) -> Callable[[RunningRobot], int]:
    """Return what kills a node."""
    return lambda robot: robot.send(name, signal.SIGKILL)


def stopped(name: str) -> Callable[[RunningRobot], int]:
    """Return what makes a node hang."""
    return lambda robot: robot.send(name, signal.SIGSTOP)


def interrupted(robot: RunningRobot) -> int:
    """Press Ctrl-C: SIGINT to the process group of the run."""
    at_ns = robot.trace.ros_now_ns()
    assert robot.up is not None
    os.killpg(robot.up.pid, signal.SIGINT)
    return at_ns


def interrupted_at_once(robot: RunningRobot) -> int:
    """Send SIGINT to every process at once, and once more, as a terminal and `ros2 launch` do."""
    at_ns = robot.trace.ros_now_ns()
    for pid in 2 * list(robot.marked()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    return at_ns


def supervisor_killed(robot: RunningRobot) -> int:
    """Kill the supervisor itself."""
    at_ns = robot.trace.ros_now_ns()
    assert robot.up is not None
    robot.up.kill()
    return at_ns


def ends(robot: RunningRobot) -> int:
    """Wait for the end of the run."""
    return robot.wait()


def comes_back(robot: RunningRobot) -> None:
    """Wait for the new policy, which must not move the robot on its own."""
    robot.until(lambda: robot.value(POLICY, 'state') == 'ready', 'a policy that is ready')
    policy_is_left(robot)
    stands(robot)


def policy_goes_on(robot: RunningRobot) -> None:
    """Let a policy go on that was given up: it must not move the robot by itself."""
    policy_is_left(robot)
    robot.send(processes.POLICY, signal.SIGCONT)
    stands(robot)


def control_goes_on(robot: RunningRobot) -> None:
    """Let a loop go on whose engagement the gate has ended: it must not move the robot."""
    robot.send(processes.CONTROL, signal.SIGCONT)
    policy_is_left(robot)
    stands(robot)


def policy_is_left(robot: RunningRobot) -> None:
    """Wait for HOLD, or FAULT if a joint state or a command was late at the same time."""
    robot.until(lambda: robot.value(CONTROL, 'mode') in ('HOLD', 'FAULT'), 'the end of POLICY')


def stands(robot: RunningRobot) -> None:
    """See the robot stand for a while, and then be ready again."""
    robot.spin(STAND_S)
    assert robot.trace.still_for_s() >= STAND_S, 'the robot moved without being asked'
    robot.hold()


FAULTS = (
    Fault('policy killed', killed(processes.POLICY), comes_back),
    Fault('policy hung', stopped(processes.POLICY), policy_goes_on),
    Fault('control hung', stopped(processes.CONTROL), control_goes_on),
    Fault('control killed', killed(processes.CONTROL), ends),
    Fault('gate killed', killed(processes.GATE), ends),
    Fault('gate killed, hold', killed(processes.GATE), ends, ('on_timeout:=hold',)),
    Fault('Ctrl-C', interrupted, ends),
    Fault('SIGINT to all', interrupted_at_once, ends),
    Fault('supervisor killed', supervisor_killed, ends),
)
NAMED = {fault.name: fault for fault in FAULTS}


def suffer(robot: RunningRobot, fault: Fault) -> Outcome:
    """Make `fault` while the arm moves fast, and return what came of it."""
    if not robot.running:
        robot.start()
    before = robot.last_witness()
    robot.move_fast()
    robot.note_shared_memory()
    at_ns = fault.make(robot)
    stop_s = robot.stop_time(at_ns)
    braked = robot.trace.peak_acceleration(at_ns)
    code = fault.after(robot)
    after = robot.last_witness()
    orphans = () if code is None else robot.orphans(ENDED_S if code < 0 else 0.0)
    left = () if code is None else robot.leftovers()

    def more(kind: str) -> int:
        return int(after[kind]) - int(before[kind])

    return Outcome(
        fault=fault.name,
        stop_s=stop_s,
        braked=braked,
        commanded=float(after['peak_acceleration']),
        violations=more('violations_command'),
        measured=more('violations_measured'),
        first=after['first_violation'],
        exit_code=code,
        orphans=tuple(orphans),
        leftovers=tuple(name for name in left if '_port' not in name),
        ports=tuple(name for name in left if '_port' in name),
        timeouts=more('driver_timeouts'),
    )
