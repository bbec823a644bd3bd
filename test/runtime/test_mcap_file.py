"""MCAP file: what the recorder writes is what readers of rosbag2 folders find."""

from pathlib import Path
import threading

from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory
import pytest
from robot_runtime.runtime.mcap_file import McapFile, RecordingError, Topic
from robot_runtime.runtime.write_behind import WriteBehind
import yaml

QOS = """- history: keep_last
  depth: 8
  reliability: reliable
  durability: volatile
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: automatic
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
"""
COUNTER = Topic('/counter', 'std_msgs/msg/UInt32', 'uint32 data\n', QOS, 'RIHS01_00')


def counter(number: int) -> bytes:
    """Return a serialized std_msgs/UInt32."""
    return b'\x00\x01\x00\x00' + number.to_bytes(4, 'little')


def recording(folder: Path, messages: int) -> McapFile:
    """Return an open recording of `messages` counters, 1 ms apart."""
    file = McapFile(folder, 'kilted')
    file.add_topic(COUNTER)
    for number in range(messages):
        file.write('/counter', counter(number), 1000 + number * 1_000_000, 900)
    return file


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    recording(tmp_path / 'run', 500).close({})
    with (tmp_path / 'run' / 'run_0.mcap').open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == 'ros2'
        decoded = list(reader.iter_decoded_messages())
    assert [one.decoded_message.data for one in decoded] == list(range(500))
    assert decoded[3].message.log_time == 3_001_000
    assert decoded[3].message.publish_time == 900
    assert yaml.safe_load(decoded[0].channel.metadata['offered_qos_profiles'])[0]['depth'] == 8


def test_metadata_has_every_field_that_rosbag2_version_9_reads(tmp_path: Path) -> None:
    recording(tmp_path / 'run', 3).close({'dropped': '0'})
    text = (tmp_path / 'run' / 'metadata.yaml').read_text()
    bag = yaml.safe_load(text)['rosbag2_bagfile_information']
    assert bag['version'] == 9
    assert bag['storage_identifier'] == 'mcap'
    assert bag['duration'] == {'nanoseconds': 2_000_000}
    assert bag['starting_time'] == {'nanoseconds_since_epoch': 1000}
    assert bag['message_count'] == 3
    assert bag['relative_file_paths'] == ['run_0.mcap']
    assert bag['files'][0]['path'] == 'run_0.mcap'
    assert bag['files'][0]['message_count'] == 3
    assert (bag['compression_format'], bag['compression_mode']) == ('', '')
    assert bag['custom_data'] == {'dropped': '0'}
    assert bag['ros_distro'] == 'kilted'
    topic = bag['topics_with_message_count'][0]
    assert topic['message_count'] == 3
    assert topic['topic_metadata']['type'] == 'std_msgs/msg/UInt32'
    assert topic['topic_metadata']['serialization_format'] == 'cdr'
    assert topic['topic_metadata']['offered_qos_profiles'][0]['reliability'] == 'reliable'
    assert topic['topic_metadata']['type_description_hash'] == 'RIHS01_00'
    assert '&id' not in text


def test_an_attachment_keeps_its_name_and_bytes(tmp_path: Path) -> None:
    card = tmp_path / 'card.yaml'
    card.write_bytes(b'robot: fr3\n')
    file = recording(tmp_path / 'run', 1)
    file.attach(card, 7)
    file.close({})
    with file.path.open('rb') as stream:
        (found,) = make_reader(stream).iter_attachments()
    assert (found.name, found.data) == ('card.yaml', b'robot: fr3\n')


def test_a_recording_cut_short_is_readable_up_to_its_last_flush(tmp_path: Path) -> None:
    file = recording(tmp_path / 'run', 100)
    file.flush()
    assert count_of_messages(file.path) == 100


def count_of_messages(path: Path) -> int:
    """Return how many messages a file has, whether or not it was finished."""
    count = 0
    with path.open('rb') as stream:
        try:
            for record in StreamReader(stream).records:
                count += type(record).__name__ == 'Message'
        except Exception:  # noqa: BLE001 - a file cut short ends with one
            pass
    return count


def test_an_existing_recording_is_not_written_over(tmp_path: Path) -> None:
    recording(tmp_path / 'run', 1).close({})
    with pytest.raises(RecordingError, match='exists already'):
        McapFile(tmp_path / 'run')


def test_an_attachment_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r'card\.yaml cannot be attached'):
        recording(tmp_path / 'run', 1).attach(tmp_path / 'card.yaml', 0)


def test_a_slow_writer_drops_and_counts_and_never_holds_the_taker() -> None:
    disk = threading.Event()
    writer = WriteBehind(most_bytes=10)
    written: list[int] = []
    writer.put(disk.wait, 0)  # the disk hangs
    taken = [writer.put(lambda n=n: written.append(n), 4) for n in range(5)]
    assert taken == [True, True, False, False, False]
    assert writer.dropped == 3
    disk.set()
    assert writer.close(5.0)
    assert written == [0, 1]


def test_a_full_disk_is_reported_by_its_own_error() -> None:
    def full() -> None:
        raise OSError(28, 'No space left on device')

    writer = WriteBehind()
    writer.put(full, 1)
    assert writer.close(5.0)
    assert isinstance(writer.error, OSError)
    assert not writer.put(full, 1)
