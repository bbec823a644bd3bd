"""Training data of the pick policy: poses, disturbances, a shard and what is asked of it."""

import numpy as np
import pytest
from robot_runtime.export.expert import OPEN, ROWS
from robot_runtime.export.kinematics import READY
from robot_runtime.export.pick_arm import downward, reach, tool_pose
from robot_runtime.export.pick_data import Collector, FIELDS, FIRST_SEED, Noise, SEEDS_PER_SHARD
from robot_runtime.export.pick_gaze import CELLS, cells, FRONT, gaze, project, WRIST
from robot_runtime.export.pick_scene import ALL, asked, blurred, pointers, TASK, UNIT_M
from robot_runtime.sim.cell import Cell


def test_the_arm_reaches_a_place_over_the_table_with_the_hand_turned():
    at, turn = np.array([0.5, -0.1, 0.12]), downward(0.4)
    q = reach(at, turn)
    position, rotation, _ = tool_pose(q)
    np.testing.assert_allclose(position, at, atol=2e-3)
    np.testing.assert_allclose(rotation, turn, atol=2e-2)


def test_a_place_out_of_reach_gives_no_joints():
    assert reach(np.array([1.5, 0.0, 0.2]), downward(0.0)) is None


def test_the_jacobian_is_the_derivative_of_the_pose():
    q = READY + 0.1
    at, _, jacobian = tool_pose(q)
    step = 1e-6
    for joint in range(7):
        moved, _, _ = tool_pose(q + step * np.eye(7)[joint])
        np.testing.assert_allclose((moved - at) / step, jacobian[:3, joint], atol=1e-5)


@pytest.mark.parametrize('height', [0.05, 0.3])
def test_a_disturbance_leaves_the_first_row_of_the_arm_alone_and_stays_small(height):
    rows = np.tile(np.append(READY, OPEN), (ROWS, 1))
    for seed in range(20):
        noise = Noise(np.random.default_rng(seed), gentle=False)
        for _ in range(10):
            moved = noise.disturb(rows, height)
            np.testing.assert_array_equal(moved[0, :7], rows[0, :7])
            assert np.abs(moved[:, :7] - rows[:, :7]).max() < 0.6
            assert set(moved[:, 7]) <= {0.0, OPEN}


@pytest.fixture(scope='module')
def shard():
    """Return a shard of a few samples: some scattered, the rest of one episode."""
    return Collector(3, None, count=12).run()


def test_a_shard_holds_what_was_seen_and_a_chunk_per_goal(shard):
    assert {name: values.shape[1:] for name, values in shard.items()} \
        == {name: size for name, (size, _) in FIELDS.items()}
    assert all(np.isfinite(values).all() for values in shard.values())
    arms = np.repeat(shard['state'][:, None, :7], 3, axis=1)
    np.testing.assert_array_equal(shard['chunks'][:, :, 0, :7], arms)
    assert (shard['images'].reshape(12, 2, -1).std(2) > 5.0).all()
    assert set(shard['goal']) <= {0, 1, 2}


def test_a_shard_is_the_same_each_time(shard):
    again = Collector(3, None, count=12).run()
    for name in ('state', 'objects', 'goal', 'chunks'):
        np.testing.assert_array_equal(again[name], shard[name])


def test_no_scene_to_learn_from_is_one_to_be_judged_by():
    assert FIRST_SEED >= 1_000_000
    assert SEEDS_PER_SHARD > 1000  # more than a shard can use up


def question(objects):
    """Return what is asked of one scene with open fingers and the green cube named."""
    state = np.append(READY, OPEN).astype(np.float32)[None]
    return asked(state, objects, np.array([1]), np.ones(1, np.float32))


@pytest.fixture
def scene():
    """Return a scene with the tool, which points down, over the green cube."""
    objects = np.zeros((1, 5, 7), dtype=np.float32)
    objects[..., 6] = 1.0
    objects[0, 1, :3] = (0.5, 0.1, 0.02)
    objects[0, 3, :3] = (0.5, 0.3, 0.0)
    objects[0, 4] = (0.5, 0.0, 0.22, 1.0, 0.0, 0.0, 0.0)  # x ahead
    return objects


def test_what_is_asked_is_where_things_are_as_the_tool_sees_them(scene):
    answer = question(scene)[0]
    task = answer[-TASK:]
    assert len(answer) == ALL
    np.testing.assert_allclose(task[:3] * UNIT_M, (0.0, -0.1, 0.2), atol=1e-6)
    np.testing.assert_allclose(answer[3:6], task[:3])
    np.testing.assert_allclose(task[3:5], (0.0, 1.0), atol=1e-6)
    np.testing.assert_allclose(task[5:8] * UNIT_M, (0.0, -0.3, 0.22), atol=1e-6)
    np.testing.assert_array_equal(task[8:], (0.0, 0.0, 1.0))


def test_a_cube_in_the_tray_is_known_as_done(scene):
    scene[0, 1, :3] = scene[0, 3, :3] + (0.0, 0.0, 0.02)
    assert question(scene)[0, -3] == 1.0


def test_far_things_are_blurred_more_than_near_ones_and_flags_hardly(scene):
    rng = np.random.default_rng(0)
    task = np.repeat(question(scene)[:, -TASK:], 2000, axis=0)
    task[:1000, :3] = 0.05
    noise = blurred(task, rng) - task
    assert noise[:1000, :3].std() < 0.6 * noise[1000:, :3].std()
    assert noise[:, 8:].std() < 0.1


def test_pointers_lead_to_the_cube_and_the_tray_of_each_eye():
    np.testing.assert_array_equal(pointers(np.array([2, 0])), [[2, 18, 3, 19], [0, 16, 3, 19]])


@pytest.fixture(scope='module')
def seen():
    """Return a cell with its nominal cameras, and its poses."""
    cell = Cell(seed=4)
    model, nominal = cell.scene.model, cell.scene.nominal
    model.cam_pos[:], model.cam_quat[:] = nominal['cam_pos'], nominal['cam_quat']
    cell.step(dt=0.05)
    return cell, cell.objects().astype(np.float32)[None]


@pytest.mark.parametrize(('name', 'camera'), [('front', FRONT), ('wrist', WRIST)])
def test_the_cameras_are_those_of_the_cell(seen, name, camera):
    cell, poses = seen
    one = cell.data.camera(name)
    at, axes = one.xpos, one.xmat.reshape(3, 3)
    away = (poses[0, :4, :3] - at) @ axes
    half = np.tan(np.deg2rad(cell.scene.model.camera(name).fovy[0]) / 2)
    wanted = np.stack([away[:, 0] / (half * 4 / 3), -away[:, 1] / half], 1) / -away[:, 2:]
    points = poses[:, :4, :3]
    if name == 'wrist':
        answer = question(poses)
        points = answer[:, :12].reshape(1, 4, 3) * UNIT_M
    np.testing.assert_allclose(project(points, camera)[0], wanted, atol=2e-3)


def test_the_cells_of_a_place_share_it_and_their_mean_is_the_place():
    places = np.array([[0.0, 0.0], [0.31, -0.72], [1.4, 0.0]], dtype=np.float32)
    shares, visible = cells(places)
    np.testing.assert_allclose(shares.sum(1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(visible, (1.0, 1.0, 0.0))
    axis = (np.arange(CELLS) + 0.5) * 2 / CELLS - 1
    mean = (shares.reshape(3, CELLS, CELLS).sum(1) @ axis)[:2]
    np.testing.assert_allclose(mean, places[:2, 0], atol=1e-5)


def test_a_cube_in_front_of_the_robot_is_seen_by_both_eyes(seen):
    _, poses = seen
    answer = question(poses)
    shares, visible = gaze(poses, answer[:, :12].reshape(1, 4, 3) * UNIT_M)
    assert shares.shape == (1, 2, 4, CELLS**2)
    assert visible[0, 0].all()
