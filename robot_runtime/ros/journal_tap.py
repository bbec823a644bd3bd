"""Tap on the journals of a domain: their records as messages that every bag reader opens."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from robot_runtime.ros.message_schema import message_schema
from robot_runtime.runtime import journal
from robot_runtime.runtime.mcap_file import Topic
from std_msgs.msg import MultiArrayDimension, UInt8MultiArray

TYPE = 'std_msgs/msg/UInt8MultiArray'


class JournalTap:
    """Reads the journals of the nodes it is told, those of respawned nodes included."""

    def __init__(self, domain: int, wanted: Iterable[str]) -> None:
        """Take names of nodes, such as /left/control_node, or whole names of journals."""
        self._domain = domain
        self._wanted = frozenset(name.strip('/') for name in wanted)
        self._readers: dict[str, journal.JournalReader] = {}
        self._gone = 0

    @property
    def lost(self) -> int:
        """Return the number of records that were written over before they were read."""
        return self._gone + sum(reader.overruns for reader in self._readers.values())

    def look(self) -> None:
        """Open the journals that have appeared since."""
        for name in journal.journals(self._domain):
            if name not in self._readers and self._wanted & {name, journal.node_of(name)}:
                try:
                    self._readers[name] = journal.JournalReader(name)
                except (OSError, ValueError):  # its writer is at its first or last steps
                    continue

    def take(self) -> Iterator[tuple[Topic, bytes]]:
        """Yield what was written since, one message per journal."""
        present = frozenset(journal.journals(self._domain))
        for name, reader in tuple(self._readers.items()):
            records = reader.take()
            if len(records):
                yield topic(name), serialized(records)
            elif name not in present:
                self._gone += reader.overruns
                del self._readers[name]


def topic(name: str) -> Topic:
    """Return the topic that the journal `name` is recorded as: /left/journal/control_node."""
    namespace, slash, node = journal.node_of(name).rpartition('/')
    return Topic(f'/{namespace}{slash}journal/{node}', TYPE, message_schema(TYPE))


def serialized(records: NDArray[np.void]) -> bytes:
    """Return `records` as bytes whose numpy dtype stands in the label of the first dimension."""
    size = records.dtype.itemsize
    message = UInt8MultiArray()
    message.layout.dim = [
        MultiArrayDimension(
            label=repr(np.lib.format.dtype_to_descr(records.dtype)),
            size=len(records),
            stride=len(records) * size,
        ),
        MultiArrayDimension(label='bytes', size=size, stride=size),
    ]
    message.data.frombytes(records.tobytes())
    return bytes(serialize_message(message))
