"""Camera stream of the policy node: the newest frame, and how many came and were lost."""

from collections import deque
import zlib

import numpy as np
from rclpy.node import Node
from robot_runtime.core.frame_gaps import FrameGaps
from robot_runtime.core.frozen import FrozenCheck
from robot_runtime.core.sequence_gaps import SequenceGaps
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Image as Pixels
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.runtime.robot_file import Camera
from robot_runtime.runtime.timeouts_file import Timeouts
from sensor_msgs.msg import Image

CHANNELS = 3
DELAYS = 1000
STAMPS = 4
MOST_AT_ONCE = 16


class CameraTap:
    """Takes the frames of one camera; only the newest usable one is kept."""

    def __init__(self, node: Node, camera: Camera, times: Timeouts) -> None:
        """Subscribe to the camera's topic; `times` say when its frames are amiss."""
        self.sample: Sample[Pixels] | None = None
        self.received = self.wrong = 0
        # from the stamp until the middleware had the frame here, on the ROS clocks of both
        self.delays_ms: deque[float] = deque(maxlen=DELAYS)
        self.stamps_ns: deque[int] = deque(maxlen=STAMPS)  # of those that came last
        self.gaps = FrameGaps(round(1e9 / camera.fps))
        self._numbers = SequenceGaps()
        self._camera = camera
        self._frozen = FrozenCheck(camera.frozen_check, round(times.frozen_s * 1e9))
        self._future_ns = round(times.future_s * 1e9)
        self._age_ns = round(times.camera_s * 1e9)
        self._heard_ns = 0  # when a frame last came, whatever was wrong with it
        self._subscription = node.create_subscription(
            Image, camera.topic, polling.unused, qos.SENSOR
        )

    @property
    def lost(self) -> int:
        """Return how many frames were sent and did not come."""
        return self._numbers.lost if self._numbers.numbered else self.gaps.lost

    @property
    def left_out(self) -> int:
        """Return how many frames the camera itself left out, by its rate in the robot file."""
        return max(0, self.gaps.lost - self._numbers.lost) if self._numbers.numbered else 0

    def forget(self) -> None:
        """Forget the frames: the clock was set back, and older stamps are to come."""
        self.sample, self.gaps = None, FrameGaps(round(1e9 / self._camera.fps))

    def poll(
        self, now_ns: int, ros_now_ns: int, position: Floats | None = None
    ) -> str | None:
        """
        Take what has come; return what is wrong with the newest, '' for nothing, None: none.

        `position` (J,) is where the robot is, by which a frozen picture is known.
        """
        problem = None
        for _ in range(MOST_AT_ONCE):
            taken = polling.take_with_info(self._subscription)
            if taken is None:
                break
            message, info = taken
            self._heard_ns = now_ns
            if info.get('publication_sequence_number'):
                sender = bytes(info['publisher_gid']['data'])
                self._numbers.take(sender, info['publication_sequence_number'])
            stamp_ns = conversions.nanoseconds(message.header.stamp)
            self.delays_ms.append((info['received_timestamp'] - stamp_ns) / 1e6)
            problem = self._future(stamp_ns, ros_now_ns)
            if problem:
                self.received, self.wrong = self.received + 1, self.wrong + 1
            else:
                problem = self._take(message, stamp_ns, now_ns, position)
        return self._late(now_ns) if problem is None else problem

    def _late(self, now_ns: int) -> str | None:
        if self.sample is None or now_ns - self._heard_ns <= self._age_ns:
            return None
        return f'{self._camera.topic}: no frame for more than {self._age_ns / 1e6:g} ms'

    def _future(self, stamp_ns: int, ros_now_ns: int) -> str:
        ahead_ns = stamp_ns - ros_now_ns
        if ahead_ns <= self._future_ns:
            return ''
        return (
            f'{self._camera.topic}: the stamp is {ahead_ns / 1e6:.1f} ms in the future; allowed: '
            f'{self._future_ns / 1e6:g} ms (are the clocks of both hosts in step?)'
        )

    def _take(
        self, message: Image, stamp_ns: int, now_ns: int, position: Floats | None
    ) -> str:
        self.received += 1
        before_ns = self.stamps_ns[-1] if self.stamps_ns else stamp_ns
        self.stamps_ns.append(stamp_ns)
        newer = self.gaps.take(stamp_ns)
        problem = frame_problem(message, self._camera)
        if problem:
            self.wrong += 1
        elif not newer:
            back_ms = (before_ns - stamp_ns) / 1e6
            return f'{self._camera.topic}: the stamp went back by {back_ms:.1f} ms'
        else:
            rows = np.frombuffer(message.data, np.uint8, message.height * message.step)
            row_bytes = CHANNELS * message.width
            pixels = rows.reshape(message.height, message.step)[:, :row_bytes]
            frame = pixels.reshape(message.height, message.width, CHANNELS)
            frozen = self._frozen.take(zlib.crc32(message.data), position, now_ns)
            if frozen:  # the last one grows old, and no new chunk comes of it
                self.wrong += 1
                return f'{self._camera.topic} {frozen}'
            self.sample = Sample(now_ns, stamp_ns, frame)
        return problem


def frame_problem(message: Image, camera: Camera) -> str:
    """Return in one sentence why a frame is not what the robot file says, or ''."""
    size = (message.width, message.height, message.encoding)
    if size != (camera.width, camera.height, 'rgb8'):
        return (
            f'{camera.topic} sends {size[0]}x{size[1]} {size[2]!r}, but the robot file says '
            f"{camera.width}x{camera.height} 'rgb8' for camera {camera.name}"
        )
    row_bytes, have = CHANNELS * message.width, len(message.data)
    if message.step < row_bytes:
        return (
            f'{camera.topic} sends rows of {message.step} bytes, but {message.width} pixels of '
            f'rgb8 take {row_bytes}'
        )
    if have < message.height * message.step:
        return (
            f'{camera.topic} sends {have} bytes, but {message.height} rows of {message.step} '
            f'bytes are {message.height * message.step}'
        )
    return ''
