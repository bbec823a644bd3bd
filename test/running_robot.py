"""Rig of a running robot: a simulator of its own, `robot-runtime up`, and a client of both."""

from collections.abc import Callable
from itertools import count
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any
from uuid import uuid4

from joint_trace import JointTrace
from marked_processes import end_with_us, group_of, processes_with, shared_memory_of
from robot_periphery import Periphery
import robot_runtime
from robot_runtime.ros.session_client import SessionClient, SessionError
from robot_runtime.runtime import leftovers
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import process_environment, process_list, SIM
from robot_runtime.sim.task import COLOURS, instruction
from status_trace import Notice, StatusTrace

GATE, CONTROL, POLICY, WITNESS = (
    'safety_node/status', 'control_node/status', 'policy_node/status', 'sim/witness'
)  # fmt: skip
FRESH_S, WITHIN_S = 1.0, 40.0
CALL_S = 2.0
FAST = 0.6  # [rad/s] of the fastest joint of the arm
STILL_S = 0.3  # so long a joint must stand to have stopped
MARK = 'ROBOT_RUNTIME_TEST_RUN'
CLOCK = SteadyClock()
NUMBERS = count()


class RunningRobot:
    """
    A robot whose simulator outlives the processes that command it, as a real one does.

    All processes carry a mark in their environment, by which an orphan is found.
    """

    def __init__(
        self, folder: Path, *sim_words: str, own_sim: bool = True, clock: bool = False
    ) -> None:
        """
        Start the simulator (with `sim_words` added to its command) and join its domain.

        With `clock`, the ROS clock of all its processes is ahead by what stands in `clock_file`.
        """
        self._folder, self._mark, self._runs = folder, uuid4().hex, 0
        self._own_sim = own_sim
        root = str(Path(robot_runtime.__file__).parents[1])
        # Each in a domain of its own: two robots in one would both hear every command.
        first = os.environ.get('ROS_DOMAIN_ID') or os.getpid() % 100 + 1
        domain = str(int(first) + next(NUMBERS))
        self._environment = os.environ | {
            MARK: self._mark, 'ROS_DOMAIN_ID': domain, 'PYTHONPATH': root
        }
        self.clock_file = folder / 'clock' if clock else None
        if self.clock_file is not None:
            self.clock_file.write_bytes(bytes(8))
            hook = f'{Path(__file__).with_name("host_clock")}{os.pathsep}{root}'
            self._environment |= {
                'ROBOT_RUNTIME_TEST_CLOCK': str(self.clock_file), 'PYTHONPATH': hook
            }
        self._domain = int(domain)
        self._shared: set[str] = set()
        self._known: dict[str, int] = {}
        self._asked = ''
        self.up: subprocess.Popen[bytes] | None = None
        self.sim = self._start_sim(sim_words) if own_sim else None
        self._open_client()

    def __enter__(self) -> 'RunningRobot':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, *words: str) -> None:
        """Start `robot-runtime up` with `words` and wait until the robot is held."""
        self._runs, self._known = self._runs + 1, {}
        command = [sys.executable, '-m', 'robot_runtime.cli.main', 'up', *words]
        command += ['--log', str(self._folder / f'log_{self._runs}')]
        with self.output.open('wb') as out:
            self.up = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env=self._environment,
                start_new_session=True, preexec_fn=end_with_us,
            )  # fmt: skip
        self.hold()

    @property
    def output(self) -> Path:
        """Return the file with what the last run said."""
        return self._folder / f'up_{self._runs}.txt'

    @property
    def running(self) -> bool:
        """Return whether the last run has not ended."""
        return self.up is not None and self.up.poll() is None

    def hold(self) -> None:
        """Wait for mode HOLD with an open gate; let go of what a fault latched."""

        def ready() -> bool:
            mode, gate = self.value(CONTROL, 'mode'), self.values(GATE)
            if gate.get('latched') == '1':
                self.call('safety_node/reset')
            elif mode in ('FAULT', 'ESTOP'):
                self.call('control_node/mode/reset')
            elif mode in ('IDLE', 'POLICY', 'SHADOW', 'HOME'):
                self.call('control_node/mode/hold')
            policy = self.value(POLICY, 'state')
            return mode == 'HOLD' and gate.get('state') == 'PASS' and policy == 'ready'

        self.until(ready, 'mode HOLD, an open gate and a policy that is ready')

    def move_fast(self) -> None:
        """Let the policy pick a cube, and return while the arm moves fast."""
        self.hold()

        def fast() -> bool:
            # A stop because of lateness, on a busy machine, is let go of: it is not what we test.
            # No reset of the scene without need: it may put a cube into the way of a low hand.
            left = [one for one in COLOURS if self.value(WITNESS, f'success_{one}') != 'True']
            if not left:
                self.call('sim/reset')
            self.ask(instruction((left or COLOURS)[0]))
            # What the last policy said may still be there when the next one comes up.
            if self.value(CONTROL, 'mode') != 'POLICY' or 'hold' in self.value(POLICY, 'message'):
                self.hold()
                self.call('control_node/mode/policy')
            return self.trace.speed > FAST

        self.until(fast, 'an arm that moves fast')

    def ask(self, words: str) -> None:
        """Tell the policy what to do, if that is something new."""
        if words != self._asked:
            self._asked = words
            self.client.instruct(words)

    def noticed_s(self, notice: Notice, since_ns: int) -> float:
        """Wait until a status shows it; return how long after `since_ns` it was sent."""
        self.until(lambda: self.statuses.noticed_ns(notice, since_ns) is not None, 'a notice')
        return ((self.statuses.noticed_ns(notice, since_ns) or 0) - since_ns) / 1e9

    def until(
        self, condition: Callable[[], object], what: str, within_s: float = WITHIN_S
    ) -> None:
        """Take what arrives until `condition` holds."""
        end = CLOCK.now_ns() + round(within_s * 1e9)
        while not condition():
            assert CLOCK.now_ns() < end, f'waited {within_s:g} s for {what}: {self._now()}'
            self.spin(0.01)

    def spin(self, seconds: float) -> None:
        """Take what arrives for `seconds`."""
        self.client.spin(seconds)
        self.trace.take()
        self.statuses.take()

    def values(self, topic: str) -> dict[str, str]:
        """Return the newest values of a status, none when it is old."""
        status = self.client.status(topic, FRESH_S)
        return {} if status is None else status.values

    def value(self, topic: str, key: str) -> str:
        """Return one value of a status, '' when it is old."""
        return self.values(topic).get(key, '')

    def call(self, service: str) -> bool:
        """Call a service; return whether it agreed. A node that died a moment ago is silent."""
        try:
            agreed = bool(self.client.call(service, CALL_S).success)
        except SessionError:
            agreed = False
        self.spin(0.15)
        return agreed

    def stop_time(self, since_ns: int) -> float:
        """Wait until the arm stands; return how long after `since_ns` it began to."""
        self.until(lambda: self.trace.still_for_s() > STILL_S, 'an arm that stands')
        return max(0.0, (self.trace.moved_ns - since_ns) / 1e9)

    def last_witness(self) -> dict[str, str]:
        """Return a report that the witness made after now."""
        now_ns = self.trace.ros_now_ns()

        def newer() -> bool:
            status = self.client.status(WITNESS, FRESH_S)
            return status is not None and status.stamp_ns > now_ns

        self.until(newer, 'a report of the witness')
        return self.values(WITNESS)

    def pids(self) -> dict[str, int]:
        """Return the process id of each node that carries our mark, but for an own simulator."""
        return {name: pid for pid, name in self.marked().items() if name.endswith('_node')}

    def marked(self) -> dict[int, str]:
        """Return every living process of the last run by process id; the name is of its module."""
        mark = f'{MARK}={self._mark}'.encode()
        own = set() if self.sim is None else group_of(self.sim.pid)
        return {
            pid: name for pid, name in processes_with(mark).items() if pid not in own
        }  # fmt: skip

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to one node; return the ROS time just before [ns]."""
        pid = self._known.get(name) or self.pids()[name]
        self.trace.take()
        at_ns = self.trace.ros_now_ns()
        os.kill(pid, number)
        return at_ns

    def send_sim(self, number: signal.Signals) -> None:
        """Send a signal to the simulator of our own, and to its cameras."""
        assert self.sim is not None
        os.killpg(self.sim.pid, number)

    def end(self, number: signal.Signals = signal.SIGINT, group: bool = True) -> int:
        """Send a signal to the run, as Ctrl-C does to the group; return its exit code."""
        assert self.up is not None
        (os.killpg if group else os.kill)(self.up.pid, number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end of the run; return its exit code."""
        up = self.up
        assert up is not None
        self.until(lambda: up.poll() is not None, 'the end of the run')
        return int(up.returncode)

    def orphans(self, within_s: float = 0.0) -> list[str]:
        """Return what is still alive of a run that has ended."""
        end = CLOCK.now_ns() + round(within_s * 1e9)
        while self.marked() and CLOCK.now_ns() < end:
            self.spin(0.05)
        return list(self.marked().values())

    def note_processes(self) -> None:
        """Remember the processes of the run, and what they have in shared memory."""
        self._known = self.pids()
        for pid in self.marked():
            self._shared |= shared_memory_of(pid)

    def leftovers(self) -> tuple[str, ...]:
        """
        Return (and remove) what nobody uses any more of what the run had in shared memory.

        Ports of Fast DDS (52 kB) are told apart by their names: a process that lives on may make
        the port of a dead one again, and the next start removes it.
        """
        return leftovers.clean(leftovers.listed(self._domain) & self._shared)

    def close(self) -> None:
        """End all; what does not hear is killed."""
        if self.up is not None and self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
            self.wait()
        if self.sim is not None:
            self.sim.send_signal(signal.SIGINT)
            self.sim.wait(10)
        self.trace.close()
        self.client.close()
        for pid in self.marked():
            os.kill(pid, signal.SIGKILL)

    def _start_sim(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        (process,) = (one for one in process_list(sim=True) if one.name == SIM)
        parameters = [part for word in words for part in ('-p', word)]
        with (self._folder / 'sim.txt').open('wb') as out:
            return subprocess.Popen(
                [*process.command(), *parameters],
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                env=self._environment | dict(process.environment), preexec_fn=end_with_us,
            )  # fmt: skip

    def _open_client(self) -> None:
        # For the client alone: what is in the environment of `up` counts as the user's wish.
        wanted = process_environment() | {'ROS_DOMAIN_ID': str(self._domain)}
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            self.client, self.trace = SessionClient(name='running_robot'), JointTrace()
            self.statuses = StatusTrace(self.trace.node, (GATE, CONTROL, POLICY, WITNESS))
            self.around = Periphery(self.client._node)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def _now(self) -> str:
        said = self.output.read_text(errors='replace')[-1500:] if self._runs else ''
        shown: dict[str, Any] = {topic: self.values(topic) for topic in (GATE, CONTROL, POLICY)}
        return f'{shown}\nspeed {self.trace.speed}\n{said}'
