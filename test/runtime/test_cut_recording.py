"""Cut-off recording: brought to its end, counted, and followed by a further file."""

from pathlib import Path

from mcap.reader import make_reader
import pytest
from robot_runtime.runtime.cut_recording import finished, parts_of_run, run_of
from robot_runtime.runtime.mcap_file import McapFile, RecordingError, Topic
import yaml

FIRST = Topic('/first', 'std_msgs/msg/UInt32', 'uint32 data\n', '- depth: 8\n', 'RIHS01_00')
SECOND = Topic('/second', 'std_msgs/msg/UInt8', 'uint8 data\n')


def killed(folder: Path, run: str = 'r1') -> Path:
    """Return a file that was cut in the middle of its third chunk."""
    file = McapFile(folder, 'kilted', {'run': run})
    file.add_topic(FIRST)
    file.add_topic(SECOND)  # announced in the first chunk, said in the second
    for number in range(3):
        before = file.path.stat().st_size
        for topic in ('/first', '/second')[: number + 1]:
            for tick in range(10):
                file.write(topic, bytes(200), 1_000 * number + tick, 0)
        file.flush()
    file.path.write_bytes(file.path.read_bytes()[: before + 60])
    return file.path


def messages(path: Path) -> int:
    with path.open('rb') as stream:
        return sum(1 for _ in make_reader(stream).iter_messages())


def test_what_was_written_is_counted_and_any_reader_opens_the_file(tmp_path: Path) -> None:
    path = killed(tmp_path / 'run')
    part = finished(path)
    assert part.counts == {'/first': 20, '/second': 10}
    assert (part.first_ns, part.last_ns) == (0, 1_009)
    assert part.topics == {'/first': FIRST, '/second': SECOND}
    assert messages(path) == 30


def test_every_cut_leaves_a_whole_file(tmp_path: Path) -> None:
    path = killed(tmp_path / 'run')
    whole = path.read_bytes()
    counts = []
    for length in range(len(whole), 0, -7):
        path.write_bytes(whole[:length])
        if run_of(path) != 'r1':  # cut before it says whose it is: it is nobody's
            break
        part = finished(path)
        assert sum(part.counts.values()) <= messages(path)
        counts.append(messages(path))
    assert counts[0] == 30
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_a_finished_file_stays_as_it_is(tmp_path: Path) -> None:
    path = killed(tmp_path / 'run')
    first, content = finished(path), path.read_bytes()
    assert finished(path) == first
    assert path.read_bytes() == content


def test_the_next_file_of_the_run_lies_beside_and_the_metadata_has_both(tmp_path: Path) -> None:
    folder = killed(tmp_path / 'run').parent
    file = McapFile(folder, 'kilted', {'run': 'r1'}, parts_of_run(folder, 'r1'))
    file.add_topic(FIRST)
    file.write('/first', bytes(4), 5_000, 0)
    file.close({})
    bag = yaml.safe_load((folder / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert bag['relative_file_paths'] == ['run_0.mcap', 'run_1.mcap']
    assert [one['message_count'] for one in bag['files']] == [30, 1]
    assert bag['message_count'] == 31
    assert bag['starting_time'] == {'nanoseconds_since_epoch': 0}
    assert bag['duration'] == {'nanoseconds': 5_000}
    counts = {one['topic_metadata']['name']: one['message_count']
              for one in bag['topics_with_message_count']}
    assert counts == {'/first': 21, '/second': 10}


@pytest.mark.parametrize('run', ['', 'another'])
def test_a_folder_of_another_run_is_refused(tmp_path: Path, run: str) -> None:
    folder = killed(tmp_path / 'run').parent
    assert parts_of_run(folder, run) == ()
    with pytest.raises(RecordingError, match='exists already'):
        McapFile(folder, 'kilted', {'run': run}, parts_of_run(folder, run))


def test_a_file_that_is_no_recording_belongs_to_no_run(tmp_path: Path) -> None:
    (tmp_path / 'note.mcap').write_text('a note, longer than eight letters')
    assert run_of(tmp_path / 'note.mcap') == ''


def test_a_topic_that_was_announced_and_never_said_does_not_end_the_next_recorder(
    tmp_path: Path,
) -> None:
    folder = tmp_path / 'run'
    file = McapFile(folder, 'kilted', {'run': 'r1'})
    file.add_topic(FIRST)
    file.add_topic(SECOND)  # never_said
    for _ in range(2):
        file.write('/first', bytes(200), 1, 0)
        file.flush()
    cut = file.path.read_bytes()
    file.path.write_bytes(cut[:-3])
    again = McapFile(folder, 'kilted', {'run': 'r1'}, parts_of_run(folder, 'r1'))
    again.close({})
    said = yaml.safe_load((folder / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    counts = {
        topic['topic_metadata']['name']: topic['message_count']
        for topic in said['topics_with_message_count']
    }
    assert counts == {'/first': 1, '/second': 0}


def test_a_recorder_that_was_killed_before_its_first_byte_leaves_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / 'run'
    folder.mkdir()
    (folder / 'run_0.mcap').touch()
    assert parts_of_run(folder, 'r1') == ()
    McapFile(folder, 'kilted', {'run': 'r1'}).close({})
