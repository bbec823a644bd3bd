"""Wild policies: nothing comes of them, by a witness that sees it where something does."""

from benchmarks import wild
from benchmarks.wild import clean, in_lockstep
from benchmarks.wild_policies import make_policy, POLICIES, ROWS
import numpy as np
import pytest
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.loop_config import control_config
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim import lockstep
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.touch import ToolPlace, Touch
from robot_runtime.sim.witness import arm_datasheet, CommandWitness, WORKSPACE_HIGH, WORKSPACE_LOW

ROBOT = load_robot('fr3')
LOWER, UPPER = ROBOT.limits().lower, ROBOT.limits().upper
HOME = ROBOT.home_position
ARM = slice(0, 7)
SECONDS = 2.0


@pytest.fixture(scope='module')
def cell():
    return Cell()


def chunks(folder, kind, count=40):
    policy = OnnxPolicy.load(make_policy(folder, kind, ROBOT))
    return np.array([policy.infer({'state': HOME}) for _ in range(count)])


def test_each_policy_asks_for_what_its_name_says(tmp_path):
    rows = chunks(tmp_path / 'one', 'random').reshape(-1, 8)
    assert ((rows >= LOWER - 1e-6) & (rows <= UPPER + 1e-6)).all()
    share = (rows - LOWER) / (UPPER - LOWER)
    assert share.mean(axis=0) == pytest.approx(0.5, abs=0.05)
    assert share.std(axis=0) == pytest.approx(12**-0.5, abs=0.02)
    assert len(np.unique(rows[:, 0])) > 0.99 * len(rows)
    corners = chunks(tmp_path / 'one', 'random corners')
    assert (corners == corners[:, :1]).all()
    ends = (corners[:, 0] - LOWER) / (UPPER - LOWER)
    assert np.minimum(np.abs(ends), np.abs(1.0 - ends)).max() < 1e-6
    assert 0.3 < ends.mean() < 0.7
    assert chunks(tmp_path / 'one', 'far limit') == pytest.approx(
        np.broadcast_to(UPPER, (40, ROWS, 8)), abs=1e-6)
    assert (chunks(tmp_path / 'two', 'random') == rows.reshape(40, ROWS, 8)).all()


@pytest.mark.parametrize('policy', POLICIES)
def test_nothing_comes_of_a_wild_policy_in_lockstep(tmp_path, policy):
    row = in_lockstep(tmp_path, policy, 0.5, SECONDS)
    assert clean(row), row
    assert row['seconds'] == pytest.approx(SECONDS, abs=0.01)
    assert row['commands'] > 250 * SECONDS
    assert row['worst_acceleration_ratio'] > 0.99  # it did move, and as hard as it may


def test_what_is_too_fast_by_half_of_the_limits_is_counted(tmp_path):
    row = in_lockstep(tmp_path, 'random corners', 1.0, SECONDS, judged=0.5)
    assert not clean(row)
    assert min(row['violations'][k] for k in ('velocity', 'acceleration', 'jerk')) > 10
    assert row['first_violation']


def test_without_the_checks_in_space_table_workspace_and_robot_are_hit_and_it_is_counted(tmp_path):
    first = in_lockstep(tmp_path / 'one', 'random corners', 0.5, 5.0, space=False, seed=1)
    assert first['contacts'] > 10
    assert first['violations']['workspace'] > 10
    second = in_lockstep(tmp_path / 'two', 'random corners', 0.5, 8.0, space=False, seed=2)
    assert second['self_contacts'] > 10
    assert not clean(first)
    assert not clean(second)


def test_what_the_loop_does_not_hold_back_the_gate_refuses_and_that_is_counted(
    tmp_path, monkeypatch
):
    def without_space(*given, space):
        assert space
        return control_config(*given)

    monkeypatch.setattr(lockstep, 'control_config', without_space)
    row = in_lockstep(tmp_path, 'far limit', 0.5, SECONDS)
    assert row['refusals'] == 1
    assert 'command refused' in row['fault']
    assert (row['contacts'], row['self_contacts'], row['measured']) == (0, 0, 0)
    assert not any(row['violations'].values())
    assert not clean(row)


def test_the_witness_sees_every_tool_outside_of_its_workspace_and_no_other(cell):
    body, place = load_body(ROBOT), ToolPlace(cell, ARM)
    low, high = np.array(WORKSPACE_LOW), np.array(WORKSPACE_HIGH)
    outside = 0
    for q in np.random.default_rng(4).uniform(LOWER, UPPER, (400, 8)):
        tool = body.frame('fr3_hand_tcp', q)[:3, 3]  # by another library
        assert place(q[ARM]) == pytest.approx(tool, abs=1e-6)
        judge = CommandWitness(arm_datasheet(), place)
        judge.command(q[ARM], 0.004, q[ARM], 0)
        out = bool(((tool < low) | (tool > high)).any())
        assert judge.findings.violations['workspace'] == out
        assert judge.findings.total == out
        outside += out
    assert 50 < outside < 350


def test_the_workspace_of_the_witness_is_that_of_the_robot_file():
    (box,) = ROBOT.workspace.boxes
    assert (tuple(box.lower), tuple(box.upper)) == (WORKSPACE_LOW, WORKSPACE_HIGH)


def test_a_robot_on_the_table_is_counted_and_cubes_on_it_are_not(cell):
    cell.reset(1)
    touch = Touch(cell)
    for _ in range(200):
        cell.step(HOME, cell.timestep_s)
        touch.step()
    assert (touch.contacts, touch.self_contacts) == (0, 0)
    assert cell.data.ncon > 0  # the cubes lie there
    down = HOME.copy()
    down[1] = 1.2
    for _ in range(500):
        cell.step(down, cell.timestep_s)
        touch.step()
    assert touch.contacts > 100


def test_two_links_in_each_other_are_counted_with_how_near_they_came(cell):
    body, touch = load_body(ROBOT), Touch(cell)
    far = np.full(len(body.stop), 10.0)
    seen = 0
    for q in np.random.default_rng(5).uniform(LOWER, UPPER, (300, 8)):
        cell.scene.stand(cell.data, q)
        cell.scene.aim(cell.data)
        own = [k for k, label in enumerate(body.labels) if 'table' not in label
               and 'workspace' not in label]
        inside = body.distances(q[np.newaxis], far)[0][own].min() < 0.0  # by another library
        before = touch.self_contacts
        touch.step()
        assert touch.self_contacts - before == inside
        seen += inside
    assert seen > 5
    assert touch.nearest_m < 0.0


def test_a_row_is_clean_only_if_nothing_at_all_was_seen():
    row = {'violations': dict.fromkeys(wild.KINDS, 0), 'fault': '', 'seconds': 1.0}
    row |= dict.fromkeys(('measured', 'contacts', 'self_contacts', 'refusals'), 0)
    assert clean(row)
    for key in ('measured', 'contacts', 'self_contacts', 'refusals', 'fault'):
        assert not clean(row | {key: 'x' if key == 'fault' else 1})
    for kind in wild.KINDS:
        assert not clean(row | {'violations': row['violations'] | {kind: 1}})
