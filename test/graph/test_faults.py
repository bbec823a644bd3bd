"""Faults on the real graph: whatever dies, hangs or lies, the arm stops within its limits."""

from collections.abc import Iterator
from pathlib import Path
import signal

from fault_list import begun, Fault, FAULTS, NAMED, Outcome, robot_with, suffer
import pytest
from robot_runtime.runtime.processes import CONTROL, GATE, POLICY, RECORDER, SIM
from running_robot import RunningRobot

MOST = 10.0  # times what is promised: machines are shared
OPERATING = 5.0 * (1 + 1e-5)  # [rad/s^2] half of the published limit, as the robot file says
ENDS = ('Ctrl-C', 'SIGINT to all', 'supervisor killed')
EXIT_CODES = {
    'control killed': 1,
    'gate killed': 1,
    'gate killed, hold': 1,
    'Ctrl-C': 0,
    'SIGINT to all': 0,
    'supervisor killed': -signal.SIGKILL,
}
# The robot itself hung with its controllers: what it does when it wakes is its own.
NOT_OURS = ('driver hung',)


class Robots:
    """One robot at a time, which lives on while the faults to come want the same one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._kind, self._count = folder, tuple[object, ...](), 0
        self._robot: RunningRobot | None = None

    def suffered(self, fault: Fault) -> Outcome:
        """Make `fault`; what is left of a robot that did not stand it is of no use to others."""
        try:
            return suffered(self._started(fault), fault)
        except BaseException:
            self.close()
            raise

    def _started(self, fault: Fault) -> RunningRobot:
        """Return a robot for `fault`, running."""
        kind = (fault.sim, fault.policy, fault.permits, fault.clock)
        if self._robot is None or kind != self._kind:
            self.close()
            self._count += 1
            place = self._folder / f'robot_{self._count}'
            place.mkdir()
            self._kind, self._robot, self._place = kind, robot_with(place, fault), place
        if not self._robot.running:
            begun(self._robot, self._place, fault)
        return self._robot

    def close(self) -> None:
        """End what is left."""
        if self._robot is not None:
            self._robot.close()
        self._robot = None


@pytest.fixture(scope='module')
def robots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robots]:
    made = Robots(tmp_path_factory.mktemp('robots'))
    yield made
    made.close()


def suffered(robot: RunningRobot, fault: Fault) -> Outcome:
    outcome = suffer(robot, fault)
    assert outcome.exit_code == EXIT_CODES.get(fault.name), robot.output.read_text()
    assert outcome.stop_s < MOST * outcome.stop_bound_s
    if outcome.noticed_s is not None:
        assert outcome.noticed_s < MOST * (outcome.notice_bound_s + 0.1)
    assert outcome.commanded <= OPERATING
    assert outcome.violations == 0, outcome.first
    assert outcome.orphans == ()
    assert outcome.leftovers == ()
    # When the gate itself is gone, the drivers have to stop by themselves.
    assert outcome.timeouts > 0 or not fault.name.startswith('gate')
    return outcome


@pytest.mark.parametrize('name', [*(fault.name for fault in FAULTS), *ENDS])
def test_the_arm_brakes_within_its_limits_and_nothing_is_left(robots: Robots, name: str) -> None:
    outcome = robots.suffered(NAMED[name])
    assert outcome.measured == 0 or name in NOT_OURS, outcome.first


def test_drivers_that_hold_at_once_stop_the_arm_when_the_gate_dies(robots: Robots) -> None:
    robots.suffered(NAMED['gate killed, hold'])


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
        robot.note_processes()
        robot.send(SIM, signal.SIGKILL)
        assert robot.wait() == 1
        assert robot.orphans() == []
        assert [name for name in robot.leftovers() if '_port' not in name] == []


def test_a_gate_that_hangs_for_good_ends_the_run_with_an_error(tmp_path: Path) -> None:
    with RunningRobot(tmp_path) as robot:
        robot.start()
        robot.move_fast()
        hung_ns = robot.send(GATE, signal.SIGSTOP)
        assert robot.stop_time(hung_ns) < 2.0  # by the drivers: 0.2 s, times 10
        assert robot.wait() == 1
        assert 'safety_node has said nothing for 10 s: it hangs' in robot.output.read_text()
        assert robot.orphans() == []
