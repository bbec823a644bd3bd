"""Recording read back: journals, statuses and frames of one run, by topic."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
import numpy as np
from numpy.typing import NDArray
from robot_runtime.runtime.mcap_file import RecordingError


@dataclass(frozen=True, slots=True)
class Message:
    """One message: when it was received [ns, ROS clock] and what it says."""

    log_ns: int
    content: Any


class Recording:
    """All files of one recording folder, in the order in which they were written."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; raise RecordingError when it holds no recording."""
        self.files = sorted(folder.glob('*.mcap'))
        if not self.files:
            raise RecordingError(f'{folder} holds no recording: there is no .mcap file in it')

    def messages(self, *topics: str) -> Iterator[tuple[str, Message]]:
        """Yield what was recorded of some topics, oldest first in each file."""
        for path in self.files:
            with path.open('rb') as stream:
                try:
                    reader = make_reader(stream, decoder_factories=[DecoderFactory()])
                    for _, channel, record, content in reader.iter_decoded_messages(topics):
                        yield channel.topic, Message(record.log_time, content)
                except McapError as error:
                    raise RecordingError(f'{path} cannot be read: {error}') from error

    def of(self, topic: str) -> list[Message]:
        """Return all messages of one topic."""
        return [message for _, message in self.messages(topic)]

    def journal(self, node: str) -> NDArray[np.void]:
        """Return the journal of a node, such as `control_node`; empty when there is none."""
        parts = [_records(message.content) for message in self.of(f'/journal/{node}')]
        # A node that was started anew with another robot would write other records.
        parts = [part for part in parts if part.dtype == parts[0].dtype]
        return np.concatenate(parts) if parts else np.empty(0, np.dtype([]))


def _records(content: Any) -> NDArray[np.void]:
    """Return the records of a message; its first dimension's label tells their dtype."""
    dtype = np.lib.format.descr_to_dtype(ast.literal_eval(content.layout.dim[0].label))
    return np.frombuffer(bytes(content.data), dtype)
