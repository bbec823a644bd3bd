"""Lockstep run: the whole chain in one process, faster than time and the same each time."""

from pathlib import Path

from model_folder import folder
import numpy as np
import prefix_policy
import pytest
from robot_runtime.core.control import ControlReport
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import ABLATIONS, assignments, Conditions
from robot_runtime.sim.lockstep import Lockstep

ROBOT = load_robot('fr3')
PICK = OnnxPolicy.load(model_folder('scripted_pick'))
TICK_NS = 4_000_000


def lockstep(**conditions: object) -> Lockstep:
    given = {'delay_ns': TICK_NS, **conditions}
    return Lockstep(ROBOT, PICK.card, Inference(PICK, ROBOT), Cell(), Conditions(**given))


def scheduled(kind: str, **conditions: object) -> Lockstep:
    """Return a run of the scripted policy with another schedule."""
    anchor = 'arrival' if kind == 'sync' else 'observation'
    card = PICK.card.model_copy(update={
        'output': PICK.card.output.model_copy(update={'anchor': anchor}),
        'schedule': PICK.card.schedule.model_copy(update={'kind': kind, 'period_s': 0.4}),
    })  # fmt: skip
    given = Conditions(**{'delay_ns': 100_000_000, **conditions})
    policy = OnnxPolicy.load(model_folder('scripted_pick'))
    return Lockstep(ROBOT, card, Inference(policy, ROBOT), Cell(), given)


class Witnessed:
    """Stands in for an inference: keeps what it is shown, and proposes nothing."""

    def __init__(self) -> None:
        self.seen: list[tuple[Inputs, int]] = []

    def propose(
        self, inputs: Inputs, now_ns: int, memory: Memory, sent: SentChunks
    ) -> Missing:
        self.seen.append((inputs, now_ns))
        return Missing(('a policy',))


def shown(tmp_path: Path, cell: Cell, **conditions: object) -> list[tuple[Inputs, int]]:
    """Return what a policy with the front camera is shown in half a second."""
    card = OnnxPolicy.load(folder(tmp_path)).card
    stand_in = Witnessed()
    given = Conditions(**{'time_limit_s': 0.5, **conditions})
    outcome = Lockstep(ROBOT, card, stand_in, cell, given).run(assignments(1, 3)[0])
    assert (outcome.inferences, outcome.missing) == (0, 'a policy')
    return stand_in.seen


@pytest.fixture(scope='module')
def cell() -> Cell:
    return Cell()


def test_the_scripted_policy_does_its_job_within_all_limits() -> None:
    outcome = lockstep().run(assignments(1, 1)[0])
    assert outcome.success
    assert (outcome.placed, outcome.violations, outcome.fault) == (('red',), 0, '')


def test_an_episode_is_the_same_to_the_bit_whatever_ran_before() -> None:
    first, second = assignments(2, 5)
    alone, after = lockstep(time_limit_s=3.0), lockstep(time_limit_s=3.0)
    before = after.run(first)
    again = after.run(second)
    assert again.command_hash == alone.run(second).command_hash
    assert again.command_hash != before.command_hash


def test_a_slow_inference_is_asked_less_often_and_at_half_speed_all_takes_longer() -> None:
    one = assignments(1, 1)[0]
    quick, slow = lockstep(time_limit_s=3.0), lockstep(time_limit_s=3.0, delay_ns=500_000_000)
    assert (quick.run(one).inferences, slow.run(one).inferences) == (16, 6)
    half = lockstep(speed=0.5).run(one)
    assert half.success
    assert half.seconds > 12.0  # 9 s at full speed
    assert half.violations == 0


@pytest.mark.parametrize(('kind', 'inferences'), [('sync', 6), ('ensemble', 8), ('latest', 8)])
def test_every_schedule_moves_the_robot_within_all_limits_and_never_leaves_it_alone(
    kind: str, inferences: int
) -> None:
    run = scheduled(kind, time_limit_s=3.0)
    targets = []
    run.look = lambda report, _: targets.append(report.target)
    outcome = run.run(assignments(1, 1)[0])
    assert (outcome.violations, outcome.fault, outcome.refused) == (0, '', 0)
    assert outcome.late_ticks == 0
    assert outcome.inferences == inferences
    said = [target for target in targets if target is not None]
    assert np.abs(said[-1] - said[0]).max() > 0.1


def test_the_policy_is_shown_a_frame_and_the_joints_around_its_time(
    tmp_path: Path, cell: Cell
) -> None:
    for inputs, now_ns in shown(tmp_path, cell):
        assert inputs.images.keys() == {'front'}
        frame = inputs.images['front']
        assert frame.value.shape == (240, 320, 3)
        assert frame.received_ns <= now_ns
        assert now_ns - frame.received_ns <= 1e9 / 15 + 2_000_000
        assert inputs.states[0].stamp_ns <= frame.stamp_ns <= inputs.states[-1].stamp_ns
        assert inputs.instruction == 'pick up the red cube and put it in the tray'


def test_what_an_ablation_takes_away_is_not_shown(tmp_path: Path, cell: Cell) -> None:
    assert all(i.images['front'].value.any() for i, _ in shown(tmp_path, cell))
    for ablation in ('blank_images', 'blank_front'):
        seen = shown(tmp_path, cell, ablation=ablation)
        assert not any(i.images['front'].value.any() for i, _ in seen)
    seen = shown(tmp_path, cell, ablation='frozen_state')
    assert len({i.states[-1].value.position.tobytes() for i, _ in seen}) == 1
    assert len({i.states[-1].stamp_ns for i, _ in seen}) == len(seen)


def test_words_are_ablated_in_what_is_said() -> None:
    said = {a: [one.instruction for one in assignments(3, 1, a, '{}!')] for a in ABLATIONS}
    assert said['none'] == ['red!', 'green!', 'blue!']
    assert said['wrong_word'] == ['green!', 'blue!', 'red!']
    assert said['no_instruction'] == ['', '', '']
    wrong = assignments(1, 1, 'wrong_word')[0]
    assert (wrong.colour, wrong.ends_with) == ('red', {'red', 'green'})


def test_light_and_noise_are_multiplied_and_one_is_the_cell_as_it_is() -> None:
    cells = [Cell(seed=1), Cell(seed=1, noise=1.0, light=1.0), Cell(seed=1, light=0.5)]
    plain, same, dark = (one.render('front', 64, 48).astype(int) for one in cells)
    assert (plain == same).all()
    assert dark.mean() < 0.8 * plain.mean()
    clean, noisy = (Cell(seed=1, noise=noise).render('front', 64, 48) for noise in (0.0, 8.0))
    assert np.std(noisy.astype(int) - clean) == pytest.approx(20.0, rel=0.3)


@pytest.mark.parametrize(('speed', 'delay_ms'), [(1.0, 100), (1.0, 30), (0.5, 100)])
def test_a_policy_that_is_told_what_is_executed_goes_on_without_a_seam(
    tmp_path: Path, speed: float, delay_ms: int
) -> None:
    policy = OnnxPolicy.load(folder(tmp_path, prefix_policy.card, prefix_policy.graph()))
    given = Conditions(delay_ns=delay_ms * 1_000_000, speed=speed, time_limit_s=2.0 * speed)
    run = Lockstep(ROBOT, policy.card, Inference(policy, ROBOT), Cell(), given)
    targets, merged = [], []
    run.look = lambda report, _: (targets.append(report.target), merged.extend(report.merged))
    outcome = run.run(assignments(1, 1)[0])
    assert (outcome.violations, outcome.fault, outcome.late_ticks) == (0, '', 0)
    assert len(merged) >= 8
    joint = ROBOT.joint_names.index(policy.card.output.joints[-1])
    way = np.array([target[joint] for target in targets if target is not None])[100:]
    each_tick = prefix_policy.SLOPE * speed * TICK_NS / 50_000_000
    np.testing.assert_allclose(np.diff(way), each_tick, rtol=1e-3)


def test_other_words_in_the_middle_of_a_motion_never_leave_the_robot_without_a_target() -> None:
    run = lockstep(time_limit_s=3.0)
    targets = []

    def look(report: ControlReport, _: object) -> None:
        targets.append(report.target)
        if len(targets) == 400:
            run._instruction = 'pick up the green cube and put it in the tray'

    run.look = look
    outcome = run.run(assignments(1, 1)[0])
    assert (outcome.late_ticks, outcome.fault, outcome.missing) == (0, '', '')
    first = next(i for i, target in enumerate(targets) if target is not None)
    last = max(i for i, target in enumerate(targets) if target is not None)
    assert last > 500
    assert all(target is not None for target in targets[first:last])
