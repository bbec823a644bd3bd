"""Bad messages: a node says what is wrong, ends at its start, and brakes when it has moved."""

from functools import partial
from itertools import cycle
import math
import os
import signal

from fake_robot import FakeRobot, node, RATE_HZ, refusal, running, WITHIN_S
import pytest
from rclpy.publisher import Publisher
from robot_runtime.ros import qos
from robot_runtime.runtime.processes import process_environment
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> str:
    name = os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100)
    for key, value in (process_environment() | {'ROS_DOMAIN_ID': name}).items():
        monkeypatch.setenv(key, value)
    return name


GATE_WORDS = ('-p', f'rate_hz:={RATE_HZ}', '-p', 'real_time:=false')


def test_gate_and_policy_end_when_their_inputs_are_wrong_from_the_start() -> None:
    with (
        FakeRobot() as robot,
        running('safety_node', *GATE_WORDS) as gate,
        running('policy_node') as policy,
    ):
        robot.until(
            lambda: gate.poll() is not None and policy.poll() is not None,
            lambda: robot.state(without=1),
            lambda: robot.image(640, 480, 1920),
        )
        assert robot.sent == []
        assert "joint_states: joints ['fr3_finger_joint1'] have not come; the messages have" in (
            refusal('safety_node', gate)
        )
        assert (
            "front/image_raw sends 640x480 'rgb8', but the robot file says 320x240 'rgb8' for "
            'camera front'
        ) in refusal('policy_node', policy)


def test_a_policy_says_what_is_wrong_with_its_inputs_until_it_is_cured() -> None:
    wrong = [
        (lambda: robot.image(640, 480, 1920), "sends 640x480 'rgb8', but the robot file"),
        (lambda: robot.image(step=900), 'sends rows of 900 bytes, but 320 pixels of rgb8 take'),
        (lambda: robot.image(short=1), 'sends 230399 bytes, but 240 rows of 960 bytes are 2304'),
        (lambda: robot.image(ahead_s=5.0), 'front/image_raw: the stamp is 49'),
        (lambda: robot.image(ahead_s=-0.5), 'front/image_raw: the stamp went back by '),
        (lambda: None, 'front/image_raw: no frame for more than 150 ms'),
        (lambda: robot.state(ahead_s=5.0), 'in the future; allowed: 50 ms (are the clocks'),
        (lambda: robot.state(without=2), "joints ['fr3_joint7', 'fr3_finger_joint1'] have not"),
        (lambda: robot.state(name=['a'] * 8), "joints ['a'] stand more than once"),
        (lambda: robot.state(position=[1.0]), 'message has 8 joint names and 1 values'),
        (lambda: robot.state(position=[math.nan] * 8), 'have a position that is not finite'),
    ]
    with FakeRobot() as robot, running('policy_node') as policy:

        def says(text: str) -> bool:
            return text in robot.status.get('message', '?') if text else (
                robot.status.get('message') == ''
            )

        good = (robot.image, robot.state)
        robot.until(lambda: robot.status and robot.status['frames_received_front'] != '0', *good)
        for send, sentence in wrong:
            robot.until(partial(says, sentence), send)
            robot.until(partial(says, ''), *good)
        assert policy.poll() is None


def test_a_camera_that_repeats_its_picture_while_the_robot_moves_is_named() -> None:
    with FakeRobot() as robot, running('policy_node'):
        places = cycle([[0.0] * 8, [0.03] + [0.0] * 7])  # 10 ms apart: faster is no motion

        def repeated() -> bool:
            return 'front/image_raw is frozen: the same picture for' in robot.status.get(
                'message', ''
            )

        robot.until(repeated, robot.image, lambda: robot.state(position=next(places)))
        robot.until(lambda: not repeated(), lambda: robot.image(shade=7), robot.state)


def test_a_second_gate_ends_and_the_first_stays_undisturbed() -> None:
    with FakeRobot() as robot, running('safety_node', *GATE_WORDS) as first:
        robot.until(lambda: robot.status, robot.state)
        second = node('safety_node', *GATE_WORDS)
        robot.until(lambda: second.poll() is not None, robot.state)
        assert (
            '/safety_node publishes on /arm_controller/commands too, where only one gate may; '
            'end the other one or use another ROS_DOMAIN_ID'
        ) in refusal('safety_node', second)
        assert first.poll() is None
        assert (robot.status['state'], robot.status['latched']) == ('IDLE', '0')


def engaged(robot: FakeRobot) -> Publisher:
    """Let the gate pass commands; return who sends them."""
    sender = robot.node.create_publisher(JointTrajectory, 'control_node/command', qos.INTERNAL)
    robot.until(lambda: robot.status and sender.get_subscription_count(), robot.state)
    robot.until(
        lambda: robot.status['state'] == 'PASS', robot.state, lambda: robot.command(sender)
    )
    assert robot.sent
    return sender


@pytest.mark.parametrize('topic', ['control_node/command', 'arm_controller/commands'])
def test_a_gate_that_passes_brakes_when_a_second_publisher_appears(topic: str) -> None:
    with FakeRobot() as robot, running('safety_node', *GATE_WORDS) as gate:
        sender = engaged(robot)
        kind = JointTrajectory if topic == 'control_node/command' else Float64MultiArray
        other = robot.node.create_publisher(kind, topic, qos.INTERNAL)
        robot.until(
            lambda: robot.status['state'] == 'REST',
            robot.state,
            lambda: robot.command(sender),
            lambda: other.publish(kind()),
        )
        assert robot.status['latched'] == '1'
        assert 'fake_robot' in robot.status['reason']
        assert f'on /{topic}' in robot.status['reason']
        assert gate.poll() is None


def test_a_gate_that_passes_brakes_and_says_which_joint_went_missing() -> None:
    with FakeRobot() as robot, running('safety_node', *GATE_WORDS) as gate:
        sender = engaged(robot)
        robot.until(
            lambda: robot.status['state'] == 'REST',
            lambda: robot.state(without=1),
            lambda: robot.command(sender),
        )
        assert robot.status['latched'] == '1'
        assert robot.status['reason'].startswith('joint state missing for ')
        assert "joints ['fr3_finger_joint1'] have not come for" in robot.status['reason']
        gate.send_signal(signal.SIGTERM)
        _, err = gate.communicate(timeout=WITHIN_S)
        assert gate.returncode == 0
        assert 'brakes and latches: joint state missing for ' in err
