"""Command kinds: what loop and gate are told of joints that take velocities."""

import numpy as np
import pytest
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.command_kinds import (
    command_limits,
    rates_of,
    velocity_joints,
    velocity_names,
)
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.loop_config import kinds_of
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot

PLAIN, ROBOT = load_robot('fr3'), load_robot('fr3_velocity')


def test_a_robot_of_positions_has_its_limits_and_nothing_else():
    assert velocity_joints(PLAIN) is kinds_of(PLAIN) is rates_of(PLAIN) is None
    assert velocity_names(PLAIN) == ()
    np.testing.assert_array_equal(command_limits(PLAIN).upper, PLAIN.limits().upper)
    assert gate_config(PLAIN, 4_000_000, True).velocity is None


def test_the_arm_has_its_range_in_the_verdict_by_measured_positions_and_the_hand_in_both():
    joints, limits = velocity_joints(ROBOT, 0.5), command_limits(ROBOT, 0.5)
    assert joints is not None
    assert velocity_names(ROBOT) == PLAIN.joint_names[:7]
    np.testing.assert_array_equal(joints.limits.upper, PLAIN.limits().upper[:7])
    np.testing.assert_array_equal(joints.limits.velocity, PLAIN.limits(0.5).velocity[:7])
    np.testing.assert_array_equal(joints.kept.upper, PLAIN.limits().upper[:7] - 0.03)
    assert joints.response_ns == 20_000_000
    assert limits.upper.tolist() == [np.inf] * 7 + [0.04]
    np.testing.assert_array_equal(limits.jerk, PLAIN.limits(0.5).jerk)
    kinds = kinds_of(ROBOT)
    assert kinds is not None
    assert (kinds.position.tolist(), kinds.groups) == ([7], (slice(0, 1),))


def test_the_checks_in_space_are_refused_in_a_sentence():
    with pytest.raises(ConfigError, match='joint fr3_joint1 of the robot fr3_velocity takes vel'):
        gate_config(ROBOT, 4_000_000, True, space=True)


def test_a_policy_of_positions_does_not_go_with_a_robot_of_velocities_nor_the_other_way_round():
    card = load_card(model_folder('scripted_pick'))
    with pytest.raises(ConfigError, match='is joint_position, but the group arm of the robot fr3'):
        check_robot(card, ROBOT)
    output = card.output.model_copy(update={'action': 'joint_velocity'})
    of_velocities = card.model_copy(update={'output': output})
    check_robot(of_velocities, ROBOT)
    with pytest.raises(ConfigError, match='is joint_velocity, but the group arm of the robot fr3'):
        check_robot(of_velocities, PLAIN)
