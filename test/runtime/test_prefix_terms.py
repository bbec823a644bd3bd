"""Prefix terms: what a graph is told of what is executed, and cards that say it wrongly."""

from pathlib import Path
from typing import Any

from model_folder import folder, JOINTS, refusal, ROBOT
import numpy as np
import prefix_policy
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.observation import Inputs, Measured
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.inference import Inference, Proposal
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.prefix_terms import PrefixInput, PrefixTerms
from robot_runtime.runtime.schedule_timing import check_timing

MS = 1_000_000
STAMP, NOW = 1_000_000 * MS, 500 * MS
HOME = ROBOT.home_position
ORDER = np.array([1, 0])
SCALED = {'mean': (100.0, 0.0), 'std': (2.0, 1.0)}
PLACE, REST = np.array([0.5, 0.25]), np.array([8.0, 9.0])


def terms(*items: dict[str, Any], **changes: Any) -> PrefixTerms:
    given = {'rows': 10, 'executed': 4, 'order': ORDER, **changes}
    return PrefixTerms([PrefixInput(**item) for item in items], **given)


def sent(delay_ns: int = 20) -> SentChunks:
    rows = np.stack([np.arange(10.0), 100.0 + np.arange(10.0)], axis=1)
    return SentChunks(delay_ns=delay_ns).added(Chunk(100, 10, rows, 100), 120)


def tensor(item: dict[str, Any], left: SentChunks | None = None, **changes: Any) -> Any:
    made = terms({'name': 'x', **item}, **changes)
    return made.tensors(sent() if left is None else left, 140, 150, PLACE, REST)['x']


def test_the_prefix_is_in_the_order_and_the_space_of_the_graphs_own_rows() -> None:
    got = tensor({'term': 'action_prefix', 'normalization': SCALED})
    assert got[:, 0].tolist() == [2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 4.5, 4.5, 4.5, 4.5]
    assert got[:, 1].tolist() == [4, 5, 6, 7, 8, 9, 9, 9, 9, 9]


def test_a_relative_prefix_goes_from_the_joints_of_the_new_observation() -> None:
    item = {'term': 'action_prefix', 'normalization': 'identity', 'reference': 'state'}
    assert tensor(item)[0].tolist() == [104.0 - 0.25, 4.0 - 0.5]


def test_weights_mask_and_numbers_say_the_same_of_the_rows() -> None:
    assert tensor({'term': 'prefix_mask'}).tolist() == [True] * 2 + [False] * 8
    weights = tensor({'term': 'prefix_weights'})
    expected = [1, 1, 0.570589, 0.287072, 0.114492, 0.02577, 0, 0, 0, 0]
    np.testing.assert_allclose(weights, expected, atol=6e-7)
    assert tensor({'term': 'prefix_weights', 'decay': 'ones'}).tolist() == [1] * 6 + [0] * 4
    counts = [tensor({'term': t})[0] for t in ('prefix_length', 'delay', 'execution_horizon')]
    assert counts == [6, 2, 4]
    assert tensor({'term': 'guidance_weight', 'value': 5.0}).tolist() == [5.0]
    assert tensor({'term': 'prefix_weights', 'decay': 'ones'}, executed=7).sum() == 3


def test_no_more_rows_are_said_to_have_passed_than_the_policy_was_trained_for() -> None:
    late = sent(delay_ns=50)
    assert tensor({'term': 'delay'}, late) == [5]
    assert tensor({'term': 'delay'}, late, most_delay=3) == [3]
    assert tensor({'term': 'prefix_mask'}, late, most_delay=3).sum() == 3


def test_where_nothing_is_executed_the_graph_is_told_so_and_shown_rest() -> None:
    item = {'term': 'action_prefix', 'normalization': 'identity'}
    assert tensor(item, SentChunks()).tolist() == [[9.0, 8.0]] * 10
    for term in ('prefix_mask', 'prefix_weights', 'prefix_length', 'delay'):
        assert not tensor({'term': term}, SentChunks(delay_ns=50)).any()


def test_noise_is_normal_and_the_same_for_the_same_observation() -> None:
    made = terms({'name': 'x', 'term': 'noise'}, rows=500)
    one, again, other = (made.tensors(sent(), t, t, PLACE, REST)['x'] for t in (140, 140, 141))
    assert one.shape == (500, 2)
    assert (one == again).all()
    assert abs(one - other).max() > 1.0
    assert (abs(one.mean()), one.std()) == (pytest.approx(0.0, abs=0.1), pytest.approx(1, abs=0.1))


def told(tmp_path: Path) -> Inference:
    path = folder(tmp_path, prefix_policy.card, prefix_policy.graph())
    return Inference(OnnxPolicy.load(path), ROBOT)


def test_a_graph_goes_on_from_what_it_is_told_is_executed(tmp_path: Path) -> None:
    inference, start = told(tmp_path), STAMP - 100 * MS
    states = (Sample(NOW, STAMP, Measured(HOME)),)
    first = inference.propose(Inputs(states), NOW)
    assert isinstance(first, Proposal)
    joint = ROBOT.joint_names.index(JOINTS[-1])
    slope = np.zeros((20, 8))
    slope[:, joint] = prefix_policy.SLOPE * np.arange(20)
    np.testing.assert_allclose(first.rows, HOME + slope + slope[1], atol=1e-6)
    before = Proposal(start, first.step_ns, HOME + 10.0 * slope, {}).chunk('linear')
    sent = SentChunks(delay_ns=70 * MS).added(before, NOW)
    second = inference.propose(Inputs(states), NOW, sent=sent)
    assert isinstance(second, Proposal)
    np.testing.assert_allclose(second.rows[:18], (HOME + 10.0 * slope)[2:], atol=1e-6)
    np.testing.assert_allclose(second.rows[19], (HOME + 10.0 * slope)[19] + 2 * slope[1],
                               atol=1e-6)
    assert [second.tensors[name].tolist() for name in ('left', 'late')] == [[18], [2]]


def no_prefix(card: dict[str, Any]) -> None:
    prefix_policy.card(card)
    card['prefix'] = []


def changed(**changes: Any) -> Any:
    def change(card: dict[str, Any]) -> None:
        prefix_policy.card(card)
        card['prefix'][0].update(changes)
    return change


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (no_prefix, 'schedule.kind rtc_prefix needs a graph that is told what is executed'),
        (changed(normalization=None), 'needs the field normalization'),
        (changed(normalization={'mean': [0.0] * 3, 'std': [1.0]}),
         'input before has 3 figures in normalization.mean, but takes 8'),
        (changed(name='state'), 'a name more than once'),
        (changed(name='b'), "inputs are ['b', 'late', 'left', 'state'], but the graph has"),
        (changed(term='delay', normalization=None), 'prefix has no input of term action_prefix'),
        (lambda c: (prefix_policy.card(c), c['prefix'][1].update(term='prefix_weights')),
         'input left is int64 in the graph, but prefix_weights needs one of'),
        (lambda c: (prefix_policy.card(c), c['prefix'][1].update(term='prefix_mask')),
         'input left has the shape [1] in the graph, but the card says [20]'),
        (lambda c: (prefix_policy.card(c), c['output'].update(anchor='arrival')),
         'output.anchor is arrival, but a prefix goes with the time of the observation'),
    ],
)  # fmt: skip
def test_a_prefix_that_does_not_fit_is_refused(tmp_path: Path, change: Any, sentence: str) -> None:
    assert sentence in refusal(folder(tmp_path, change, prefix_policy.graph()))


def test_an_inference_longer_than_the_policy_can_be_late_is_refused(tmp_path: Path) -> None:
    def change(card: dict[str, Any]) -> None:
        prefix_policy.card(card)
        card['schedule']['most_delay'] = 2

    card = OnnxPolicy.load(folder(tmp_path, change, prefix_policy.graph())).card
    check_timing(card, 0.1)
    with pytest.raises(ConfigError, match='more than the 2 rows of schedule.most_delay'):
        check_timing(card, 0.11)
