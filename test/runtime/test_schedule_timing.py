"""Timing of a schedule: what no inference of that length can keep is refused."""

from pathlib import Path
from typing import Any

from model_folder import folder, refusal
import pytest
from robot_runtime.runtime import input_check
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.loop_config import control_config
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.policy_card import load_card, PolicyCard
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.runtime.schedule_timing import check_timing, measured_delay_s

ROBOT, CARD = load_robot('fr3'), load_card(model_folder('scripted_pick'))


def card(anchor: str = 'observation', **schedule: Any) -> PolicyCard:
    output = CARD.output.model_copy(update={'anchor': anchor})
    given = CARD.schedule.model_copy(update=schedule)
    return CARD.model_copy(update={'output': output, 'schedule': given})


def test_an_inference_that_takes_longer_than_a_period_is_refused() -> None:
    check_timing(CARD, 0.2)
    with pytest.raises(ConfigError, match='takes 0.21 s here, more than the 0.2 s') as caught:
        check_timing(CARD, 0.21)
    assert '\n' not in str(caught.value)


def test_a_chunk_that_is_over_before_the_next_one_comes_is_refused() -> None:
    check_timing(card(period_s=0.8), 0.24)
    with pytest.raises(ConfigError, match='5 rows, and schedule.period_s is 16 rows, so that a'):
        check_timing(card(period_s=0.8), 0.25)
    check_timing(card('arrival', period_s=0.8), 0.8)


def test_in_sync_the_robot_waits_for_as_long_as_it_takes() -> None:
    check_timing(card('arrival', kind='sync', period_s=1.0), 30.0)


def test_the_shipped_policies_keep_their_schedule_here() -> None:
    policy = OnnxPolicy.load(model_folder('scripted_pick'))
    check_timing(policy.card, measured_delay_s(policy))


def test_the_loop_is_given_the_schedule_of_the_card() -> None:
    joints = CARD.output.joints
    given = card(kind='ensemble', m=0.1, discrete=joints[-1:], angles=joints[:1], period_s=0.4)
    config = control_config(ROBOT, given, 4_000_000, 0.5)
    schedule = config.empty_schedule
    assert (schedule.kind, schedule.mixing.ratio) == ('ensemble', 0.904837418036)
    assert schedule.executed_ns == 800_000_000
    assert schedule.mixing.discrete is not None
    assert schedule.mixing.angles is not None
    assert schedule.mixing.discrete.tolist() == [False] * 7 + [True]
    assert schedule.mixing.angles.tolist() == [True] + [False] * 7
    assert control_config(ROBOT, CARD, 4_000_000).mixing.discrete is None


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda c: c['schedule'].update(kind='sync'),
         'output.anchor is observation with schedule.kind sync, which needs arrival'),
        (lambda c: (c['schedule'].update(kind='sync', period_s=0.2),
                    c['output'].update(anchor='arrival')),
         'schedule.period_s is 0.2, but a chunk to be executed that long has 0.1 s'),
        (lambda c: c['schedule'].update(discrete=['thumb']),
         "schedule.discrete names ['thumb'], which output.joints has not"),
        (lambda c: c['schedule'].update(kind='ensemble', m=0.6), 'schedule.m is 0.6, but it'),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused(tmp_path: Path, change: Any, sentence: str) -> None:
    assert sentence in refusal(folder(tmp_path, change))


def test_a_check_of_robot_and_policy_measures_the_inference_and_refuses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    input_check.check_inputs('fr3', 'scripted_pick')
    monkeypatch.setattr(input_check, 'measured_delay_s', lambda policy: 0.5)
    with pytest.raises(ConfigError, match='takes 0.5 s here, more than the 0.2 s of'):
        input_check.check_inputs('fr3', 'scripted_pick')
