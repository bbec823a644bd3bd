"""Cut-off recording: what a killed recorder left, brought to a proper end."""

from pathlib import Path
import struct
from typing import Any, BinaryIO

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, DataEnd, Footer, MessageIndex, Metadata, Schema
from mcap.stream_reader import breakup_chunk, StreamReader
from robot_runtime.runtime.mcap_file import file_of, Part, Topic
import yaml

MAGIC = b'\x89MCAP0\r\n'
CUT_OFF = (McapError, struct.error)  # what reading half a record ends with
HEAD_BYTES = 9  # of a record: what it is, and its length


def parts_of_run(folder: Path, run: str) -> tuple[Part, ...]:
    """Return the files that recorders of `run` left in `folder`, each brought to its end."""
    parts: list[Part] = []
    while run and (path := file_of(folder, len(parts))).exists():
        if path.stat().st_size == 0:  # killed before a byte was written: nothing is lost
            path.unlink()
            break
        if run_of(path) != run:
            return ()  # somebody else's: whoever wants to record there is refused
        parts.append(finished(path))
    return tuple(parts)


def run_of(path: Path) -> str:
    """Return the run that a recording belongs to, '' when it does not say."""
    with path.open('rb') as stream:
        try:
            for record in StreamReader(stream, emit_chunks=True).records:
                if isinstance(record, Metadata) and record.name == 'rosbag2':
                    said = yaml.safe_load(record.metadata['serialized_metadata'])
                    return str((said.get('custom_data') or {}).get('run', ''))
        except CUT_OFF:
            pass
    return ''


def finished(path: Path) -> Part:
    """Cut off the record that was being written, end the file, and return what it holds."""
    part = Part(path.name)
    with path.open('r+b') as stream:
        end = _scan(stream, part)
        if end is not None:  # a file without a summary is whole, and read from its beginning
            stream.seek(end)
            stream.truncate()
            builder: Any = RecordBuilder()  # Any: one of its methods is not typed
            DataEnd(data_section_crc=0).write(builder)
            Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(builder)
            stream.write(builder.end() + MAGIC)
    return part


def _scan(stream: BinaryIO, part: Part) -> int | None:
    """Count what `stream` holds into `part`; return where its last whole record ends if cut."""
    # The index after each chunk has the counts, so that hardly a chunk must be unpacked.
    end, chunk, names = 0, None, _Names(stream, part)
    try:
        for record in StreamReader(stream, emit_chunks=True).records:
            if isinstance(record, Chunk):
                chunk = record
                names.announced_at(end + HEAD_BYTES)
            elif isinstance(record, MessageIndex) and chunk is not None and record.records:
                name = names.of(record.channel_id)
                span = (chunk.message_start_time, chunk.message_end_time)
                part.count(name, len(record.records), *span)
            end = stream.tell()
    except CUT_OFF:
        return end
    return None


class _Names:
    """Names of the topics by channel, learned from chunks when a new one is asked for."""

    def __init__(self, stream: BinaryIO, part: Part) -> None:
        self._stream, self._part = stream, part
        self._places: list[int] = []
        self._names: dict[int, str] = {}
        self._schemas: dict[int, Schema] = {}

    def announced_at(self, place: int) -> None:
        """Note where a chunk begins, which may announce topics."""
        self._places.append(place)

    def of(self, channel: int) -> str:
        """Return the topic of `channel`; the stream is then where it was."""
        if channel not in self._names:
            here = self._stream.tell()
            for place in self._places:
                self._stream.seek(place)
                for record in breakup_chunk(Chunk.read(ReadDataStream(self._stream))):
                    self._learn(record)
            self._places.clear()
            self._stream.seek(here)
        return self._names[channel]

    def _learn(self, record: Any) -> None:
        if isinstance(record, Schema):
            self._schemas[record.id] = record
        elif isinstance(record, Channel):
            schema, metadata = self._schemas[record.schema_id], record.metadata
            self._names[record.id] = record.topic
            self._part.topics[record.topic] = Topic(
                record.topic,
                schema.name,
                schema.data.decode(),
                metadata.get('offered_qos_profiles', ''),
                metadata.get('topic_type_hash', ''),
            )
