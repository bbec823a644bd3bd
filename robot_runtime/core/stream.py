"""Newest value of a stream, and whether it is still fresh."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar('T')


@dataclass(frozen=True, slots=True)
class Sample(Generic[T]):
    """One value of one stream, with both of its times."""

    received_ns: int  # our steady clock: for freshness and timeouts
    stamp_ns: int  # the sender's ROS clock: for aligning streams, never for safety
    value: T

    def fresh(self, now_ns: int, max_age_ns: int) -> bool:
        """Return whether the sample is at most `max_age_ns` old on the steady clock."""
        return now_ns - self.received_ns <= max_age_ns
