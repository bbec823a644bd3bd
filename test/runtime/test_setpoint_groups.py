"""Groups of setpoints in a robot file: what loop and gate are told, and what is refused."""

import copy
from dataclasses import fields

import numpy as np
import pytest
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.runtime import resources
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.command_kinds import (
    command_limits,
    promises,
    rates_of,
    setpoint_joints,
    setpoint_names,
)
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot
import yaml

PLAIN, ROBOT = load_robot('fr3'), load_robot('fr3_setpoint')
DATA = yaml.safe_load(
    resources.find('config/robots/fr3_setpoint.yaml').read_text(encoding='utf-8')
)
PERIOD = 4_000_000


def changed(tmp_path, change):
    data = copy.deepcopy(DATA)
    change(data)
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(data), encoding='utf-8')
    return load_robot(path)


def arm(data):
    return data['groups'][0]


def joint(data):
    return arm(data)['joints'][2]


def test_a_robot_without_setpoints_is_told_of_none():
    assert setpoint_joints(PLAIN) is None
    assert setpoint_names(PLAIN) == promises(PLAIN) == ()
    assert gate_config(PLAIN, PERIOD, True).setpoints is None


def test_the_arm_has_its_gains_and_a_stop_where_it_is_measured():
    joints = setpoint_joints(ROBOT)
    assert setpoint_names(ROBOT) == PLAIN.joint_names[:7]
    assert joints.index.tolist() == list(range(7))
    assert joints.stiffness.tolist() == [600.0] * 4 + [250.0, 150.0, 50.0]
    assert joints.damping.tolist() == [50.0] * 4 + [30.0, 25.0, 15.0]
    assert joints.effort.tolist() == [87.0] * 4 + [12.0] * 3
    assert joints.share.tolist() == [0.5] * 7
    assert np.isnan(joints.pose).all()
    assert rates_of(ROBOT) is None


def test_a_stop_may_go_to_home_at_a_rate_of_its_own(tmp_path):
    robot = changed(tmp_path, lambda d: arm(d)['impedance'].update(
        on_stop='default_pose', pose_rate=0.2))
    joints = setpoint_joints(robot)
    assert joints.pose.tolist() == ROBOT.home_position[:7].tolist()
    assert joints.pace.tolist() == [0.2] * 7


def test_a_stop_may_be_damping(tmp_path):
    robot = changed(tmp_path, lambda d: arm(d)['impedance'].update(on_stop='damping'))
    assert setpoint_joints(robot).follows.tolist() == [True] * 7
    assert not setpoint_joints(ROBOT).follows.any()


def test_gate_and_loop_have_the_same_range_and_rate_and_the_hand_all_of_its_limits():
    limits, plain = gate_config(ROBOT, PERIOD, True, 0.5).limits, PLAIN.limits(0.5)
    for name in ('lower', 'upper', 'velocity'):
        np.testing.assert_array_equal(getattr(limits, name), getattr(plain, name))
    assert limits.lead.tolist() == [np.inf] * 8
    assert (limits.acceleration[7], limits.jerk[7]) == (plain.acceleration[7], plain.jerk[7])
    assert (limits.jerk[:7] * 0.0005**2 >= 4.0 * limits.velocity[:7] * (1 - 1e-12)).all()


def test_numbers_of_setpoint_joints_are_one_for_each_joint():
    joints = setpoint_joints(ROBOT)
    assert {getattr(joints, one.name).shape for one in fields(SetpointJoints)} == {(7,)}


def test_what_is_checked_of_setpoints_is_said_in_one_line():
    line, = promises(ROBOT)
    assert line.startswith('group arm takes setpoints, so less is checked: finite numbers, range')
    assert '\n' not in line


def test_the_checks_in_space_are_refused_in_a_sentence():
    with pytest.raises(ConfigError, match='joint fr3_joint1 of the robot fr3_setpoint takes setp'):
        command_limits(ROBOT, space=True)


def test_a_policy_of_positions_goes_with_setpoints_and_one_of_velocities_does_not():
    card = load_card(model_folder('scripted_pick'))
    check_robot(card, ROBOT)
    output = card.output.model_copy(update={'action': 'joint_velocity'})
    with pytest.raises(ConfigError, match='is joint_velocity, but the group arm of the robot fr3'):
        check_robot(card.model_copy(update={'output': output}), ROBOT)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda d: arm(d).pop('impedance'), 'takes setpoints and needs an impedance: {on_stop'),
        (lambda d: joint(d).pop('stiffness'), 'fr3_joint3 takes setpoints and needs its sti'),
        (lambda d: joint(d).pop('damping'), 'fr3_joint3 takes setpoints and needs its dam'),
        (lambda d: joint(d).pop('effort'), 'fr3_joint3 takes setpoints and needs its effort'),
        (lambda d: joint(d).update(lead=0.1), 'for which no lead is checked: leave it out'),
        (lambda d: joint(d).update(jerk=9.0), 'for which no jerk is checked: leave it out'),
        (
            lambda d: arm(d)['impedance'].update(on_stop='limp'),
            "on_stop is 'limp', but it should be 'brake_hold', 'default_pose' or 'damping'",
        ),
        (
            lambda d: arm(d)['impedance'].update(on_stop='default_pose'),
            'pose_rate is None with on_stop: default_pose; default_pose needs it',
        ),
        (lambda d: arm(d)['impedance'].update(pose_rate=0.2), 'nothing else has a use for it'),
        (lambda d: arm(d)['impedance'].update(effort_share=1.0), 'effort_share is 1.0, but it'),
        (
            lambda d: arm(d).update(command='trajectory'),
            'has stiffness or damping of',
        ),
        (
            lambda d: d['groups'][1].update(impedance={'on_stop': 'brake_hold'}),
            'the group gripper has impedance, but only command: setpoint goes by it',
        ),
        (
            lambda d: d['groups'][1].update(command='setpoint'),
            'the gripper gripper takes command: trajectory, not setpoint',
        ),
        (
            lambda d: d['topics']['command']['arm'].update(adapter='joint_trajectory'),
            'but a group that takes setpoints needs float64_multi_array',
        ),
    ],
)
def test_a_mistake_in_a_group_of_setpoints_is_one_sentence(tmp_path, change, sentence):
    with pytest.raises(ConfigError) as caught:
        changed(tmp_path, change)
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)


def test_one_robot_takes_velocities_or_setpoints_and_not_both(tmp_path):
    def both(data):
        data['groups'][1] |= {'command': 'velocity', 'kind': 'arm', 'drive': {
            'response_s': 0.0, 'margin': 0.001, 'drift': 0.001}}

    with pytest.raises(ConfigError, match='cannot have groups of command: velocity and of setp'):
        changed(tmp_path, both)
