"""Way home: within the limits, from any motion, and a sentence where there is none."""

import sys

import numpy as np
import pytest
from robot_runtime.core.types import Motion
from robot_runtime.runtime.home_profile import HomeError, HomeProfile, SHARE
from robot_runtime.runtime.loop_config import home_of, start_of
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot

ROBOT, CARD = load_robot('fr3'), load_card(model_folder('scripted_pick'))
PICK = load_card(model_folder('pick'))
PERIOD = 4_000_000
GOAL = ROBOT.home_position


def profile(speed: float = 1.0) -> HomeProfile:
    return HomeProfile(GOAL, ROBOT.limits(speed), PERIOD, ROBOT.joint_names)


@pytest.mark.parametrize('speed', [1.0, 0.25, 0.01])
def test_the_way_begins_at_the_motion_ends_at_home_and_stays_within_its_share(
    speed: float,
) -> None:
    start = GOAL + np.array([0.4, -0.3, 0.2, 0.5, -0.4, 0.3, 1.0, -0.03])
    chunk = profile(speed).plan(Motion.at_rest(start))
    limits, dt_s = ROBOT.limits(speed), chunk.step_ns / 1e9
    assert (len(chunk.rows) <= 4097, chunk.step_ns % PERIOD) == (True, 0)
    assert chunk.step_ns == PERIOD or speed < 0.1
    assert chunk.rows[0] == pytest.approx(start, abs=1e-12)
    assert (chunk.rows[-1] == GOAL).all()
    velocity = np.diff(chunk.rows, axis=0) / dt_s
    acceleration = np.diff(velocity, axis=0) / dt_s
    assert (np.abs(velocity) <= SHARE * limits.velocity * (1 + 1e-6)).all()
    assert (np.abs(acceleration) <= SHARE * limits.acceleration * (1 + 1e-6)).all()


def test_the_way_begins_with_the_velocity_of_a_robot_that_moves() -> None:
    moving = Motion(GOAL + 0.01, np.full(8, 0.04), np.zeros(8))
    rows = profile().plan(moving).rows
    assert (rows[1] - rows[0]) / 0.004 == pytest.approx(moving.velocity, abs=0.02)


def test_at_home_the_way_is_home_itself() -> None:
    chunk = profile().plan(Motion.at_rest(GOAL))
    assert len(chunk.rows) == 1
    assert (chunk.rows[0] == GOAL).all()


def test_without_the_library_and_for_a_motion_that_is_no_number_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(HomeError, match='no way home: .*valid number'):
        profile().plan(Motion.at_rest(np.full(8, np.nan)))
    monkeypatch.setitem(sys.modules, 'ruckig', None)
    absent = profile()
    assert absent.problem == 'HOME needs the library ruckig, which is not installed: ' + (
        'pip install ruckig'
    )
    with pytest.raises(HomeError, match='needs the library ruckig'):
        absent.plan(Motion.at_rest(GOAL))


def test_home_is_the_start_pose_of_the_card_and_else_that_of_the_robot() -> None:
    assert (home_of(ROBOT, CARD) == GOAL).all()
    assert start_of(ROBOT, CARD) is None
    start = PICK.start
    assert start is not None
    moved = {**start.position, 'fr3_joint1': 0.2}
    del moved['fr3_joint7']
    card = PICK.model_copy(update={'start': start.model_copy(update={'position': moved})})
    home, envelope = home_of(ROBOT, card), start_of(ROBOT, card)
    assert envelope is not None
    assert (home[0], home[6]) == (0.2, ROBOT.home['fr3_joint7'])
    assert envelope.tolerance.tolist() == [0.3] * 6 + [np.inf, 0.3]
    assert (envelope.position == home).all()
