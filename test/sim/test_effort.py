"""Efforts in lockstep: policies that push too hard, too long or wrong stay inside and stop."""

from collections.abc import Callable
import copy

from model_folder import CARD
import numpy as np
from numpy.typing import NDArray
import pytest
from robot_runtime.core import gate
from robot_runtime.core.gate import Phase
from robot_runtime.core.mode import Event
from robot_runtime.core.observation import Inputs
from robot_runtime.runtime.command_kinds import effort_joints
from robot_runtime.runtime.config_file import check
from robot_runtime.runtime.inference import Proposal
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.effort_driver import EffortDriver
from robot_runtime.sim.effort_witness import EffortWitness
from robot_runtime.sim.episode import assignments, Conditions, Outcome
from robot_runtime.sim.lockstep import Lockstep
from robot_runtime.sim.scene import import_mujoco

MS = 1_000_000
ROBOT = load_robot('fr3_effort')
JOINTS, OPEN = effort_joints(ROBOT), 0.04  # [m]
Pushes = Callable[[float, NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


class Efforts:
    """Stands in for an inference: says efforts of time, place and speed; the hand stays open."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes, self._begun = pushes, 0

    def propose(self, inputs: Inputs, now_ns: int, *_: object) -> Proposal:
        self._begun = self._begun or now_ns
        newest = inputs.states[-1]
        velocity = newest.value.velocity
        assert velocity is not None
        push = self._pushes((now_ns - self._begun) / 1e9, newest.value.position[:7], velocity[:7])
        return Proposal(newest.stamp_ns, 10 * MS, np.append(push, OPEN)[np.newaxis], {})


class Seen:
    """The greatest speed and the ends of the way of each joint."""

    def __init__(self, lockstep: Lockstep) -> None:
        self.speed, self.low, self.high = np.zeros(7), np.full(7, np.inf), np.full(7, -np.inf)
        self._plant, self._step = lockstep.plant, lockstep.plant.step
        lockstep.plant.step = self.step  # type: ignore[method-assign]

    def step(self, now_ns: int) -> object:
        done = self._step(now_ns)
        felt = self._plant.states[-1].value
        self.speed = np.maximum(self.speed, np.abs(felt.velocity[:7]))
        self.low = np.minimum(self.low, felt.position[:7])
        self.high = np.maximum(self.high, felt.position[:7])
        return done


def run(pushes: Pushes, seconds: float) -> tuple[Outcome, Lockstep, Seen]:
    card = copy.deepcopy(CARD)
    card['output'] |= {
        'action': 'effort', 'rows': 1, 'dt_s': 0.02, 'interpolation': 'zoh', 'anchor': 'arrival'
    }
    card['schedule'] = {'kind': 'latest', 'period_s': 0.01}
    del card['inputs'][1]
    given = {'delay_ns': 4 * MS, 'time_limit_s': seconds, 'witness_scale': 0.5}
    lockstep = Lockstep(
        ROBOT, check(PolicyCard, card, 'card'), Efforts(pushes), Cell(), Conditions(**given)
    )
    seen = Seen(lockstep)
    return lockstep.run(assignments(1, 1)[0]), lockstep, seen


def only(joint: int, effort: float) -> NDArray[np.float64]:
    efforts = np.zeros(7)
    efforts[joint] = effort
    return efforts


def place(lockstep: Lockstep) -> NDArray[np.float64]:
    position: NDArray[np.float64] = lockstep.plant.states[-1].value.position[:7]
    return position


def fastest(lockstep: Lockstep) -> float:
    velocity = lockstep.plant.states[-1].value.velocity
    assert velocity is not None
    return float(np.abs(velocity[:7]).max())


def test_without_efforts_the_arm_stays_as_its_drives_carry_its_weight() -> None:
    outcome, lockstep, seen = run(lambda t, q, dq: np.zeros(7), 3.0)
    assert (outcome.fault, outcome.violations, outcome.refused) == ('', 0, 0)
    assert place(lockstep) == pytest.approx(ROBOT.home_position[:7], abs=0.01)


def test_a_policy_that_is_a_spring_brings_the_arm_where_it_wants_it() -> None:
    goal = ROBOT.home_position[:7] + [0.4, -0.2, 0.2, 0.3, 0.3, 0.3, -0.4]

    def spring(t: float, q: NDArray[np.float64], dq: NDArray[np.float64]) -> NDArray[np.float64]:
        stiffness = np.array([60.0] * 4 + [10.0] * 3)
        wanted: NDArray[np.float64] = stiffness * (goal - q) - 0.3 * stiffness * dq
        return wanted

    outcome, lockstep, _ = run(spring, 4.0)
    assert (outcome.fault, outcome.violations, outcome.refused) == ('', 0, 0)
    assert place(lockstep) == pytest.approx(goal, abs=0.03)


WAYS = [(joint, sense) for joint in range(7) for sense in (-1.0, 1.0)]
WAYS.remove((1, 1.0))  # there is a table


@pytest.mark.parametrize(('joint', 'sense'), WAYS)
def test_a_policy_that_pushes_for_an_end_is_kept_slow_and_inside(
    joint: int, sense: float
) -> None:
    outcome, lockstep, seen = run(lambda t, q, dq: only(joint, sense * 1e308), 6.0)
    assert (outcome.fault, outcome.violations) == ('', 0), outcome.first_violation
    assert outcome.refused == 0
    assert JOINTS is not None
    assert (seen.speed <= JOINTS.fastest).all(), seen.speed / JOINTS.fastest
    assert (seen.low >= JOINTS.lower).all()
    assert (seen.high <= JOINTS.upper).all()
    assert fastest(lockstep) < 0.03


def test_a_policy_that_changes_its_mind_all_the_time_keeps_every_limit() -> None:
    rng = np.random.default_rng(3)
    assert JOINTS is not None
    outcome, _, seen = run(lambda t, q, dq: rng.choice([-2.0, -0.5, 0.5, 2.0], 7) * JOINTS.effort,
                           8.0)
    assert (outcome.fault, outcome.violations) == ('', 0), outcome.first_violation
    # one joint speeds up another one: seen is 1.11 of the operating limit
    assert (seen.speed <= 1.25 * JOINTS.fastest).all(), seen.speed / JOINTS.fastest


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_not_finite_is_refused_and_the_joints_come_to_rest(value: float) -> None:
    outcome, lockstep, _ = run(lambda t, q, dq: only(0, 5.0 if t < 0.5 else value), 4.0)
    assert outcome.violations == 0
    assert '5 chunks in a row were refused' in outcome.fault
    assert fastest(lockstep) < 0.03
    assert place(lockstep)[0] > 0.1


@pytest.mark.parametrize('joint', range(7))
def test_an_estop_brings_every_joint_to_rest_within_the_way_that_is_declared(joint: int) -> None:
    _, lockstep, seen = run(lambda t, q, dq: only(joint, 0.0), 0.1)
    lockstep._events.append(Event.POLICY)
    lockstep._inference = Efforts(  # type: ignore[assignment]
        lambda t, q, dq: only(joint, 1e3 if joint != 1 else -1e3))
    lockstep._pass(600 * MS, lambda: False)
    before, velocity = place(lockstep), lockstep.plant.states[-1].value.velocity
    assert velocity is not None
    speed = abs(float(velocity[joint]))
    assert speed > 0.2
    lockstep._gate = gate.estop(lockstep._gate_config, lockstep._gate, lockstep._now_ns, 'a test')
    lockstep._pass(1_500 * MS, lambda: False)
    assert lockstep._gate.state is Phase.REST
    assert fastest(lockstep) < 0.03
    assert JOINTS is not None
    way = abs(float(place(lockstep)[joint] - before[joint]))
    assert way <= JOINTS.settle_s * speed, way / speed
    assert lockstep.plant.violations == 0


def driver(on_timeout: str, speed: float = 0.0) -> EffortDriver:
    made = EffortDriver(np.full(1, 10.0), lambda: np.full(1, speed), 0.05, on_timeout)
    made.command(np.full(1, 4.0), 0)
    return made


def test_an_effort_driver_ends_by_itself_when_commands_stop_coming() -> None:
    damped, limp = driver('decelerate', 0.5), driver('hold', 0.5)
    assert (damped.target(50 * MS), limp.target(50 * MS)) == (4.0, 4.0)
    assert (damped.target(51 * MS), limp.target(51 * MS)) == (-2.5, 0.0)
    assert (damped.timeouts, limp.timeouts) == (1, 1)
    damped.command(np.full(1, np.nan), 52 * MS)
    assert damped.target(52 * MS) == -2.5
    damped.command(np.full(1, 99.0), 53 * MS)
    assert damped.target(53 * MS) == 10.0


def test_the_witness_of_efforts_sees_what_is_too_much_too_sudden_or_no_number() -> None:
    kinds = []
    for efforts in ([only(0, 4.0)], [only(0, 4.1)], [only(4, 4.0), only(4, 8.0), only(4, 12.0),
                    only(4, 12.1)], [only(0, np.nan)]):
        witness = EffortWitness()
        for n, effort in enumerate(efforts):
            witness.command(effort, 0.004, np.zeros(7), n * 4 * MS)
        found = witness.findings
        kinds.append({kind for kind, count in found.violations.items() if count})
    assert kinds == [set(), {'effort_rate'}, {'effort'}, {'not_finite'}]


def test_no_joint_gains_speed_faster_than_is_declared_by_its_own_effort_in_any_pose() -> None:
    cell, rng = Cell(), np.random.default_rng(0)
    mujoco, model, data = import_mujoco(), cell.scene.model, cell.data
    limits, dof = ROBOT.published_limits(), cell.scene.dof[:7]
    one, gained = np.zeros((7, model.nv)), np.zeros((7, model.nv))
    one[np.arange(7), dof] = limits_of_effort()
    for _ in range(500):
        cell.scene.stand(data, rng.uniform(limits.lower, limits.upper))
        mujoco.mj_forward(model, data)
        mujoco.mj_solveM(model, data, gained, one)
        assert (gained[np.arange(7), dof] <= limits.acceleration[:7]).all()


def limits_of_effort() -> NDArray[np.float64]:
    return np.array([joint.effort for joint in ROBOT.joints[:7]], dtype=np.float64)
