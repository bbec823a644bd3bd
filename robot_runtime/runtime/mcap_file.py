"""MCAP file in the folder format of rosbag2, written without ROS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import mimetypes
import os
from pathlib import Path
from typing import Any

from mcap.writer import CompressionType, Writer
import yaml

METADATA_VERSION = 9
# A killed recorder loses at most what has not been flushed: one chunk, or what `flush` was late.
CHUNK_BYTES = 256 * 1024


class RecordingError(RuntimeError):
    """A recording cannot be written; the text is one sentence for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a reader must know of a topic: `schema` is ros2msg text, `qos` YAML as in rosbag2."""

    name: str
    type_name: str
    schema: str
    qos: str = ''
    type_hash: str = ''


@dataclass(slots=True)
class Part:
    """One file of a recording, and what metadata.yaml says of it."""

    name: str
    topics: dict[str, Topic] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    first_ns: int = 0
    last_ns: int = 0

    def count(self, topic_name: str, messages: int, first_ns: int, last_ns: int) -> None:
        """Add messages of one topic, which lie in this span."""
        self.first_ns = min(self.first_ns, first_ns) if any(self.counts.values()) else first_ns
        self.last_ns = max(self.last_ns, last_ns)
        self.counts[topic_name] = self.counts.get(topic_name, 0) + messages

    @property
    def span(self) -> dict[str, Any]:
        """Return the time and the number of messages, in the words of rosbag2."""
        return {
            'starting_time': {'nanoseconds_since_epoch': self.first_ns},
            'duration': {'nanoseconds': self.last_ns - self.first_ns},
            'message_count': sum(self.counts.values()),
        }


def file_of(folder: Path, number: int) -> Path:
    """Return the path of a file of the recording `folder`."""
    return folder / f'{folder.name}_{number}.mcap'


class McapFile:
    """
    `<folder>/<name>_0.mcap` and, once closed, `<folder>/metadata.yaml`.

    One thread writes. Messages are serialized CDR; times are nanoseconds of the ROS clock.
    `earlier` are the files of the same recording before this one, as a split recording has them.
    """

    def __init__(
        self,
        folder: Path,
        ros_distro: str = '',
        custom_data: Mapping[str, str] | None = None,
        earlier: Sequence[Part] = (),
    ) -> None:
        """Create the folder and the file; an existing recording is never written over."""
        self._folder = folder
        self._path = file_of(folder, len(earlier))
        self._earlier, self._part = tuple(earlier), Part(self._path.name)
        self._ros_distro = ros_distro
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = self._path.open('xb')
        except FileExistsError:
            raise RecordingError(
                f'{self._path} exists already: name another folder, or remove that one'
            ) from None
        except OSError as error:
            raise RecordingError(
                f'the recording {folder} cannot be created: {error.strerror}'
            ) from None
        # Any: two of its methods are not typed.
        self._writer: Any = Writer(self._stream, CHUNK_BYTES, CompressionType.ZSTD)
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._writer.start(profile='ros2', library='robot_runtime')
        # Readers of a recording cut short take the version from here.
        self._add_metadata(custom_data or {})
        self.flush()

    @property
    def path(self) -> Path:
        """Return the path of the .mcap file."""
        return self._path

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the number of messages written, by topic."""
        return self._part.counts

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic, before its first message; a topic known already is left alone."""
        if topic.name in self._part.topics:
            return
        if topic.type_name not in self._schemas:
            self._schemas[topic.type_name] = self._writer.register_schema(
                topic.type_name, 'ros2msg', topic.schema.encode()
            )
        self._part.topics[topic.name] = topic
        self._part.counts[topic.name] = 0
        self._channels[topic.name] = self._writer.register_channel(
            topic.name,
            'cdr',
            self._schemas[topic.type_name],
            {'offered_qos_profiles': topic.qos, 'topic_type_hash': topic.type_hash},
        )

    def write(self, topic_name: str, data: bytes, log_ns: int, publish_ns: int) -> None:
        """Append one message of a topic announced before."""
        count = self._part.counts[topic_name]
        self._writer.add_message(self._channels[topic_name], log_ns, data, publish_ns, count)
        self._part.count(topic_name, 1, log_ns, log_ns)

    def attach(self, path: Path, now_ns: int) -> None:
        """Append the content of a file, such as the robot file, under its name."""
        kind = mimetypes.guess_type(path.name)[0] or 'application/octet-stream'
        try:
            data = path.read_bytes()
        except OSError as error:
            raise RecordingError(
                f'{path} cannot be attached to the recording: {error.strerror}'
            ) from None
        self._writer.add_attachment(now_ns, now_ns, path.name, kind, data)

    def flush(self) -> None:
        """End the chunk and hand everything to the operating system."""
        self._writer.flush()

    def close(self, custom_data: Mapping[str, str]) -> None:
        """Write the index and metadata.yaml; `custom_data` goes into both."""
        self._add_metadata(custom_data)
        self._writer.finish()
        self._stream.close()
        text = _yaml({'rosbag2_bagfile_information': self._information(custom_data)})
        part = self._folder / 'metadata.yaml.part'
        part.write_text(text)
        os.replace(part, self._folder / 'metadata.yaml')

    def _add_metadata(self, custom_data: Mapping[str, str]) -> None:
        text = _yaml(self._information(custom_data))
        self._writer.add_metadata('rosbag2', {'serialized_metadata': text})

    def _information(self, custom_data: Mapping[str, str]) -> dict[str, Any]:
        parts = (*self._earlier, self._part)
        whole = _whole(parts)
        return {
            'version': METADATA_VERSION,
            'storage_identifier': 'mcap',
            **whole.span,
            'topics_with_message_count': [
                _topic(topic, whole.counts.get(topic.name, 0)) for topic in whole.topics.values()
            ],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [part.name for part in parts],
            'files': [{'path': part.name, **part.span} for part in parts],
            'custom_data': dict(custom_data),
            'ros_distro': self._ros_distro,
        }


def _whole(parts: Sequence[Part]) -> Part:
    """Return all parts of a recording as one."""
    whole = Part('')
    for part in parts:
        whole.topics |= part.topics
        for name, count in part.counts.items():
            if count:
                whole.count(name, count, part.first_ns, part.last_ns)
            whole.counts.setdefault(name, 0)
    return whole


def _topic(topic: Topic, count: int) -> dict[str, Any]:
    metadata = {
        'name': topic.name,
        'type': topic.type_name,
        'serialization_format': 'cdr',
        'offered_qos_profiles': yaml.safe_load(topic.qos) or [],
        'type_description_hash': topic.type_hash,
    }
    return {'topic_metadata': metadata, 'message_count': count}


class _NoAlias(yaml.SafeDumper):
    """YAML without anchors, which not every reader of rosbag2 metadata follows."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.dump(dict(data), Dumper=_NoAlias, sort_keys=False)
