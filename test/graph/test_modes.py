"""Modes on the real graph: a person, the policy, HOME, SHADOW and the e-stop take turns."""

from collections.abc import Callable
import math
from pathlib import Path
import subprocess
import sys

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from numpy.typing import NDArray
import pytest
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.task import instruction
from running_robot import CLOCK, CONTROL, GATE, RunningRobot
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

FR3 = load_robot('fr3')
NAMES, HOME = FR3.joint_names, FR3.home_position
AWAY = HOME + np.array([0.5, -0.2, 0.3, -0.3, 0.2, 0.3, -0.4, 0.0])
NEAR = 0.01  # [rad] of the controllers of the simulator
PERIOD_S = 0.02
TRIES = 3
STANDS = ('HOLD', 'FAULT')  # on a busy machine a joint state is late now and then
DIAGNOSED = {
    'control_node: loop', 'control_node: limits', 'control_node: joint states',
    'control_node: teleop', 'safety_node: gate', 'safety_node: e-stop',
    'safety_node: joint states', 'policy_node: inference', 'policy_node: camera front',
}  # fmt: skip


class Person:
    """Sends positions, sees the joints and reads /diagnostics."""

    def __init__(self, robot: RunningRobot) -> None:
        self._robot, node = robot, robot.client._node
        self._node = node
        self._out = node.create_publisher(JointTrajectory, 'control_node/teleop', qos.INTERNAL)
        self.joints: NDArray[np.float64] = HOME
        self.levels: dict[str, set[bytes]] = {}
        self.heard_ns: list[int] = []  # /diagnostics of control
        node.create_subscription(JointState, 'joint_states', self._on_joints, qos.SENSOR)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_joints(self, message: JointState) -> None:
        self.joints = conversions.ordered(message.name, message.position, NAMES)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.levels.setdefault(status.name, set()).add(status.level)
        if message.status[0].name == 'control_node: loop':
            self.heard_ns.append(CLOCK.now_ns())

    def send(self, position: NDArray[np.float64], age_s: float = 0.0, points: int = 1) -> None:
        """Send one message."""
        point = JointTrajectoryPoint(positions=position.tolist())
        message = JointTrajectory(joint_names=list(NAMES), points=[point] * points)
        now_ns = self._node.get_clock().now().nanoseconds
        message.header.stamp = conversions.time_message(now_ns - round(age_s * 1e9))
        self._out.publish(message)

    def lead(self, goal: NDArray[np.float64], until: Callable[[], object], what: str) -> None:
        """Send `goal` again and again until something is so."""

        def sent() -> bool:
            self.send(goal)
            self._robot.spin(PERIOD_S)
            return bool(until())

        self._robot.until(sent, what)

    def near(self, goal: NDArray[np.float64]) -> bool:
        """Return whether the arm is where it shall be."""
        return bool(np.abs(self.joints - goal)[:7].max() < NEAR)


def is_mode(robot: RunningRobot, mode: str) -> Callable[[], bool]:
    return lambda: robot.value(CONTROL, 'mode') == mode


def command(robot: RunningRobot, *words: str) -> subprocess.CompletedProcess[str]:
    """Do what a person types."""
    return subprocess.run(
        [sys.executable, '-m', 'robot_runtime.cli.main', *words],
        capture_output=True, text=True, timeout=60.0, env=robot._environment, check=False,
    )  # fmt: skip


def typed(robot: RunningRobot, name: str, says: str = 'mode is') -> None:
    """Ask for a mode from HOLD; a stop because of lateness, on a busy machine, is let go of."""
    for _ in range(TRIES):
        robot.hold()
        done = command(robot, 'mode', name)
        if says in done.stdout + done.stderr and 'FAULT' not in done.stderr:
            return
    pytest.fail(f'{says!r} is not in what mode {name} says: {done}')


def enter(robot: RunningRobot, name: str) -> None:
    """Ask for a mode until it is entered; a stop because of lateness is let go of."""

    def entered() -> bool:
        if robot.value(CONTROL, 'mode') != name.upper():
            robot.hold()
            robot.call(f'control_node/mode/{name}')
        return robot.value(CONTROL, 'mode') == name.upper()

    robot.until(entered, name.upper())


def press(robot: RunningRobot) -> None:
    """Press the e-stop; a gate that has just stopped for lateness keeps that as its reason."""

    def pressed() -> bool:
        if robot.value(CONTROL, 'mode') != 'ESTOP':
            robot.hold()
            robot.call('safety_node/estop')
        return robot.value(CONTROL, 'mode') == 'ESTOP'

    robot.until(pressed, 'ESTOP')


def one_chunk(robot: RunningRobot, person: Person) -> None:
    """See the robot stand until a chunk is confirmed, then move, and then stand again."""

    def waits() -> bool:
        if robot.value(CONTROL, 'mode') != 'POLICY':
            enter(robot, 'policy')
        return 'waits for mode/step' in robot.value(CONTROL, 'step')

    robot.until(waits, 'a chunk that waits')
    robot.spin(1.0)
    before = person.joints
    assert robot.trace.still_for_s() > 0.5

    def moved() -> bool:
        if waits():
            robot.call('control_node/mode/step')
        return bool(np.abs(person.joints - before).max() > 0.02)

    robot.until(moved, 'an arm that moves')
    robot.until(lambda: robot.trace.still_for_s() > 0.3, 'an arm that stands')


def no_violation(robot: RunningRobot) -> None:
    seen = robot.last_witness()
    assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen


@pytest.fixture
def robot(tmp_path: Path) -> RunningRobot:
    with RunningRobot(tmp_path) as made:
        yield made


def test_a_person_takes_over_from_the_policy_and_on_the_way_home(robot: RunningRobot) -> None:
    robot.start()
    person, away = Person(robot), AWAY
    robot.move_fast()  # POLICY
    person.lead(away, is_mode(robot, 'TELEOP'), 'TELEOP')
    person.lead(away, lambda: person.near(away), 'an arm where the person wants it')
    robot.until(lambda: robot.value(CONTROL, 'mode') in STANDS, 'silence to end TELEOP', 5.0)
    robot.spin(1.0)
    assert robot.value(CONTROL, 'mode') in STANDS  # it does not come back by itself

    for position, age_s, points, sentence in (
        (np.full(8, math.nan), 0.0, 1, 'it has nan for fr3_joint1'),
        (away, 1.0, 1, 'ms old; allowed: 200 ms'),
        (away, -1.0, 1, 'in the future; allowed: 5 ms'),
        (away, 0.0, 2, 'it has 2 points; allowed: 1'),
        (away[:7], 0.0, 1, 'message has 8 joint names and 7 values'),
    ):
        person.send(position, age_s, points)
        robot.until(lambda text=sentence: text in robot.value(CONTROL, 'teleop'), sentence)
        assert robot.value(CONTROL, 'mode') in STANDS

    enter(robot, 'home')
    person.lead(away, is_mode(robot, 'TELEOP'), 'TELEOP on the way home')
    robot.until(lambda: robot.value(CONTROL, 'mode') in STANDS, 'silence to end TELEOP', 5.0)
    typed(robot, 'home', 'mode is HOLD, at home')
    robot.until(lambda: person.near(HOME), 'an arm at home', 5.0)
    no_violation(robot)
    assert robot.end() == 0


def test_shadow_moves_nothing_and_an_estop_stays_until_it_is_reset(robot: RunningRobot) -> None:
    robot.start()
    person = Person(robot)
    robot.client.instruct(instruction('red'))
    enter(robot, 'shadow')
    robot.until(lambda: int(robot.value(CONTROL, 'shadow_ticks') or 0) > 300, 'a comparison')
    worst = dict(pair.split('=') for pair in robot.value(CONTROL, 'shadow_max').split())
    assert max(float(worst[name]) for name in NAMES) > 0.02  # the policy would go somewhere
    assert person.near(HOME)
    assert robot.trace.still_for_s() > 1.0
    robot.hold()

    robot.move_fast()
    robot.call('safety_node/estop')
    press(robot)
    person.send(AWAY)
    assert not robot.call('control_node/mode/policy')
    assert not robot.call('control_node/mode/reset')
    done = command(robot, 'status')
    assert done.returncode == 3
    assert 'mode: ESTOP' in done.stdout
    assert 'fault: e-stop: e-stop by service' in done.stdout
    assert command(robot, 'reset').returncode == 0
    typed(robot, 'hold')
    assert command(robot, 'status').returncode in (0, 3)

    press(robot)
    robot.until(lambda: robot.value(GATE, 'state') == 'REST', 'rest')
    done = command(robot, 'reset', '--from-measured', '--yes')
    assert done.stdout.startswith('reset: the next engagement begins where'), done.stderr
    robot.hold()
    robot.until(lambda: robot.value(GATE, 'state') == 'PASS', 'a gate that passes')

    assert set(person.levels) >= DIAGNOSED
    assert DiagnosticStatus.ERROR in person.levels['control_node: loop']
    assert DiagnosticStatus.ERROR in person.levels['safety_node: gate']
    assert np.median(np.diff(person.heard_ns)) / 1e9 <= 1.0
    no_violation(robot)
    assert robot.end() == 0


def test_a_policy_begins_at_its_start_pose_and_goes_on_chunk_by_chunk(
    robot: RunningRobot,
) -> None:
    robot.start('--step', '--policy', 'pick')
    person = Person(robot)
    away = HOME + np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    person.lead(away, lambda: person.near(away), 'an arm outside the start pose')
    typed(robot, 'policy', 'but pick starts at 0 +- 0.3; mode/home goes there')
    typed(robot, 'home', 'mode is HOLD, at home')

    robot.client.instruct(instruction('red'))
    enter(robot, 'policy')
    for _ in range(2):
        one_chunk(robot, person)
    no_violation(robot)
    assert robot.end() == 0
