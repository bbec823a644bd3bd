"""Supervisor with real processes and real signals, and tiny children without ROS."""

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
from uuid import uuid4

import pytest
import robot_runtime
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import CONTROL, GATE, POLICY, Process, RECORDER, SIM
from robot_runtime.runtime.supervisor import Supervisor

CHILD = """
import os, signal, sys, time
name, journal, how = sys.argv[1:4]
def note(text):
    fd = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (name + ' ' + text + chr(10)).encode())
def end(number, frame):
    note('ended')
    os._exit(0)
signal.signal(signal.SIGINT, lambda *_: note('interrupted'))
signal.signal(signal.SIGTERM, signal.SIG_IGN if how == 'deaf' else end)
if how == 'refuse':
    sys.exit(name + ': no model is there')
note('started %d' % os.getpid())
while True:
    time.sleep(0.02)
"""
LIMIT_S = 30.0
CLOCK = SteadyClock()


class Run:
    """A supervisor of fake children, what it said, and what the children noted."""

    def __init__(self, folder: Path, **how: str) -> None:
        self.folder, self.said = folder, list[str]()
        (folder / 'fake_child.py').write_text(CHILD)
        names = (GATE, SIM, CONTROL, POLICY, RECORDER)
        self.processes = [self.process(name, how.get(name, 'good')) for name in names]
        self.supervisor = Supervisor(
            self.processes, folder / 'log', say=self.said.append, echo=False
        )

    def process(self, name: str, how: str) -> Process:
        return Process(
            name=name,
            module='fake_child',
            arguments=(name, str(self.folder / 'notes'), how),
            environment={'PYTHONPATH': str(self.folder)},
            respawn=name in (POLICY, RECORDER),
            critical=name not in (POLICY, RECORDER),
        )

    def notes(self) -> list[str]:
        try:
            return (self.folder / 'notes').read_text().splitlines()
        except FileNotFoundError:
            return []

    def pids(self) -> list[int]:
        return [int(line.split()[2]) for line in self.notes() if ' started ' in line]

    def ended(self) -> list[str]:
        return [line.split()[0] for line in self.notes() if line.endswith(' ended')]

    def poll_until(self, condition: Callable[[], object]) -> None:
        until(lambda: (self.supervisor.poll(), condition())[1])

    def started(self) -> 'Run':
        assert self.supervisor.start()
        self.poll_until(lambda: len(self.pids()) == len(self.processes))
        return self

    def finish(self) -> int:
        until(lambda: not self.supervisor.poll())
        return self.supervisor.exit_code


def until(condition: Callable[[], object]) -> None:
    end = CLOCK.now_ns() + round(LIMIT_S * 1e9)
    while not condition():
        assert CLOCK.now_ns() < end, 'waited too long'
        CLOCK.sleep_until(CLOCK.now_ns() + 10_000_000)


def lives(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return False
    return state != 'Z'


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def made(**how: str) -> Run:
        runs.append(Run(tmp_path, **how))
        return runs[-1]

    yield made
    for run in runs:
        for pid in run.pids():
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


def test_an_ordered_stop_ends_control_first_and_the_robot_after_the_gate(
    make: Callable[..., Run],
) -> None:
    run = make().started()
    run.supervisor.request_stop('test')
    assert run.finish() == 0
    assert run.ended() == [CONTROL, POLICY, GATE, RECORDER, SIM]
    assert not any(lives(pid) for pid in run.pids())


def test_a_killed_policy_is_started_again_and_the_run_goes_on(make: Callable[..., Run]) -> None:
    run = make().started()
    first = run.supervisor.pids()[POLICY]
    os.kill(first, signal.SIGKILL)
    run.poll_until(lambda: len(run.pids()) == len(run.processes) + 1)
    assert run.supervisor.pids()[POLICY] != first
    run.supervisor.request_stop('test')
    assert run.finish() == 0


def test_a_policy_that_refuses_its_input_ends_the_run_with_its_sentence(
    make: Callable[..., Run],
) -> None:
    run = make(policy_node='refuse')
    assert run.supervisor.start()
    assert run.finish() == 1
    assert any('policy_node: no model is there' in line for line in run.said)


def test_when_control_dies_the_gate_ends_before_the_robot_and_the_run_non_zero(
    make: Callable[..., Run],
) -> None:
    run = make().started()
    os.kill(run.supervisor.pids()[CONTROL], signal.SIGKILL)
    assert run.finish() == 1
    assert run.ended() == [POLICY, GATE, RECORDER, SIM]


def test_when_the_gate_dies_all_end_at_once_and_non_zero(make: Callable[..., Run]) -> None:
    run = make().started()
    os.kill(run.supervisor.pids()[GATE], signal.SIGKILL)
    assert run.finish() == 1
    assert set(run.ended()) == {SIM, CONTROL, POLICY, RECORDER}
    assert not any(lives(pid) for pid in run.pids())


def test_a_start_removes_what_an_earlier_run_left_in_shared_memory(
    make: Callable[..., Run],
) -> None:
    left = Path(f'/dev/shm/fastdds_port{uuid4().hex}')
    left.touch()
    run = make().started()
    assert not left.exists()
    run.supervisor.request_stop('test')
    assert run.finish() == 0


def test_a_hung_and_a_deaf_process_are_killed_within_the_bound(make: Callable[..., Run]) -> None:
    run = make(sim_node='deaf').started()
    os.kill(run.supervisor.pids()[CONTROL], signal.SIGSTOP)
    began = CLOCK.now_ns()
    run.supervisor.request_stop('test')
    assert run.finish() == 1
    assert CLOCK.now_ns() - began < 9e9
    assert run.ended() == [POLICY, GATE, RECORDER]
    assert not any(lives(pid) for pid in run.pids())


@pytest.mark.parametrize(
    ('number', 'code'), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)]
)
def test_a_signal_to_the_supervisor_leaves_no_orphan(
    make: Callable[..., Run], number: signal.Signals, code: int
) -> None:
    run = make(recorder_node='deaf' if number is signal.SIGKILL else 'good')
    script = run.folder / 'supervise.py'
    script.write_text(
        'import sys\n'
        'from pathlib import Path\n'
        'from robot_runtime.runtime.processes import Process\n'
        'from robot_runtime.runtime.supervisor import Supervisor\n'
        f'processes = {run.processes!r}\n'
        f'sys.exit(Supervisor(processes, Path({str(run.folder / "log")!r}), say=print).run())\n'
    )
    environment = os.environ | {'PYTHONPATH': str(Path(robot_runtime.__file__).parents[1])}
    popen = subprocess.Popen([sys.executable, str(script)], env=environment)
    until(lambda: len(run.pids()) == len(run.processes))
    popen.send_signal(number)
    assert popen.wait(LIMIT_S) == code
    until(lambda: not any(lives(pid) for pid in run.pids()))
