"""Supervisor of a run: starts its processes, watches them, and ends them in the right order."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys

from robot_runtime.runtime import leftovers
from robot_runtime.runtime.clock import Clock, SteadyClock
from robot_runtime.runtime.processes import CONTROL, GATE, Process, RECORDER, SIM

SECOND = 1_000_000_000
POLL_NS = 20_000_000
# Latest end of each stage after the stop began [s]. The gate is the last that moves the robot; the
# recorder sees its stop, and the simulated robot is there until nobody commands it any more.
STAGES = ((CONTROL, 2.0), ('', 3.0), (GATE, 6.5), (RECORDER, 7.5), (SIM, 8.0))
AT_ONCE_S = 3.0
REFUSAL_S = 15.0  # Who ends by itself in its first seconds refuses its input: no use to respawn
BACK_OFF_S, MOST_BACK_OFF_S = 0.5, 10.0
TAIL_LINES = 12
PR_SET_PDEATHSIG = 1
WARDEN = Path(__file__).with_name('warden.py')

_prctl = ctypes.CDLL(None).prctl  # Loaded here: nothing may be loaded between fork and exec


@dataclass(slots=True)
class Child:
    """A process of the run as it is now."""

    process: Process
    log: Path
    popen: subprocess.Popen[bytes] | None = None
    started_ns: int = 0
    starts: int = 0
    respawn_ns: int | None = None
    read_to: int = 0

    @property
    def alive(self) -> bool:
        """Return whether it has not been reaped yet."""
        return self.popen is not None and self.popen.returncode is None


class Supervisor:
    """
    Starts, watches and ends processes; owns no thread, it is moved on by `poll`.

    Call `start` and `poll` from one thread that lives as long as the run: the kernel ends a child
    when the thread that started it ends.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        log_folder: Path,
        *,
        say: Callable[[str], None],
        echo: bool = True,
        clock: Clock | None = None,
    ) -> None:
        """Prepare a run: `say` takes each line for people, `echo` adds the children's output."""
        self._say, self._echo = say, echo
        self._clock: Clock = SteadyClock() if clock is None else clock
        self._log_folder = log_folder
        self.children = {
            process.name: Child(process, log_folder / f'{process.name}.log')
            for process in processes
        }
        self.exit_code = 0
        self.failure = ''  # the first one, in the words of the process that failed
        self._domain = int(os.environ.get('ROS_DOMAIN_ID') or 0)
        self._before: frozenset[str] = frozenset()
        self._stages: deque[tuple[list[Child], int]] = deque()
        self._ending = self._signalled = False
        self._stop_reason: str | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start all processes; return False, with the reason said, when the machine cannot."""
        problem = leftovers.shared_memory_problem()
        if problem is not None:
            self._say(problem)
            self.exit_code = 1
            return False
        # What an earlier run could not remove, because a robot's driver still used it then.
        leftovers.clean(leftovers.listed(self._domain))
        self._before = leftovers.listed(self._domain)
        self._log_folder.mkdir(parents=True, exist_ok=True)
        # -S: without site-packages, whose ROS wheels would start Python twice.
        self._warden = subprocess.Popen(
            [sys.executable, '-I', '-S', str(WARDEN), str(self._domain), *self._before],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        for child in self.children.values():
            child.log.write_bytes(b'')
            self._start(child)
        return True

    def run(self) -> int:
        """Start, watch until the end or until a signal asks for it; return the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda caught, _: self.request_stop(signal.Signals(caught).name))
        if not self.start():
            return self.exit_code
        while self.poll():
            self._clock.sleep_until(self._clock.now_ns() + POLL_NS)
        return self.exit_code

    def request_stop(self, reason: str) -> None:
        """Begin the ordered stop at the next poll; a second request changes nothing."""
        self._stop_reason = self._stop_reason or reason

    def pids(self) -> dict[str, int]:
        """Return the process id of each process that lives."""
        return {
            name: child.popen.pid
            for name, child in self.children.items()
            if child.popen is not None and child.popen.returncode is None
        }

    def poll(self) -> bool:
        """Reap, respawn, move a stop on; return False when all have ended and all is clean."""
        now = self._clock.now_ns()
        for child in self.children.values():
            if child.alive and child.popen is not None and child.popen.poll() is not None:
                _end_group(child.popen.pid)
                self._show_output(child)
                self._on_end(child, child.popen.returncode, now)
            elif self._echo:
                self._show_output(child)
            if child.respawn_ns is not None and now >= child.respawn_ns and not self._ending:
                self._start(child)
        if self._stop_reason is not None and not self._ending:
            self._say(f'stopping: {self._stop_reason}')
            self._begin_stop(now)
        if self._ending:
            self._move_stop_on(now)
        if self._ending and not self._stages:
            self._finish()
            return False
        return True

    def _start(self, child: Child) -> None:
        parent = os.getpid()

        def in_child() -> None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # It died before the line above
                os.kill(os.getpid(), signal.SIGKILL)

        # Output goes to a file, not a pipe: a stopped reader must never block a loop.
        with child.log.open('ab') as log:
            child.popen = subprocess.Popen(
                child.process.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | dict(child.process.environment),
                start_new_session=True,
                preexec_fn=in_child,
            )
        child.started_ns, child.respawn_ns = self._clock.now_ns(), None
        child.starts += 1
        self._tell_warden(f'watch {child.popen.pid}')

    def _tell_warden(self, line: str) -> None:
        warden = self._warden
        if warden is not None and warden.stdin is not None and warden.poll() is None:
            warden.stdin.write(f'{line}\n'.encode())
            warden.stdin.flush()

    def _on_end(self, child: Child, code: int, now: int) -> None:
        name = child.process.name
        if self._ending:
            if code not in (0, -signal.SIGTERM, -signal.SIGKILL):
                self._failed(f'{name} ended with {_end(code)} while stopping', child)
            if name == GATE and self._stages and self._stages[0][0] != [child]:
                self._end_all_at_once(now)
            return
        lived_s = (now - child.started_ns) / SECOND
        refused = code > 0 and child.starts == 1 and lived_s < REFUSAL_S
        if child.process.respawn and not refused:
            child.starts = child.starts if lived_s < MOST_BACK_OFF_S else 1
            wait_s = min(BACK_OFF_S * 2 ** (child.starts - 1), MOST_BACK_OFF_S)
            child.respawn_ns = now + round(wait_s * SECOND)
            self._say(f'{name} ended with {_end(code)}; starting it again in {wait_s:g} s')
            return
        self._failed(f'{name} ended with {_end(code)}', child)
        if name == GATE:
            self._end_all_at_once(now)
        else:
            self._begin_stop(now)

    def _failed(self, sentence: str, child: Child) -> None:
        self.exit_code = 1
        self._say(sentence)
        lines = child.log.read_text(errors='replace').splitlines()[-TAIL_LINES:]
        own = [line for line in lines if line.startswith(f'{child.process.name}: ')]
        self.failure = self.failure or (own or [f'{sentence}; its log is {child.log}'])[-1]
        if not self._echo:
            for line in lines:
                self._say(f'[{child.process.name}] {line}')

    def _begin_stop(self, now: int) -> None:
        self._ending = True
        named = {name for name, _ in STAGES}
        for name, within_s in STAGES:
            members = [
                child for child in self.children.values()
                if (child.process.name if child.process.name in named else '') == name
            ]
            self._stages.append((members, now + round(within_s * SECOND)))

    def _end_all_at_once(self, now: int) -> None:
        self._ending, self._signalled = True, False
        self._stages.clear()
        self._stages.append((list(self.children.values()), now + round(AT_ONCE_S * SECOND)))

    def _move_stop_on(self, now: int) -> None:
        while self._stages:
            members, deadline = self._stages[0]
            alive = [child for child in members if child.alive]
            if alive and now < deadline:
                if not self._signalled:
                    _send(alive, signal.SIGTERM)
                    self._signalled = True
                return
            if alive:
                names = ', '.join(child.process.name for child in alive)
                self._say(f'{names} did not end in time: killed')
                self.exit_code = 1
                _send(alive, signal.SIGKILL)
                for child in alive:
                    if child.popen is not None:
                        child.popen.wait()
                        _end_group(child.popen.pid)
            self._stages.popleft()
            self._signalled = False

    def _finish(self) -> None:
        for child in self.children.values():
            self._show_output(child)
        leftovers.clean(leftovers.listed(self._domain) - self._before)
        self._tell_warden('done')
        if self._warden is not None:
            self._warden.wait()

    def _show_output(self, child: Child) -> None:
        if not self._echo or child.log.stat().st_size == child.read_to:
            return
        with child.log.open('rb') as log:
            log.seek(child.read_to)
            new = log.read()
        whole = new.rfind(b'\n') + 1 if child.alive else len(new)
        child.read_to += whole
        for line in new[:whole].decode(errors='replace').splitlines():
            self._say(f'[{child.process.name}] {line}')


def _send(children: Sequence[Child], number: int) -> None:
    for child in children:
        if child.popen is not None:
            child.popen.send_signal(number)


def _end_group(leader: int) -> None:
    # A process of its own (the cameras of the simulator) must not outlive the one that had it.
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _end(code: int) -> str:
    return f'exit code {code}' if code >= 0 else f'signal {signal.Signals(-code).name}'
