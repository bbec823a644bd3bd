"""Faults on the real graph: whatever dies or hangs, the arm stops within its limits."""

from collections.abc import Iterator
from pathlib import Path
import signal

from fault_list import Fault, FAULTS, suffer
import pytest
from robot_runtime.runtime.processes import CONTROL, GATE, POLICY, RECORDER, SIM
from running_robot import RunningRobot

STOP_S = 10.0  # far above what is measured: machines are shared
OPERATING = 5.0 * (1 + 1e-5)  # [rad/s^2] half of the published limit, as the robot file says
EXIT_CODES = {
    'policy killed': None,
    'policy hung': None,
    'control hung': None,
    'control killed': 1,
    'gate killed': 1,
    'gate killed, hold': 1,
    'Ctrl-C': 0,
    'SIGINT to all': 0,
    'supervisor killed': -signal.SIGKILL,
}
LISTED = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope='module')
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRobot]:
    """Return a robot that lives on from test to test: each must work after the last one's end."""
    with RunningRobot(tmp_path_factory.mktemp('robot')) as made:
        yield made


def suffered(robot: RunningRobot, fault: Fault) -> None:
    outcome = suffer(robot, fault)
    assert outcome.exit_code == EXIT_CODES[fault.name], robot.output.read_text()
    assert outcome.stop_s < STOP_S
    assert outcome.commanded <= OPERATING
    assert outcome.violations == 0, outcome.first
    assert outcome.orphans == ()
    assert outcome.leftovers == ()
    # When the gate itself is gone, the drivers have to stop by themselves.
    assert outcome.timeouts > 0 or not fault.name.startswith('gate killed')


@pytest.mark.parametrize('name', [name for name, fault in LISTED.items() if not fault.sim])
def test_the_arm_brakes_within_its_limits_and_nothing_is_left(
    robot: RunningRobot, name: str
) -> None:
    suffered(robot, LISTED[name])


def test_drivers_that_hold_at_once_stop_the_arm_when_the_gate_dies(tmp_path: Path) -> None:
    fault = LISTED['gate killed, hold']
    with RunningRobot(tmp_path, *fault.sim) as robot:
        suffered(robot, fault)


def test_a_killed_recorder_goes_on_recording_and_a_killed_simulator_ends_the_run(
    tmp_path: Path,
) -> None:
    folder = tmp_path / 'bag'

    def recorded() -> int:
        return sum(path.stat().st_size for path in folder.rglob('*.mcap'))

    with RunningRobot(tmp_path, own_sim=False) as robot:
        robot.start('--sim', '--record', str(folder))
        robot.until(lambda: RECORDER in robot.pids() and recorded() > 0, 'a recording')
        others = {name: robot.pids()[name] for name in (GATE, CONTROL, POLICY)}
        first = robot.pids()[RECORDER]
        robot.move_fast()
        robot.send(RECORDER, signal.SIGKILL)
        robot.until(lambda: robot.pids().get(RECORDER, first) != first, 'a second recorder')
        second, before = robot.pids()[RECORDER], recorded()
        robot.until(lambda: recorded() > before + 50_000, 'more of the recording')
        assert robot.pids()[RECORDER] == second
        assert others.items() <= robot.pids().items()

        robot.move_fast()
        robot.note_shared_memory()
        robot.send(SIM, signal.SIGKILL)
        assert robot.wait() == 1
        assert robot.orphans() == []
        assert [name for name in robot.leftovers() if '_port' not in name] == []
