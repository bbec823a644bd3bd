"""Velocities in lockstep: policies that go too fast, too far or wrong stay within all limits."""

from collections.abc import Callable
import copy
from pathlib import Path

from model_folder import CARD
import numpy as np
from numpy.typing import NDArray
import pytest
from robot_runtime.core.limits import braking
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs
from robot_runtime.runtime.command_kinds import velocity_joints
from robot_runtime.runtime.config_file import check
from robot_runtime.runtime.inference import Proposal
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import assignments, Conditions, Outcome
from robot_runtime.sim.lockstep import Lockstep
from robot_runtime.sim.velocity_driver import VelocityDriver
from robot_runtime.sim.velocity_witness import VelocityWitness
from robot_runtime.sim.witness import arm_datasheet

MS = 1_000_000
ROBOT = load_robot('fr3_velocity')
OPEN = 0.04  # [m]
Speeds = Callable[[float, NDArray[np.float64]], NDArray[np.float64]]  # of seconds and place, (7,)


class Velocities:
    """Stands in for an inference: says velocities for the arm, and leaves the hand open."""

    def __init__(self, speeds: Speeds) -> None:
        self._speeds, self._begun = speeds, 0
        self.seen: list[NDArray[np.float64]] = []

    def propose(self, inputs: Inputs, now_ns: int, memory: Memory, *_: object) -> Proposal:
        self._begun = self._begun or now_ns
        newest = inputs.states[-1]
        self.seen.append(newest.value.position)
        row = np.append(self._speeds((now_ns - self._begun) / 1e9, newest.value.position), OPEN)
        return Proposal(newest.stamp_ns, 50 * MS, np.tile(row, (4, 1)), {})


def run(speeds: Speeds, seconds: float, **conditions: float) -> tuple[Outcome, Lockstep]:
    card = copy.deepcopy(CARD)
    card['output']['action'] = 'joint_velocity'
    del card['inputs'][1]
    given = {'delay_ns': 4 * MS, 'time_limit_s': seconds, **conditions}
    lockstep = Lockstep(
        ROBOT, check(PolicyCard, card, 'card'), Velocities(speeds), Cell(), Conditions(**given)
    )
    return lockstep.run(assignments(1, 1)[0]), lockstep


def place(lockstep: Lockstep) -> NDArray[np.float64]:
    return lockstep.plant.states[-1].value.position


def only(joint: int, speed: float) -> NDArray[np.float64]:
    speeds = np.zeros(7)
    speeds[joint] = speed
    return speeds


def test_a_policy_of_velocities_moves_the_joints_as_fast_as_it_says_and_then_they_stand() -> None:
    outcome, lockstep = run(lambda t, q: only(0, 0.4 * (t < 2.0)), 3.0)
    assert (outcome.fault, outcome.violations) == ('', 0)
    assert place(lockstep)[0] == pytest.approx(0.8, abs=0.05)
    assert place(lockstep)[7] == pytest.approx(OPEN, abs=2e-3)
    assert np.abs(lockstep.plant.states[-1].value.velocity).max() < 2e-3


def test_at_half_speed_velocities_are_half_and_chunks_last_twice_as_long() -> None:
    outcome, lockstep = run(lambda t, q: only(0, 0.4 * (t < 2.0)), 3.0, speed=0.5)
    assert (outcome.fault, outcome.violations) == ('', 0)
    assert place(lockstep)[0] == pytest.approx(0.4, abs=0.05)


WAYS = [(joint, sense) for joint in range(7) for sense in (-1.0, 1.0)]
WAYS.remove((1, 1.0))  # there is a table


@pytest.mark.parametrize(('joint', 'sense'), WAYS)
def test_a_policy_that_is_too_fast_and_goes_for_an_end_is_stopped_before_it(
    joint: int, sense: float
) -> None:
    outcome, lockstep = run(lambda t, q: only(joint, sense * 1e3), 8.0)
    assert (outcome.fault, outcome.violations) == ('', 0), outcome.first_violation
    joints = velocity_joints(ROBOT)
    assert joints is not None
    _, lower, upper = braking(joints.kept, 0.004)  # the curve lets some come less near
    end = (upper if sense > 0 else lower)[joint]
    assert place(lockstep)[joint] == pytest.approx(end, abs=0.01)
    assert ROBOT.limits().lower[joint] < end < ROBOT.limits().upper[joint]


def test_a_policy_that_changes_its_mind_all_the_time_keeps_every_limit() -> None:
    rng = np.random.default_rng(3)
    outcome, _ = run(lambda t, q: rng.choice([-5.0, -0.5, 0.5, 5.0], 7), 8.0)
    assert (outcome.fault, outcome.violations) == ('', 0), outcome.first_violation


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_not_finite_is_refused_and_the_joints_stand(value: float) -> None:
    outcome, lockstep = run(lambda t, q: only(0, 0.5 if t < 1.0 else value), 6.0)
    assert outcome.violations == 0
    assert '5 chunks in a row were refused' in outcome.fault
    assert np.abs(lockstep.plant.states[-1].value.velocity).max() < 2e-3
    assert place(lockstep)[0] == pytest.approx(0.6, abs=0.1)


def test_the_same_policy_makes_the_same_commands_to_the_bit() -> None:
    first, second = (run(lambda t, q: only(2, np.sin(4 * t)), 2.0)[0] for _ in range(2))
    assert first.command_hash == second.command_hash


def test_a_drive_that_does_not_stand_when_told_is_a_fault() -> None:
    outcome, lockstep = run(lambda t, q: np.zeros(7), 0.1)
    assert outcome.fault == ''
    step = lockstep.plant.cell.step
    lockstep.plant.cell.step = lambda target, dt: step(target + np.append(only(0, 0.1), 0.0), dt)
    outcome = lockstep.run(assignments(1, 1)[0])
    lockstep._pass(2_000 * MS, lambda: False)
    assert lockstep._control.fault.startswith('the gate is latched: drift: fr3_joint1 moved by')


def driver(on_timeout: str) -> VelocityDriver:
    one = np.ones(1)
    made = VelocityDriver(2.0 * one, 10.0 * one, 0.05, on_timeout)
    made.command(one, 0)
    return made


def test_a_velocity_driver_ends_by_itself_when_commands_stop_coming() -> None:
    ramp, hold = driver('decelerate'), driver('hold')
    assert (ramp.target(50 * MS), hold.target(50 * MS)) == (1.0, 1.0)
    assert (ramp.target(100 * MS), hold.target(51 * MS)) == (pytest.approx(0.5), 0.0)
    assert ramp.target(200 * MS) == 0.0
    assert (ramp.timeouts, hold.timeouts) == (1, 1)
    ramp.command(np.array([np.nan]), 210 * MS)
    assert ramp.target(210 * MS) == 0.0
    ramp.command(np.array([9.0]), 220 * MS)
    assert ramp.target(220 * MS) == 2.0


def test_the_witness_of_velocities_sees_what_is_too_fast_too_sudden_or_no_number() -> None:
    here, kinds = np.zeros(7) + [0, 0, 0, -1.5, 0, 2, 0], {}
    for speeds in ([only(0, 3.0)], [only(0, 0.05)], [only(0, np.nan)],
                   [only(0, 0.0008), only(0, 0.0)], [only(0, 0.0008 * n) for n in range(5)]):
        witness = VelocityWitness(arm_datasheet())
        for n, speed in enumerate(speeds):
            witness.command(speed, 0.004, here, n * 4 * MS)
        kinds[len(kinds)] = {kind for kind, n in witness.findings.violations.items() if n}
    assert kinds == {
        0: {'velocity', 'acceleration', 'jerk'}, 1: {'acceleration', 'jerk'},
        2: {'not_finite'}, 3: set(), 4: set(),
    }  # fmt: skip


def test_the_shipped_robot_of_velocities_is_the_other_one_but_for_its_commands() -> None:
    other, ours = load_robot('fr3'), ROBOT.published_limits()
    for name in ('lower', 'upper', 'velocity', 'acceleration', 'jerk', 'velocity_offset'):
        np.testing.assert_array_equal(getattr(ours, name), getattr(other.published_limits(), name))
    for name in ('home', 'timeouts', 'cameras', 'estop'):
        assert getattr(ROBOT, name) == getattr(other, name)
    assert Path(ROBOT.urdf) == Path(other.urdf)
