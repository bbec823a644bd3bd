"""Tests of the robot file: the shipped one, and one clear sentence for each mistake."""

import copy

import numpy as np
import pytest
from robot_runtime.runtime import resources
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.robot_file import load_robot
import yaml

FR3 = yaml.safe_load(resources.find('config/robots/fr3.yaml').read_text(encoding='utf-8'))


def written(tmp_path, text):
    path = tmp_path / 'robot.yaml'
    path.write_text(text, encoding='utf-8')
    return path


def test_the_jerk_is_the_scaled_published_one_and_20_times_the_acceleration_at_most(tmp_path):
    assert load_robot('fr3').limits().jerk.tolist() == [100.0] * 7 + [20.0]
    assert load_robot('fr3').published_limits().jerk.tolist() == [200.0] * 7 + [40.0]
    assert load_robot('fr3').limits(0.5).jerk.tolist() == [50.0] * 7 + [10.0]
    text = yaml.safe_dump(FR3).replace('jerk: 5000.0', 'jerk: 150.0')
    assert load_robot(written(tmp_path, text)).limits().jerk.tolist() == [75.0] * 7 + [20.0]


def test_fr3_has_eight_joints_in_two_groups():
    robot = load_robot('fr3')
    assert robot.groups() == (slice(0, 7), slice(7, 8))
    assert robot.joint_names[0] == 'fr3_joint1'
    assert robot.joint_names[7] == 'fr3_finger_joint1'


def test_velocity_and_acceleration_are_operated_at_half_and_the_curve_at_all():
    operating, published = load_robot('fr3').limits(), load_robot('fr3').published_limits()
    np.testing.assert_array_equal(operating.velocity * 2, published.velocity)
    np.testing.assert_array_equal(operating.acceleration * 2, published.acceleration)
    for name in ('lower', 'upper', 'velocity_offset', 'velocity_deceleration', 'lead'):
        np.testing.assert_array_equal(getattr(operating, name), getattr(published, name))
    assert published.velocity.tolist() == [2.62] * 4 + [5.26, 4.18, 5.26, 0.2]
    assert operating.lead.tolist() == [0.15] * 7 + [np.inf]


def test_limits_cannot_be_changed_by_who_reads_them():
    with pytest.raises(ValueError, match='read-only'):
        load_robot('fr3').limits().upper[0] = 9.0


def test_home_is_allowed_and_in_the_order_of_the_joints():
    robot = load_robot('fr3')
    limits = robot.limits()
    assert ((limits.lower <= robot.home_position) & (robot.home_position <= limits.upper)).all()
    assert robot.home_position[5] == pytest.approx(np.pi / 2)


def joint(data):
    return data['groups'][0]['joints'][2]


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            lambda d: d.update(nam='x'),
            'the field nam is unknown; known here: cameras, collision, estop, groups,',
        ),
        (lambda d: d.pop('home'), 'the field home is missing'),
        (
            lambda d: joint(d).update(velocity=-1),
            'the field groups[0].joints[2].velocity is -1, but it should be greater than 0',
        ),
        (
            lambda d: joint(d).update(velocity='2'),
            "the field groups[0].joints[2].velocity is '2', but it should be a valid number",
        ),
        (
            lambda d: joint(d).update(velocity=True),
            'velocity is True, but it should be a valid numb',
        ),
        (
            lambda d: joint(d).update(velocity=float('nan')),
            'the field groups[0].joints[2].velocity is nan, but it should be a finite number',
        ),
        (
            lambda d: joint(d).update(speed=1.0),
            'groups[0].joints[2].speed is unknown; known here: acceleration, damping, effort',
        ),
        (
            lambda d: joint(d).update(upper=-5),
            'joint fr3_joint3 has lower -2.9007, which must be below upper -5.0',
        ),
        (lambda d: joint(d).pop('lead'), 'joint fr3_joint3 of the arm arm needs a lead'),
        (
            lambda d: d['groups'][0]['sources'].pop('jerk'),
            "sources says nothing about ['jerk'] of joint fr3_joint1",
        ),
        (
            lambda d: joint(d)['velocity_vs_position'].update(upper_end=1.0),
            'from -2.9065 to 1.0, which must hold the range -2.9007 to 2.9007',
        ),
        (
            lambda d: d['groups'].append(d['groups'][1]),
            "the joints ['fr3_finger_joint1'] stand more than once",
        ),
        (
            lambda d: d['home'].pop('fr3_joint1'),
            "home must name each of the joints once: missing ['fr3_joint1'], unknown []",
        ),
        (
            lambda d: d['home'].update(fr3_joint4=0.0),
            'home.fr3_joint4 is 0.0, which is outside its range -3.0421 to -0.1518',
        ),
        (
            lambda d: d['topics']['command'].pop('arm'),
            "topics.command must name each of the groups once: missing ['arm'], unknown []",
        ),
        (
            lambda d: d['topics']['command']['arm'].update(adapter='udp'),
            "adapter is 'udp', but it should be 'float64_multi_array' or 'joint_trajectory'",
        ),
        (
            lambda d: d.update(operating_scale=1.5),
            'operating_scale is 1.5, but it should be less than or equal to 1',
        ),
        (lambda d: d.update(policy='mine'), "the field policy is 'mine', but "),
    ],
)
def test_a_mistake_is_one_sentence_with_file_field_and_rule(tmp_path, change, sentence):
    data = copy.deepcopy(FR3)
    change(data)
    path = written(tmp_path, yaml.safe_dump(data))
    with pytest.raises(ConfigError) as caught:
        load_robot(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f'{path}: ')
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('a: 1\na: 2\n', "the keys ['a'] stand twice in the mapping at line 1"),
        ('a: [1', 'is not YAML: '),
        ('- a\n', 'has list at its top, not a mapping of fields'),
        ('', 'has NoneType at its top'),
        ('!!python/object/apply:os.getpid []', 'is not YAML: could not determine a constructor'),
        ('a: ' + 'x' * 5_000_000, 'is longer than the 4194304 bytes that are allowed'),
    ],
)
def test_what_is_no_robot_file_is_refused_with_one_sentence(tmp_path, text, sentence):
    with pytest.raises(ConfigError) as caught:
        load_robot(written(tmp_path, text))
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)


def test_an_exponent_without_a_point_is_a_number(tmp_path):
    text = yaml.safe_dump(FR3).replace('operating_scale: 0.5', 'operating_scale: 5e-1')
    assert load_robot(written(tmp_path, text)).operating_scale == 0.5


def test_an_unknown_name_tells_which_there_are():
    with pytest.raises(ConfigError, match=r"no robot is named 'fr4'; there are: .*fr3"):
        load_robot('fr4')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match='none.yaml cannot be read: No such file'):
        load_robot(tmp_path / 'none.yaml')


def test_an_effort_that_the_file_does_not_give_is_that_of_the_urdf(tmp_path):
    assert load_robot('fr3').watched_effort.tolist() == [87.0] * 4 + [12.0] * 3 + [np.inf]
    data = copy.deepcopy(FR3)
    joint(data).pop('effort')
    data['groups'][0]['joints'][1]['effort'] = 50.0
    described = load_robot(written(tmp_path, yaml.safe_dump(data))).watched_effort
    assert described.tolist() == [87.0, 50.0, 87.0, 87.0] + [12.0] * 3 + [np.inf]
    for one in data['groups'][0]['joints']:
        one.pop('effort', None)
    del data['urdf'], data['workspace'], data['tool_speed'], data['collision']
    assert load_robot(written(tmp_path, yaml.safe_dump(data))).watched_effort is None


VELOCITY = yaml.safe_load(
    resources.find('config/robots/fr3_velocity.yaml').read_text(encoding='utf-8')
)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            lambda d: d['groups'][0].pop('drive'),
            'the group arm takes velocities and needs a drive: {response_s, margin, drift}',
        ),
        (
            lambda d: d['groups'][0]['drive'].pop('response_s'),
            'the field groups[0].drive.response_s is missing',
        ),
        (lambda d: joint(d).update(lead=0.1), 'joint fr3_joint3 takes velocities, so that no'),
        (
            lambda d: d['groups'][0]['drive'].update(margin=2.0),
            'drive.margin of the group arm is 2.0, which leaves nothing of the range -1.7837',
        ),
        (
            lambda d: d['groups'][1].update(command='velocity'),
            'the gripper gripper takes command: trajectory, not velocity',
        ),
        (
            lambda d: d['groups'][0].update(command='trajectory'),
            'the group arm takes positions, and so no drive',
        ),
        (
            lambda d: d['topics']['command']['arm'].update(adapter='joint_trajectory'),
            'topics.command.arm has the adapter joint_trajectory, but a group that takes',
        ),
        (
            lambda d: d['groups'][0].update(command='torque'),
            "groups[0].command is 'torque', but it should be 'trajectory', 'velocity',"
        ),
    ],
)
def test_a_mistake_in_a_group_of_velocities_is_one_sentence(tmp_path, change, sentence):
    data = copy.deepcopy(VELOCITY)
    change(data)
    with pytest.raises(ConfigError) as caught:
        load_robot(written(tmp_path, yaml.safe_dump(data)))
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)
