"""Teleop: positions that a person sends, and which of them may move the robot."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Teleop:
    """A straight way to the newest position, as long as the time between two messages."""

    begin: Floats  # (J,)
    end: Floats
    begin_ns: int  # steady clock
    end_ns: int
    received_ns: int
    stamp_ns: int  # of the newest message, on the sender's ROS clock

    def at(self, now_ns: int) -> Floats:
        """Return the target at `now_ns`, (J,)."""
        if now_ns >= self.end_ns:
            return self.end.copy()
        share = (now_ns - self.begin_ns) / (self.end_ns - self.begin_ns)
        target: Floats = self.begin + (self.end - self.begin) * max(share, 0.0)
        return target

    def silent(self, now_ns: int, timeout_ns: int) -> bool:
        """Return whether nothing has come for longer than `timeout_ns`."""
        return now_ns - self.received_ns > timeout_ns


def follow(before: Teleop | None, sample: Sample[Floats], now_ns: int, most_ns: int) -> Teleop:
    """
    Return the way to a new message from where the target is; the first one is the target itself.

    Without the way between, the robot would stop at each message of a slow stream. It takes as
    long as the message took to come, at most `most_ns`.
    """
    value = np.array(sample.value, dtype=np.float64)
    received_ns, stamp_ns = sample.received_ns, sample.stamp_ns
    if before is None:
        return Teleop(value, value, now_ns, now_ns, received_ns, stamp_ns)
    length_ns = min(max(received_ns - before.received_ns, 0), most_ns)
    return Teleop(before.at(now_ns), value, now_ns, now_ns + length_ns, received_ns, stamp_ns)


def refusal(
    sample: Sample[Floats],
    before: Teleop | None,
    names: tuple[str, ...],
    joints: int,
    now_ns: int,
    ros_now_ns: int,
    timeout_ns: int,
    future_ns: int,
) -> str:
    """Return why the message may not move the robot, '' if it may."""
    value = sample.value
    if value.shape != (joints,):
        return f'it has shape {value.shape}; allowed: ({joints},)'
    if not np.isfinite(value).all():
        joint = int(np.argmin(np.isfinite(value)))
        name = names[joint] if names else f'joint {joint}'
        return f'it has {value[joint]} for {name}; every position must be finite'
    if sample.stamp_ns <= 0:
        return 'it has no stamp, so nobody knows how old it is'
    old_ns = max(ros_now_ns - sample.stamp_ns, now_ns - sample.received_ns)
    if old_ns > timeout_ns:
        return f'it is {old_ns / 1e6:.1f} ms old; allowed: {timeout_ns / 1e6:g} ms'
    if -old_ns > future_ns or sample.stamp_ns - ros_now_ns > future_ns:
        ahead_ns = sample.stamp_ns - ros_now_ns
        return f'it is {ahead_ns / 1e6:.1f} ms in the future; allowed: {future_ns / 1e6:g} ms'
    if before is not None and sample.stamp_ns <= before.stamp_ns:
        return 'it is not newer than the last one'
    return ''
