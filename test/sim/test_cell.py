"""Cell: reproducible by its seed, seen by its cameras, and honest about success."""

import sys

import numpy as np
import pytest
from robot_runtime.sim import scene
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.scene import SceneError
from robot_runtime.sim.shared_state import SharedState
from robot_runtime.sim.task import COLOURS, CUBE_APART_M, TRAY_APART_M, X_RANGE_M, Y_RANGE_M

FINGER_MAX = 0.2  # [m/s] of the hardware


@pytest.fixture(scope='module')
def cell() -> Cell:
    return Cell(seed=1)


def drop(cell: Cell, colour: str, place: np.ndarray) -> None:
    """Put a cube somewhere and let it come to rest."""
    joint = cell.scene.model.body_jntadr[cell.scene.body(colour)]
    at = cell.scene.model.jnt_qposadr[joint]
    cell.data.qpos[at:][:3] = place
    cell.step(dt=0.5)


def test_a_seed_gives_the_same_world_frame_by_frame(cell: Cell) -> None:
    other = Cell(seed=7)
    cell.reset(7)
    for _ in range(10):
        for one in (cell, other):
            one.step(one.home + 0.01)
        assert (cell.objects() == other.objects()).all()
        assert (cell.joints()[0] == other.joints()[0]).all()
    assert (cell.render('front') == other.render('front')).all()
    other.close()


def test_another_seed_gives_other_places_and_another_look(cell: Cell) -> None:
    seen = []
    for seed in (7, 8):
        cell.reset(seed)
        seen.append((cell.objects(), cell.render('front').astype(int)))
    assert np.abs(seen[0][0] - seen[1][0]).max() > 0.01
    assert np.abs(seen[0][1] - seen[1][1]).mean() > 1.0


def test_cubes_and_tray_lie_within_reach_and_apart(cell: Cell) -> None:
    for seed in range(50):
        cell.reset(seed)
        places = cell.objects()[:4, :2]
        assert ((places[:3, 0] >= X_RANGE_M[0]) & (places[:3, 0] <= X_RANGE_M[1])).all()
        assert ((places[:3, 1] >= Y_RANGE_M[0]) & (places[:3, 1] <= Y_RANGE_M[1])).all()
        for k in range(3):
            assert np.hypot(*(places[k] - places[3])) >= TRAY_APART_M
            for other in range(k):
                assert np.hypot(*(places[k] - places[other])) >= CUBE_APART_M


def test_a_reset_without_the_robot_leaves_the_arm_where_it_is(cell: Cell) -> None:
    cell.reset(1)
    cell.step(cell.home + 0.05, dt=0.5)
    before = cell.joints()[0].copy()
    cell.reset(2, robot=False)
    assert (cell.joints()[0] == before).all()


def test_success_is_a_cube_that_lies_in_the_tray(cell: Cell) -> None:
    cell.reset(3)
    assert not any(cell.success(colour) for colour in COLOURS)
    tray = cell.objects()[3, :3]
    drop(cell, 'green', tray + (0.02, -0.02, 0.06))
    assert [cell.success(colour) for colour in COLOURS] == [False, True, False]
    drop(cell, 'green', tray + (0.14, 0.0, 0.06))
    assert not cell.success('green')


def test_a_cube_held_over_the_tray_is_no_success(cell: Cell) -> None:
    cell.reset(3)
    drop(cell, 'red', cell.objects()[3, :3] + (0.0, 0.0, 0.3))
    cell.reset(3)
    joint = cell.scene.model.body_jntadr[cell.scene.body('red')]
    at = cell.scene.model.jnt_qposadr[joint]
    cell.data.qpos[at:][:3] = cell.objects()[3, :3] + (0.0, 0.0, 0.15)
    cell.step(dt=0.004)
    assert not cell.success('red')


def test_the_arm_stands_still_against_gravity(cell: Cell) -> None:
    cell.reset(1)
    cell.step(cell.home, dt=1.0)
    assert cell.joints()[0] == pytest.approx(cell.home, abs=1e-4)


def test_drives_lag_by_twenty_to_forty_milliseconds(cell: Cell) -> None:
    for joint in range(7):
        cell.reset(1)
        command = cell.home.copy()
        for _ in range(150):
            command[joint] += 0.5 * 0.004
            cell.step(command)
        lag_s = (command[joint] - cell.joints()[0][joint]) / 0.5
        assert 0.015 <= lag_s <= 0.040


def test_a_hand_that_loses_its_grip_shuts_within_its_speed_limit(cell: Cell) -> None:
    cell.reset(2)
    cell.step(cell.home, 0.5)
    fastest = 0.0
    for _ in range(500):
        cell.step(np.append(cell.home[:7], 0.0), 0.002)
        fastest = max(fastest, abs(cell.joints()[1][7]))
    assert 0.12 < fastest < FINGER_MAX
    assert cell.joints()[0][7] < 1e-3


def test_front_camera_sees_the_three_colours(cell: Cell) -> None:
    cell.reset(1)
    frame = cell.render('front').astype(int)
    assert frame.shape == (240, 320, 3)
    for channel in range(3):
        others = [k for k in range(3) if k != channel]
        clear = frame[..., channel] - frame[..., others].max(axis=-1) > 50
        assert clear.sum() > 50


def test_sensor_noise_differs_by_frame_and_is_small(cell: Cell) -> None:
    cell.reset(1)
    first, second = (cell.render('wrist').astype(float) for _ in range(2))
    noise = (first - second).std() / np.sqrt(2)
    assert 1.5 < noise < 3.5


def test_without_the_rendering_libraries_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, 'mujoco', None)
    with pytest.raises(SceneError, match='apt-get install libegl1'):
        scene.import_mujoco()


def test_shared_state_gives_the_reader_what_the_writer_wrote(cell: Cell) -> None:
    state, copy = SharedState(), Cell(seed=2)
    assert state.read(copy.data) is None
    cell.reset(1)
    state.write(cell.data, 123, cell.seed)
    assert state.read(copy.data) == (123, 1)
    assert (copy.data.qpos == cell.data.qpos).all()
    assert (copy.data.mocap_pos == cell.data.mocap_pos).all()
