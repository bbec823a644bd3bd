"""MCAP file in the folder format of rosbag2, written without ROS."""

from collections.abc import Mapping
from dataclasses import dataclass
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


class McapFile:
    """
    `<folder>/<name>_0.mcap` and, once closed, `<folder>/metadata.yaml`.

    One thread writes. Messages are serialized CDR; times are nanoseconds of the ROS clock.
    """

    def __init__(self, folder: Path, ros_distro: str = '') -> None:
        """Create the folder and the file; an existing recording is never written over."""
        self._folder = folder
        self._path = folder / f'{folder.name}_0.mcap'
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
        self._topics: dict[str, Topic] = {}
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._first_ns = self._last_ns = 0
        self._writer.start(profile='ros2', library='robot_runtime')
        self._add_metadata({})  # readers of a recording cut short take the version from here
        self.flush()

    @property
    def path(self) -> Path:
        """Return the path of the .mcap file."""
        return self._path

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the number of messages written, by topic."""
        return self._counts

    @property
    def duration_ns(self) -> int:
        """Return the time from the earliest to the latest message."""
        return self._last_ns - self._first_ns

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic, before its first message; a topic known already is left alone."""
        if topic.name in self._topics:
            return
        if topic.type_name not in self._schemas:
            self._schemas[topic.type_name] = self._writer.register_schema(
                topic.type_name, 'ros2msg', topic.schema.encode()
            )
        self._topics[topic.name] = topic
        self._counts[topic.name] = 0
        self._channels[topic.name] = self._writer.register_channel(
            topic.name,
            'cdr',
            self._schemas[topic.type_name],
            {'offered_qos_profiles': topic.qos, 'topic_type_hash': topic.type_hash},
        )

    def write(self, topic_name: str, data: bytes, log_ns: int, publish_ns: int) -> None:
        """Append one message of a topic announced before."""
        count = self._counts[topic_name]
        first = not any(self._counts.values())
        self._writer.add_message(self._channels[topic_name], log_ns, data, publish_ns, count)
        self._counts[topic_name] = count + 1
        self._first_ns = log_ns if first else min(self._first_ns, log_ns)
        self._last_ns = max(self._last_ns, log_ns)

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
        span = {
            'duration': {'nanoseconds': self.duration_ns},
            'starting_time': {'nanoseconds_since_epoch': self._first_ns},
            'message_count': sum(self._counts.values()),
        }
        return {
            'version': METADATA_VERSION,
            'storage_identifier': 'mcap',
            **span,
            'topics_with_message_count': [self._topic(topic) for topic in self._topics.values()],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [self._path.name],
            'files': [{'path': self._path.name, **span}],
            'custom_data': dict(custom_data),
            'ros_distro': self._ros_distro,
        }

    def _topic(self, topic: Topic) -> dict[str, Any]:
        metadata = {
            'name': topic.name,
            'type': topic.type_name,
            'serialization_format': 'cdr',
            'offered_qos_profiles': yaml.safe_load(topic.qos) or [],
            'type_description_hash': topic.type_hash,
        }
        return {'topic_metadata': metadata, 'message_count': self._counts[topic.name]}


class _NoAlias(yaml.SafeDumper):
    """YAML without anchors, which not every reader of rosbag2 metadata follows."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.dump(dict(data), Dumper=_NoAlias, sort_keys=False)
