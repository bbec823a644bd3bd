"""Groups of efforts in a robot file: what loop and gate are told, and what is refused."""

import copy
from dataclasses import fields

import numpy as np
import pytest
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.runtime import resources
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.command_kinds import (
    apart_of,
    command_limits,
    effort_joints,
    effort_names,
    promises,
)
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.loop_config import control_config
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot
import yaml

PLAIN, ROBOT = load_robot('fr3'), load_robot('fr3_effort')
DATA = yaml.safe_load(
    resources.find('config/robots/fr3_effort.yaml').read_text(encoding='utf-8')
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


def test_a_robot_without_efforts_is_told_of_none():
    assert effort_joints(PLAIN) is None
    assert effort_names(PLAIN) == promises(PLAIN) == ()
    assert gate_config(PLAIN, PERIOD, True).efforts is None
    assert apart_of(PLAIN) == (None, 'velocities')
    assert apart_of(load_robot('fr3_velocity'))[1] == 'velocities'


def test_effort_and_rate_are_the_operating_share_and_speed_scales_the_joints_alone():
    joints, slow = effort_joints(ROBOT), effort_joints(ROBOT, 0.5)
    assert effort_names(ROBOT) == PLAIN.joint_names[:7]
    assert joints.effort.tolist() == slow.effort.tolist() == [43.5] * 4 + [6.0] * 3
    assert joints.rate.tolist() == slow.rate.tolist() == [500.0] * 7
    assert joints.fastest.tolist() == PLAIN.limits().velocity[:7].tolist()
    assert slow.fastest.tolist() == PLAIN.limits(0.5).velocity[:7].tolist()
    assert joints.upper.tolist() == PLAIN.limits().upper[:7].tolist()
    assert apart_of(ROBOT)[0].tolist() == list(range(7))
    assert apart_of(ROBOT)[1] == 'effort'


def test_gate_and_loop_have_the_same_efforts_and_the_hand_all_of_its_limits():
    card = load_card(model_folder('scripted_pick'))
    loop, gate = control_config(ROBOT, card, PERIOD, 0.5), gate_config(ROBOT, PERIOD, True, 0.5)
    for one in fields(EffortJoints):
        np.testing.assert_array_equal(
            getattr(loop.efforts, one.name), getattr(gate.efforts, one.name)
        )
    limits, plain = gate.limits, PLAIN.limits(0.5)
    assert limits.upper.tolist() == [43.5] * 4 + [6.0] * 3 + [0.04]
    assert limits.lower.tolist() == [-43.5] * 4 + [-6.0] * 3 + [0.0]
    assert limits.velocity[:7].tolist() == [500.0] * 7
    assert (limits.velocity[7], limits.jerk[7]) == (plain.velocity[7], plain.jerk[7])
    np.testing.assert_array_equal(loop.limits.upper, limits.upper)


def test_what_is_watched_of_measured_efforts_is_what_is_published():
    assert ROBOT.watched_effort.tolist() == [87.0] * 4 + [12.0] * 3 + [np.inf]


def test_what_is_checked_of_efforts_is_said_in_one_line():
    line, = promises(ROBOT)
    assert line.startswith('group arm takes efforts, so less is checked: finite numbers, effort')
    assert 'holds no pose' in line
    assert '\n' not in line


def test_the_checks_in_space_are_refused_in_a_sentence():
    with pytest.raises(ConfigError, match='joint fr3_joint1 of the robot fr3_effort takes effo'):
        command_limits(ROBOT, space=True)


def test_only_a_policy_of_efforts_goes_with_them():
    card = load_card(model_folder('scripted_pick'))
    with pytest.raises(ConfigError, match='is joint_position, but the group arm of the robot fr3'):
        check_robot(card, ROBOT)
    pushing = card.model_copy(
        update={'output': card.output.model_copy(update={'action': 'effort'})}
    )
    check_robot(pushing, ROBOT)
    with pytest.raises(ConfigError, match='is effort, but the group arm of the robot fr3'):
        check_robot(pushing, PLAIN)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda d: arm(d).pop('push'), 'takes efforts and needs a push: {on_stop: damping'),
        (lambda d: joint(d).pop('damping'), 'fr3_joint3 takes efforts and needs its damping'),
        (lambda d: joint(d).update(damping=0.0), 'needs its damping, above 0'),
        (lambda d: joint(d).pop('effort'), 'fr3_joint3 takes efforts and needs its effort'),
        (lambda d: joint(d).pop('effort_rate'), 'takes efforts and needs its effort_rate'),
        (lambda d: joint(d).update(lead=0.1), 'for which no lead is checked: leave it out'),
        (lambda d: joint(d).update(stiffness=9.0), "has stiffness or damping of ['fr3_joint3']"),
        (lambda d: arm(d)['push'].pop('on_stop'), 'nothing about a stop: declare on_stop: damp'),
        (
            lambda d: arm(d)['push'].update(on_fault_controller='arm_hold'),
            'on_fault_controller is arm_hold, but the gate cannot switch controllers yet',
        ),
        (lambda d: arm(d)['push'].update(margin=2.0), 'which leaves nothing of the range'),
        (
            lambda d: arm(d)['push'].update(response_s=0.01),
            'push.response_s of the group arm is 0.01, less than 3 periods of 0.004',
        ),
        (lambda d: arm(d)['push'].pop('settle_s'), 'push.settle_s is missing'),
        (lambda d: arm(d).update(command='trajectory'), 'has stiffness or damping of'),
        (
            lambda d: d['groups'][1]['joints'][0].update(effort_rate=1.0),
            "has effort_rate of ['fr3_finger_joint1'], but only command: effort goes by it",
        ),
        (
            lambda d: d['groups'][1].update(command='effort'),
            'the gripper gripper takes command: trajectory, not effort',
        ),
        (
            lambda d: arm(d).update(drive={'response_s': 0.0, 'margin': 0.1, 'drift': 0.1}),
            'the group arm takes efforts, and so no drive',
        ),
        (
            lambda d: d['topics']['command']['arm'].update(adapter='joint_trajectory'),
            'but a group that takes efforts needs float64_multi_array',
        ),
    ],
)
def test_a_mistake_in_a_group_of_efforts_is_one_sentence(tmp_path, change, sentence):
    with pytest.raises(ConfigError) as caught:
        changed(tmp_path, change)
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)
