"""Setpoints in lockstep: policies of one row at 50 Hz move, ask too much, end, and are stopped."""

from collections.abc import Callable
import copy

from model_folder import CARD
import numpy as np
from numpy.typing import NDArray
import pytest
from robot_runtime.core import gate
from robot_runtime.core.gate import Phase
from robot_runtime.core.memory import Memory
from robot_runtime.core.mode import Event
from robot_runtime.core.observation import Inputs
from robot_runtime.runtime.command_kinds import setpoint_joints
from robot_runtime.runtime.config_file import check
from robot_runtime.runtime.inference import Proposal
from robot_runtime.runtime.joint_groups import Impedance
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.robot_file import load_robot, RobotFile
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import assignments, Conditions, Outcome
from robot_runtime.sim.lockstep import Lockstep
from robot_runtime.sim.witness import CommandWitness, setpoint_datasheet

MS = 1_000_000
ROBOT = load_robot('fr3_setpoint')
HOME, OPEN = ROBOT.home_position[:7], 0.04  # [rad], [m]
JOINTS = setpoint_joints(ROBOT)
Places = Callable[[float, NDArray[np.float64]], NDArray[np.float64]]  # of seconds and place, (7,)


class Positions:
    """Stands in for an inference: says one row of positions, and leaves the hand open."""

    def __init__(self, places: Places) -> None:
        self._places, self._begun = places, 0

    def propose(self, inputs: Inputs, now_ns: int, memory: Memory, *_: object) -> Proposal:
        self._begun = self._begun or now_ns
        newest = inputs.states[-1]
        row = self._places((now_ns - self._begun) / 1e9, newest.value.position[:7])
        return Proposal(newest.stamp_ns, 20 * MS, np.append(row, OPEN)[np.newaxis], {})


class Asked:
    """The greatest effort that the drives were asked for, each as a share of its limit."""

    def __init__(self, lockstep: Lockstep) -> None:
        self.most = np.zeros(7)
        self._plant, self._step = lockstep.plant, lockstep.plant.step
        lockstep.plant.step = self.step  # type: ignore[method-assign]

    def step(self, now_ns: int) -> object:
        done = self._step(now_ns)
        felt, sent = self._plant.states[-1].value, self._plant.cell.data.ctrl[:7]
        assert JOINTS is not None
        effort = JOINTS.stiffness * (sent - felt.position[:7]) - (
            JOINTS.damping * felt.velocity[:7]
        )
        self.most = np.maximum(self.most, np.abs(effort) / JOINTS.effort)
        return done


def run(
    places: Places, seconds: float, robot: RobotFile = ROBOT, **conditions: float
) -> tuple[Outcome, Lockstep, Asked]:
    card = copy.deepcopy(CARD)
    card['output'] |= {'rows': 1, 'dt_s': 0.02, 'interpolation': 'zoh', 'anchor': 'arrival'}
    card['schedule'] = {'kind': 'latest', 'period_s': 0.02}
    del card['inputs'][1]
    given = {'delay_ns': 4 * MS, 'time_limit_s': seconds, 'witness_scale': 0.5, **conditions}
    lockstep = Lockstep(
        robot, check(PolicyCard, card, 'card'), Positions(places), Cell(), Conditions(**given)
    )
    asked = Asked(lockstep)
    return lockstep.run(assignments(1, 1)[0]), lockstep, asked


def only(joint: int, way: float) -> NDArray[np.float64]:
    ways = np.zeros(7)
    ways[joint] = way
    return ways


def place(lockstep: Lockstep) -> NDArray[np.float64]:
    return lockstep.plant.states[-1].value.position


def no_fault(outcome: Outcome) -> None:
    assert (outcome.fault, outcome.violations, outcome.refused) == ('', 0, 0), (
        outcome.first_violation
    )


def test_a_policy_of_one_row_at_50_hz_moves_the_arm_and_the_hand() -> None:
    outcome, lockstep, asked = run(lambda t, q: HOME + only(0, 0.3 * np.sin(3.0 * t)), 4.0)
    no_fault(outcome)
    outcome, lockstep, asked = run(lambda t, q: HOME + only(3, 0.3), 3.0)
    no_fault(outcome)
    assert place(lockstep)[:7] == pytest.approx(HOME + only(3, 0.3), abs=5e-3)
    assert place(lockstep)[7] == pytest.approx(OPEN, abs=2e-3)
    assert asked.most.max() <= 1.0
    assert outcome.late_ticks < 10


def test_a_policy_that_jumps_everywhere_keeps_range_rate_and_effort() -> None:
    rng = np.random.default_rng(3)
    outcome, _, asked = run(lambda t, q: q + rng.choice([-2.0, -0.1, 0.1, 2.0], 7), 6.0)
    assert (outcome.violations, outcome.refused) == (0, 0), outcome.first_violation
    assert outcome.fault == ''
    assert 0.3 < asked.most.max() <= 1.0


@pytest.mark.parametrize(('joint', 'sense'), [(0, 1.0), (0, -1.0), (4, 1.0), (5, 1.0), (6, -1.0)])
def test_a_policy_that_goes_for_an_end_is_led_to_it_and_no_further(
    joint: int, sense: float
) -> None:
    outcome, lockstep, asked = run(lambda t, q: HOME + only(joint, sense * 1e3), 9.0)
    no_fault(outcome)
    limits = ROBOT.limits()
    end = (limits.upper if sense > 0 else limits.lower)[joint]
    assert lockstep.plant.cell.data.ctrl[joint] == end
    assert place(lockstep)[joint] == pytest.approx(end, abs=5e-3)
    assert sense * (place(lockstep)[joint] - end) < 2e-3
    assert asked.most.max() <= 1.0


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_not_finite_is_refused_and_the_arm_stands(value: float) -> None:
    outcome, lockstep, _ = run(lambda t, q: HOME + only(0, 0.3 if t < 1.0 else value), 4.0)
    assert outcome.violations == 0
    assert '5 chunks in a row were refused' in outcome.fault
    assert place(lockstep)[0] == pytest.approx(0.3, abs=0.02)
    assert np.abs(lockstep.plant.states[-1].value.velocity).max() < 5e-3


def test_at_half_speed_the_setpoint_goes_half_as_fast() -> None:
    outcome, lockstep, _ = run(lambda t, q: HOME + only(0, 9.0), 1.5, speed=0.5)
    no_fault(outcome)
    assert place(lockstep)[0] == pytest.approx(2.62 * 0.5 * 0.5 * outcome.seconds, abs=0.2)


def test_the_same_policy_makes_the_same_commands_to_the_bit() -> None:
    first, second = (run(lambda t, q: q + only(2, np.sin(4 * t)), 2.0)[0] for _ in range(2))
    assert first.command_hash == second.command_hash


def stopped(robot: RobotFile) -> tuple[Lockstep, NDArray[np.float64], Asked]:
    """Return what stopped in motion, by the gate, and where it then was."""
    _, lockstep, asked = run(lambda t, q: HOME + only(0, 9.0), 1.0, robot)
    lockstep._start(assignments(1, 1)[0])
    lockstep._events.append(Event.ENABLE)
    lockstep._pass(250 * MS, lambda: False)
    lockstep._events.append(Event.POLICY)
    lockstep._pass(800 * MS, lambda: False)
    assert lockstep.plant.states[-1].value.velocity[0] > 0.5
    lockstep._gate = gate.estop(
        lockstep._gate_config, lockstep._gate, lockstep._now_ns, 'e-stop'
    )
    measured = place(lockstep).copy()
    asked.most[:] = 0.0
    for _ in range(100):
        lockstep._pass(200 * MS, lambda: False)
        if lockstep._gate.state is Phase.REST:
            break
    lockstep._pass(500 * MS, lambda: False)
    assert lockstep._gate.state is Phase.REST
    assert lockstep.plant.violations == 0, lockstep.plant.first_violation
    return lockstep, measured, asked


def test_a_stop_in_motion_holds_where_the_arm_was_measured() -> None:
    lockstep, measured, _ = stopped(ROBOT)
    assert lockstep._gate.motion.position[0] == pytest.approx(measured[0], abs=5e-3)
    assert place(lockstep)[0] == pytest.approx(measured[0], abs=0.01)


def test_a_stop_may_be_damping_and_lets_the_arm_come_to_rest_where_its_drives_brake_it() -> None:
    damping = Impedance(on_stop='damping', effort_share=0.5)
    first, *rest = ROBOT.groups_of_joints
    groups = (first.model_copy(update={'impedance': damping}), *rest)
    lockstep, measured, asked = stopped(ROBOT.model_copy(update={'groups_of_joints': groups}))
    assert lockstep._gate.motion is not None
    assert measured[0] < lockstep._gate.motion.position[0] < measured[0] + 0.1
    assert place(lockstep)[0] == pytest.approx(lockstep._gate.motion.position[0], abs=5e-3)
    assert np.abs(lockstep.plant.states[-1].value.velocity[:7]).max() < 5e-3
    assert asked.most.max() <= 1.0


def test_a_stop_may_go_slowly_to_home_and_asks_no_drive_for_too_much() -> None:
    posed = Impedance(on_stop='default_pose', pose_rate=0.3, effort_share=0.5)
    first, *rest = ROBOT.groups_of_joints
    groups = (first.model_copy(update={'impedance': posed}), *rest)
    lockstep, measured, asked = stopped(ROBOT.model_copy(update={'groups_of_joints': groups}))
    assert measured[0] > 0.3
    assert place(lockstep)[:7] == pytest.approx(HOME, abs=5e-3)
    assert asked.most.max() <= 1.0


def test_the_witness_of_setpoints_sees_what_is_too_far_or_too_fast_or_no_number() -> None:
    here = HOME.copy()
    kinds = []
    for ways in ([0.0, 0.02], [0.0, 0.01], [0.0, 0.01, -0.0], [np.nan]):
        witness = CommandWitness(setpoint_datasheet())
        for n, way in enumerate(ways):
            witness.command(here + only(1, way), 0.004, here, n * 4 * MS)
        kinds.append({kind for kind, n in witness.findings.violations.items() if n})
    assert kinds == [{'velocity'}, set(), set(), {'not_finite'}]


def test_the_shipped_robot_of_setpoints_is_the_other_one_but_for_its_commands() -> None:
    other, ours = load_robot('fr3'), ROBOT.published_limits()
    for name in ('lower', 'upper', 'velocity', 'acceleration'):
        np.testing.assert_array_equal(getattr(ours, name), getattr(other.published_limits(), name))
    for name in ('home', 'timeouts', 'cameras', 'estop'):
        assert getattr(ROBOT, name) == getattr(other, name)
