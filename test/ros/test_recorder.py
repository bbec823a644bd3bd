"""Recorder: a real graph in other processes, and what is then in the file."""

import ast
from collections import Counter
from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from geometry_msgs.msg import PoseArray
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
import numpy as np
import pytest
from robot_runtime.ros.message_schema import message_schema, text_from_class, UnknownMessageError
from robot_runtime.runtime.clock import SteadyClock
from sensor_msgs.msg import JointState
import yaml

TALKER = """
import array, os, sys
import numpy as np
import rclpy
from rclpy.qos import QoSProfile, DurabilityPolicy
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from robot_runtime.runtime import journal
from robot_runtime.runtime.clock import SteadyClock
rclpy.init()
node = rclpy.create_node('talker')
states = node.create_publisher(JointState, 'joint_states', 50)
images = node.create_publisher(Image, 'front/image_raw', 1)
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
words = node.create_publisher(String, 'policy_node/instruction', latched)
words.publish(String(data='red cube into the tray'))
domain = int(os.environ['ROS_DOMAIN_ID'])
dtype = journal.gate_dtype(2)
log = journal.JournalWriter(journal.journal_name(domain, 'safety_node'), dtype, 1000)
clock, start = SteadyClock(), SteadyClock().now_ns()
while states.get_subscription_count() == 0 or images.get_subscription_count() == 0:
    start += 10_000_000
    clock.sleep_until(start)
clock.sleep_until(start + 500_000_000)
start = clock.now_ns()
data = array.array('B', bytes([200, 10, 10]) * 64 * 48)
for n in range(500):
    clock.sleep_until(start + n * 2_000_000)
    message = JointState(name=['a', 'b'], position=[float(n), -1.0])
    states.publish(message)
    log.record['n'] = n
    log.commit()
    if n % 33 == 0:
        images.publish(Image(height=48, width=64, step=192, encoding='rgb8', data=data))
clock.sleep_until(clock.now_ns() + 400_000_000)
log.close()
print('said', flush=True)
sys.stdin.read()
"""

ASK = """
import sys
import rclpy
from rclpy.parameter_client import AsyncParameterClient
rclpy.init()
node = rclpy.create_node('asker')
client = AsyncParameterClient(node, sys.argv[1])
assert client.wait_for_services(20.0)
future = client.list_parameters([], 10)
rclpy.spin_until_future_complete(node, future, timeout_sec=10.0)
print(*future.result().result.names)
"""


@pytest.fixture
def env() -> dict[str, str]:
    """Return an environment in which no other test can be heard."""
    domain = str(1 + os.getpid() % 100)
    return os.environ | {
        'ROS_DOMAIN_ID': domain, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }  # fmt: skip


def recorder(folder: Path, env: dict[str, str], *parameters: str) -> subprocess.Popen[str]:
    """Start a recorder into `folder`."""
    given = [f'output:={folder}', *parameters]
    arguments = [word for one in given for word in ('-p', one)]
    module = [sys.executable, '-m', 'robot_runtime.ros.recorder_node']
    return subprocess.Popen(
        [*module, '--ros-args', *arguments], env=env, text=True, stderr=subprocess.PIPE
    )


def talk(env: dict[str, str]) -> subprocess.Popen[str]:
    """Run the talker until it has said everything; it stays until its input is closed."""
    talker = subprocess.Popen(
        [sys.executable, '-c', TALKER], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert talker.stdout is not None
    assert talker.stdout.readline() == 'said\n'
    return talker


def decoded(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield topic and message of a finished recording."""
    with path.open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for one in reader.iter_decoded_messages():
            yield one.channel.topic, one.decoded_message


def test_everything_said_is_in_the_file_and_counted(tmp_path: Path, env: dict[str, str]) -> None:
    card = tmp_path / 'card.yaml'
    card.write_text('robot: two\n')
    process = recorder(tmp_path / 'run', env, f'attachments:=[{card}]')
    talker = talk(env)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    talker.communicate(timeout=20)
    assert process.returncode == 0, said
    assert 'dropped_slow_disk 0' in said

    messages: dict[str, list[Any]] = {}
    for topic, message in decoded(tmp_path / 'run' / 'run_0.mcap'):
        messages.setdefault(topic, []).append(message)
    assert [one.position[0] for one in messages['/joint_states']] == list(range(500))
    assert messages['/policy_node/instruction'][0].data == 'red cube into the tray'
    records = np.concatenate([
        np.frombuffer(bytes(one.data), np.dtype(ast.literal_eval(one.layout.dim[0].label)))
        for one in messages['/journal/safety_node']
    ])
    assert records['n'].tolist() == list(range(500))
    # One second at 5 Hz.
    assert 3 <= len(messages['/front/image_raw/compressed']) <= 7

    information = yaml.safe_load((tmp_path / 'run' / 'metadata.yaml').read_text())
    bag = information['rosbag2_bagfile_information']
    counted = {
        one['topic_metadata']['name']: one['message_count']
        for one in bag['topics_with_message_count'] if one['message_count']
    }  # fmt: skip
    assert counted == {topic: len(seen) for topic, seen in messages.items()}
    states = next(
        one['topic_metadata'] for one in bag['topics_with_message_count']
        if one['topic_metadata']['name'] == '/joint_states'
    )  # fmt: skip
    assert states['type_description_hash'].startswith('RIHS01_')
    assert states['offered_qos_profiles'][0]['reliability'] == 'reliable'
    with (tmp_path / 'run' / 'run_0.mcap').open('rb') as stream:
        assert [one.name for one in make_reader(stream).iter_attachments()] == ['card.yaml']


def test_a_recording_jpeg_has_the_colours_of_the_image() -> None:
    import cv2
    from rclpy.serialization import deserialize_message
    from robot_runtime.ros.jpeg import serialized_jpeg
    from sensor_msgs.msg import CompressedImage, Image

    image = Image(height=8, width=8, step=24, encoding='rgb8')
    image.data.frombytes(bytes([200, 10, 30]) * 64)
    message = deserialize_message(serialized_jpeg(image, 90), CompressedImage)
    pixels = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(pixels[4, 4].astype(int) - [30, 10, 200]).max() < 12


def test_a_killed_recorder_is_followed_by_another_in_the_same_folder(
    tmp_path: Path, env: dict[str, str]
) -> None:
    process = recorder(tmp_path / 'run', env, 'run:=r1')
    talker = talk(env)
    clock = SteadyClock()
    clock.sleep_until(clock.now_ns() + 1_500_000_000)
    process.kill()
    process.communicate(timeout=20)
    with (tmp_path / 'run' / 'run_0.mcap').open('ab') as stream:
        stream.write(b'\x06half a record')
    process = recorder(tmp_path / 'run', env, 'run:=r1')
    names = parameter_names(env, '/recorder_node')
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    talker.communicate(timeout=20)
    assert process.returncode == 0, said
    assert 'goes on after run_0.mcap, which was cut off' in said
    assert {'output', 'run', 'topics'} <= set(names)
    seen = Counter(topic for topic, _ in decoded(tmp_path / 'run' / 'run_0.mcap'))
    assert seen['/joint_states'] == 500
    bag = yaml.safe_load((tmp_path / 'run' / 'metadata.yaml').read_text())
    files = bag['rosbag2_bagfile_information']['files']
    assert [one['path'] for one in files] == ['run_0.mcap', 'run_1.mcap']
    assert files[0]['message_count'] == seen.total()


def parameter_names(env: dict[str, str], node: str) -> list[str]:
    """Return what `ros2 param list` would print of a node."""
    asked = subprocess.run(
        [sys.executable, '-c', ASK, node], env=env, text=True, capture_output=True, timeout=40,
        check=True,
    )  # fmt: skip
    return asked.stdout.split()


def test_an_output_that_exists_is_one_sentence(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'run_0.mcap').touch()
    process = recorder(tmp_path / 'run', env)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'exists already: name another folder' in said
    assert 'Traceback' not in said


def test_a_schema_has_each_dependency_once() -> None:
    parts = message_schema('geometry_msgs/msg/PoseArray').split('=' * 80 + '\nMSG: ')
    assert [part.splitlines()[0] for part in parts[1:]] == [
        'std_msgs/Header', 'geometry_msgs/Pose', 'builtin_interfaces/Time',
        'geometry_msgs/Point', 'geometry_msgs/Quaternion',
    ]  # fmt: skip
    assert 'Pose[] poses' in parts[0]


def test_a_schema_is_rebuilt_from_the_class_where_no_file_is() -> None:
    assert text_from_class(PoseArray) == 'std_msgs/Header header\ngeometry_msgs/Pose[] poses\n'
    assert 'float64[] effort\n' in text_from_class(JointState)


def test_a_type_that_is_not_installed_is_named() -> None:
    with pytest.raises(UnknownMessageError, match='no_msgs/msg/Thing is not installed'):
        message_schema('no_msgs/msg/Thing')
