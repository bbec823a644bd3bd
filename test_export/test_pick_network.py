"""Network of the pick policy: its geometry, its export, and training that goes on."""

import numpy as np
import pytest
from robot_runtime.export.kinematics import READY
from robot_runtime.export.language import vocabulary
from robot_runtime.export.pick_arm import tool_pose
from robot_runtime.export.pick_batches import Shards
from robot_runtime.export.pick_data import FIELDS
from robot_runtime.export.pick_device import device_of, DeviceError
from robot_runtime.export.pick_export import ExportError, write
from robot_runtime.export.pick_network import DAMPING, Pick, solve
from robot_runtime.export.pick_recipe import QUICK, Recipe
from robot_runtime.export.pick_train import averaged, losses, Plan, tensors, Training
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
import torch

WORDS = len(vocabulary()) + 2


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Pick(WORDS).eval()


@pytest.fixture
def shards(tmp_path):
    """Return a folder with one shard of noise in which the arm rests."""
    rng = np.random.default_rng(0)
    shard = tmp_path / 'base' / 'shard_0000'
    shard.mkdir(parents=True)
    for name, (size, dtype) in FIELDS.items():
        values = rng.uniform(0, 1, (8, *size)).astype('f4')
        if name == 'images':
            values = values * 255
        if name == 'goal':
            values = values * 3
        np.save(shard / f'{name}.npy', values.astype(dtype))
    return tmp_path / 'base'


def test_the_tool_and_its_motion_are_those_of_the_arm(network):
    q = READY + 0.1
    at, turn, jacobian = tool_pose(q)
    pose, basis = network.tool_of(torch.tensor(q[None], dtype=torch.float32))
    np.testing.assert_allclose(pose[0].reshape(3, 4)[:, 3], at, atol=1e-6)
    np.testing.assert_allclose(basis[0, :3], turn.T @ jacobian[:3], atol=1e-6)
    np.testing.assert_allclose(basis[0, 3:6], turn.T @ jacobian[3:], atol=1e-6)


def test_moves_of_the_tool_become_the_joints_they_came_from(network):
    arms = torch.tensor(READY, dtype=torch.float32) + torch.randn(20, 7) * 0.2
    basis = network.tool_of(arms)[1]
    joints = torch.randn(20, 7, 3) * 0.3
    square = basis @ basis.transpose(1, 2) + torch.eye(7) * DAMPING
    back = basis.transpose(1, 2) @ solve(square, basis @ joints)
    np.testing.assert_allclose(back, joints, atol=5e-3)


def test_what_is_exported_loads_and_belongs_to_the_robot(network, tmp_path):
    record = write(network, tmp_path / 'pick', {'step': 0})
    policy = OnnxPolicy.load(tmp_path / 'pick')
    check_robot(policy.card, load_robot('fr3'))
    assert record['parity'] < 1e-4
    assert record['graph_bytes'] < 20_000_000


def test_an_export_that_differs_from_the_network_is_refused(network, tmp_path, monkeypatch):
    monkeypatch.setattr('robot_runtime.export.pick_export.PARITY', -1.0)
    with pytest.raises(ExportError, match='differs'):
        write(network, tmp_path / 'pick', {})
    assert not (tmp_path / 'pick').exists()


def test_training_goes_on_where_it_stopped(shards, tmp_path):
    plan = Plan(steps=6, batch=4, threads=1)
    first = Training(plan, [shards], tmp_path / 'run')
    list(first.run(3))
    second = Training(plan, [shards], tmp_path / 'run')
    assert second.step == 3
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
    assert [p.step for p in second.run(6, report=1)] == [4, 5, 6]
    assert averaged(tmp_path / 'run')[1]['step'] == 6


def test_training_lowers_the_loss_on_what_it_sees(shards, tmp_path):
    training = Training(Plan(steps=60, batch=8, threads=1, warm_steps=5), [shards], tmp_path)
    losses = [p.arm for p in training.run(60, report=10)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize('recipe', [Recipe(), QUICK])
def test_a_recipe_has_a_lesson_more_than_rounds(recipe):
    assert len(recipe.steps) == len(recipe.round_shards) + 1
    assert list(recipe.steps) == sorted(recipe.steps)


def test_the_head_learns_from_known_scenes_alone(shards, tmp_path):
    training = Training(Plan(steps=1, threads=1), [shards], tmp_path)
    before = {name: value.clone() for name, value in training.network.eyes.state_dict().items()}
    losses = [loss for _, loss in training.begin(60, report=10)]
    assert losses[-1] < 0.8 * losses[0]
    for name, value in training.network.eyes.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_all_of_a_step_is_computed_where_the_network_is(shards):
    # What torch calls 'meta' has shapes and no values: a tensor left elsewhere is refused.
    batch = tensors(Shards([shards], vocabulary(), seed=0).batch(4), 'meta')
    network = Pick(WORDS).to('meta')
    parts = losses(network, batch)
    sum(parts).backward()
    assert {part.device.type for part in parts} == {'meta'}
    assert {p.grad.device.type for p in network.parameters() if p.grad is not None} == {'meta'}


@pytest.mark.parametrize('asked', ['cuda', 'tpu', ''])
def test_a_device_that_is_not_there_is_named(asked, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(DeviceError, match=f"--device is '{asked}'.*allowed: auto, cpu$"):
        device_of(asked)
    assert device_of('auto') == 'cpu'


def test_a_gpu_is_taken_where_there_is_one_unless_the_processor_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert [device_of(asked) for asked in ('auto', 'cuda', 'cpu')] == ['cuda', 'cuda', 'cpu']
