"""List of faults: how each is made on a moving robot, what shows it, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import bad_policy
import fault_making as making
from fault_making import another, goes_on, in_sim, killed, Make, stopped
from robot_periphery import PERMITS
from robot_runtime.runtime import resources
from robot_runtime.runtime.processes import CONTROL as CONTROL_NODE
from robot_runtime.runtime.processes import GATE as GATE_NODE
from robot_runtime.runtime.processes import POLICY as POLICY_NODE
from running_robot import CONTROL, GATE, POLICY, RunningRobot, WITNESS
from status_trace import Notice, Values
import yaml

ENDED_S = 12.0  # bound on the warden's work after a killed supervisor, with room
WAY_S = 0.002  # of the fault to the robot, and of the last good message before it
QUARTER_S, TICK_S = 0.001, 0.004  # the gate looks four times a period of the loop
CHUNK_S = 20 * 0.05 + 0.05  # of the shipped policies: all rows, and one more
PERIOD_S = 0.2  # from one inference to the next
STATE_S = 0.05 + 2 * QUARTER_S  # what came is seen at a look, and that it is too old at another
LEAD_S = 0.30  # to go by the lead of 0.15 rad at 5 rad/s^2, and the way of a person's message
OPERATING, FASTEST = 5.0, 2.63  # [rad/s^2] and [rad/s] of the arm
LAG_S = 0.1  # the arm is behind its command, and takes 50 ms to full braking


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault did."""

    fault: str
    noticed_s: float | None  # from the fault until a status was sent that tells it
    notice_bound_s: float
    stop_s: float  # from the fault until the last measured motion
    stop_bound_s: float  # by the time to notice it, and the speed that the arm had
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
    make: Make
    after: Callable[[RunningRobot], int | None]  # what follows the stop; returns the exit code
    notice: Notice | None = None  # what shows that it was noticed
    bound_s: float | None = None  # in which it is; None: within the gate's patience J
    sim: tuple[str, ...] = ()  # parameters of the simulator
    policy: str = ''  # other than the scripted one
    permits: bool = False  # the robot has some
    clock: bool = False  # the clock of its host can be set
    stops: bool = True
    runs_out: bool = False  # the last chunk is replayed to its end


def said(topic: str, key: str, *texts: str) -> Notice:
    """Return that a value of a status holds one of `texts`, which it did not before."""

    def of(before: Values, values: Values) -> bool:
        return any(text in values.get(key, '') and text not in before.get(key, '')
                   for text in texts)

    return Notice(topic, of)


def grown(topic: str, key: str) -> Notice:
    """Return that a number of a status has grown."""
    return Notice(topic, lambda before, now: int(now.get(key, 0)) > int(before.get(key, 0)))


gate = partial(said, GATE, 'reason')
control = partial(said, CONTROL, 'fault')
LATE, OVER = gate('command late'), grown(CONTROL, 'late_chunks')
DRIVER = grown(WITNESS, 'driver_timeouts')
UNMEASURED = gate('joint state missing')
ENDED = making.policy_is_left

# By the fault table: those after which a run goes on, and those that end it.
FAULTS = (
    Fault('joint states stop', making.joint_states_stop, making.cured, UNMEASURED,
          STATE_S),
    Fault('driver hung', making.sim_stopped, making.sim_goes_on, UNMEASURED, STATE_S),
    Fault('camera stops', in_sim('no frames'), making.cured,
          said(POLICY, 'message', 'no frame for more than'), 0.155, policy='pick',
          runs_out=True),
    Fault('camera frozen', in_sim('frozen frames'), making.cured,
          said(POLICY, 'message', 'is frozen'), 1.0 + 2 / 15, policy='pick', runs_out=True),
    Fault('policy killed', killed(POLICY_NODE), making.comes_back, OVER, CHUNK_S),
    Fault('policy hung', stopped(POLICY_NODE), goes_on(POLICY_NODE, ENDED), OVER, CHUNK_S),
    Fault('chunks of NaN', making.nonsense, making.nonsense_ends, control('chunks in a row'),
          6 * PERIOD_S, policy='bad'),
    Fault('control hung', stopped(CONTROL_NODE), goes_on(CONTROL_NODE, making.at_once), LATE),
    Fault('gate hung', stopped(GATE_NODE), goes_on(GATE_NODE, making.gate_is_missed),
          control('the gate is silent'), 0.3 + TICK_S),
    Fault('e-stop', making.pressed, making.released, gate('e-stop: pressed'), QUARTER_S),
    Fault('deadman let go', making.let_go('deadman'), making.given_again,
          gate('deadman: not heard'), 0.2 + QUARTER_S, permits=True),
    Fault('driver not ready', making.let_go('driver'), making.given_again,
          gate('driver: is False'), QUARTER_S, permits=True),
    Fault('robot is stuck', making.stuck, making.freed,
          gate('robot not following', 'distance from the measured'), LEAD_S + 0.05),
    Fault('second on controller', another('arm_controller/commands', speaks=False),
          making.leaves, gate('publishes on'), 1.0),
    Fault('second control', another('control_node/command', speaks=True), making.leaves,
          gate('a second publisher'), QUARTER_S),
    Fault('second policy', another('policy_node/chunk', speaks=True), making.leaves,
          control('a second publisher'), TICK_S),
    Fault('driver clock +1 s', making.driver_clock(1.0), making.cured,
          gate('ms in the future; allowed'), STATE_S),
    Fault('driver clock -1 s', making.driver_clock(-1.0), making.cured,
          gate('stamp went back by'), STATE_S),
    Fault('host clock +1 s', making.host_clock(1.0), making.moves_on,
          grown(CONTROL, 'clock_steps'), TICK_S, clock=True, stops=False),
    Fault('host clock -1 s', making.host_clock(-1.0), making.moves_on,
          grown(CONTROL, 'clock_steps'), TICK_S, clock=True, stops=False),
    Fault('control killed', killed(CONTROL_NODE), making.ends, LATE),
    Fault('gate killed', killed(GATE_NODE), making.ends, DRIVER, 0.05),
)  # fmt: skip
# How a run ends, which is no fault of a part.
ENDINGS = (
    Fault('gate killed, hold', killed(GATE_NODE), making.ends, DRIVER, 0.05,
          ('on_timeout:=hold',)),
    Fault('Ctrl-C', making.interrupted, making.ends),
    Fault('SIGINT to all', making.interrupted_at_once, making.ends),
    Fault('supervisor killed', making.supervisor_killed, making.ends),
)  # fmt: skip
NAMED = {fault.name: fault for fault in (*FAULTS, *ENDINGS)}


def robot_with(folder: Path, fault: Fault) -> RunningRobot:
    """Return a robot on which `fault` can be made, in `folder`; it is started by `suffer`."""
    return RunningRobot(folder, *fault.sim, clock=fault.clock)


def words_of(folder: Path, fault: Fault) -> tuple[str, ...]:
    """Return what is said to `robot-runtime up` for it."""
    words = []
    if fault.policy == 'bad':
        words += ['--policy', str(bad_policy.make(folder))]
    elif fault.policy:
        words += ['--policy', fault.policy, '--no-start-envelope']
    if fault.permits:
        shipped = resources.find('config/robots/fr3.yaml')
        assert shipped is not None
        robot = yaml.safe_load(shipped.read_text()) | {
            'urdf': str(shipped.with_name('fr3.urdf')), 'permits': list(PERMITS)
        }  # fmt: skip
        path = folder / 'robot.yaml'
        path.write_text(yaml.safe_dump(robot))
        words += ['--robot', str(path)]
    return tuple(words)


def begun(robot: RunningRobot, folder: Path, fault: Fault) -> None:
    """Start the run, with every permit given."""
    if fault.permits:
        for permit in PERMITS:
            robot.around.given[str(permit['name'])] = True
        robot.around.give('driver', True)
    robot.start(*words_of(folder, fault))


def suffer(robot: RunningRobot, fault: Fault) -> Outcome:
    """Make `fault` while the arm moves fast, and return what came of it."""
    before = robot.last_witness()
    robot.note_processes()  # takes a while, in which a fast arm may come to its next rest
    robot.move_fast()
    robot.statuses.begin()
    speed, patience_s = robot.trace.speed, float(robot.value(GATE, 'budget_ms') or 60.0) / 1e3
    at_ns = fault.make(robot)
    noticed_s = None if fault.notice is None else robot.noticed_s(fault.notice, at_ns)
    stop_s = robot.stop_time(at_ns) if fault.stops else 0.0
    braked = robot.trace.peak_acceleration(at_ns) if fault.stops else 0.0
    code = fault.after(robot)
    after = robot.last_witness()
    orphans = () if code is None else robot.orphans(ENDED_S if code < 0 else 0.0)
    left = () if code is None else robot.leftovers()

    def more(kind: str) -> int:
        return int(after[kind]) - int(before[kind])

    bound_s = patience_s + QUARTER_S if fault.bound_s is None else fault.bound_s
    bound_s += WAY_S
    moving_s = bound_s + (CHUNK_S if fault.runs_out else 0.0)
    # Meanwhile the arm may have gone on speeding up.
    faster = min(FASTEST, speed + OPERATING * (moving_s + LAG_S))
    return Outcome(
        fault=fault.name,
        noticed_s=noticed_s,
        notice_bound_s=bound_s,
        stop_s=stop_s,
        stop_bound_s=moving_s + faster / OPERATING + LAG_S,
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
