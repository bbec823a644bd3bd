"""Recorder: writes the topics, images for people and journals of a run to an MCAP file."""

from functools import partial
import os
from pathlib import Path
import sys
from typing import Any

import cv2
from rclpy.node import Node
from robot_runtime.ros import jpeg
from robot_runtime.ros.journal_tap import JournalTap
from robot_runtime.ros.message_schema import message_schema, UnknownMessageError
from robot_runtime.ros.parameters import Parameter, read
from robot_runtime.ros.polling import ServicePoller
from robot_runtime.ros.shutdown import NodeError, run_node, StopFlag
from robot_runtime.ros.topic_tap import Taken, TopicTap
from robot_runtime.runtime import resources
from robot_runtime.runtime.clock import Clock, SteadyClock
from robot_runtime.runtime.cut_recording import parts_of_run
from robot_runtime.runtime.mcap_file import McapFile, RecordingError, Topic
from robot_runtime.runtime.write_behind import WriteBehind

TOPICS = [
    'joint_states', 'policy_node/chunk', 'policy_node/instruction', 'policy_node/status',
    'control_node/command', 'control_node/status', 'control_node/teleop', 'safety_node/state',
    'safety_node/status', 'estop', '/diagnostics', 'sim/objects', 'sim/witness',
    'arm_controller/commands', 'arm_controller/joint_trajectory',
    'gripper_controller/commands', 'front/camera_info', 'wrist/camera_info', '/rosout',
]
PARAMETERS = (
    Parameter('output', '', 'Folder to create; the recording takes its name.'),
    Parameter('robot', '', 'Robot file to attach: a name in config/robots or a path.'),
    Parameter('run', '', 'Name of the run: started again in it, it goes on in a further file.'),
    Parameter('topics', TOPICS, 'Topics to record as they are.'),
    Parameter('images', ['front/image_raw', 'wrist/image_raw'], 'Topics to record as JPEG.'),
    Parameter('max_image_hz', 5.0, '[Hz] JPEGs per second and camera.', 0.1, 10.0),
    Parameter('jpeg_quality', 80, '[%] Quality of the JPEGs.', 1, 100),
    Parameter('max_rate', 10.0, '[MB/s] Above it messages are dropped and counted.', 0.1, 1000.0),
    Parameter(
        'journals', ['control_node', 'safety_node'], 'Nodes whose journals are recorded.'
    ),
    Parameter('attachments', [''], 'Files to attach, such as the card of the policy.'),
)
POLL_NS = 10_000_000
LOOK_NS = 200_000_000
JOURNAL_NS = 100_000_000
FLUSH_NS = 1_000_000_000
NICE = 5
CLOSE_S = 10.0


class Recorder:
    """Takes by polling on the main thread; a second thread encodes and writes."""

    def __init__(self, node: Node, stop: StopFlag, clock: Clock) -> None:
        self._node = node
        self._stop = stop
        self._clock = clock
        self._log = node.get_logger()
        self._values = read(node, PARAMETERS)
        if not self._values['output']:
            raise NodeError('parameter output is empty: name the folder to record to')
        self._file = self._open(Path(self._values['output']), self._values['run'])
        for path in self._attachments():
            self._file.attach(path, self._ros_now_ns())
        self._writer = WriteBehind()
        self._absent = {node.resolve_topic_name(name) for name in self._list('topics')}
        self._absent_images = {node.resolve_topic_name(name) for name in self._list('images')}
        self._taps: list[TopicTap] = []
        self._image_taps: list[TopicTap] = []
        domain = node.context.get_domain_id()
        self._journals = JournalTap(domain, map(self._journal, self._list('journals')))
        self._rate = self._budget = self._values['max_rate'] * 1e6
        self._written_ns = 0
        self._over_rate = 0
        self._not_jpeg: set[str] = set()
        self._services = ServicePoller(node)

    def run(self) -> int:
        """Record until a signal comes; return the exit code."""
        self._log.info(f'recording to {self._file.path}')
        image_ns = int(1e9 / self._values['max_image_hz'])
        next_ns = self._clock.now_ns()
        look_ns = journal_ns = images_ns = flush_ns = next_ns
        while not self._stop.set and not self._writer.failure:
            now = self._clock.now_ns()
            if now >= look_ns:
                look_ns = now + LOOK_NS
                self._look()
            self._poll()
            self._services.serve_one()
            if now >= images_ns:
                images_ns = max(images_ns + image_ns, now)
                self._poll_images()
            if now >= journal_ns:
                journal_ns = now + JOURNAL_NS
                self._poll_journals()
            if now >= flush_ns:
                flush_ns = now + FLUSH_NS
                self._writer.put(self._file.flush, 0)
            next_ns = max(next_ns + POLL_NS, now)
            self._clock.sleep_until(next_ns)
        self._poll()
        self._poll_journals()
        return self._close()

    def _open(self, folder: Path, run: str) -> McapFile:
        """Return a new file, beside those that were cut off earlier in the same run."""
        earlier = parts_of_run(folder, run)
        for part in earlier:
            self._log.warning(f'goes on after {part.name}, which was cut off')
        distro = os.environ.get('ROS_DISTRO', '')
        return McapFile(folder, distro, {'run': run}, earlier)

    def _journal(self, name: str) -> str:
        """Return the whole name of a node that is named as seen from this one."""
        whole = name.startswith(('/', 'rr_'))
        return name if whole else f'{self._node.get_namespace()}/{name}'

    def _list(self, name: str) -> list[str]:
        return [one for one in self._values[name] if one]

    def _attachments(self) -> list[Path]:
        paths = [Path(one) for one in self._list('attachments')]
        robot = self._values['robot']
        if robot:
            paths.insert(0, resources.find(f'config/robots/{robot}.yaml') or Path(robot))
        return paths

    def _ros_now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _look(self) -> None:
        """Subscribe to the topics that have got a publisher since, and open new journals."""
        self._journals.look()
        for name in sorted(self._absent):
            tap = self._tap(name, self._absent, raw=True)
            if tap is not None:
                self._taps.append(tap)
                self._writer.put(partial(self._file.add_topic, tap.topic), 0)
        for name in sorted(self._absent_images):
            # Depth 1: what is not taken is overwritten, and costs this process next to nothing.
            tap = self._tap(name, self._absent_images, raw=False, depth=1)
            if tap is not None:
                self._image_taps.append(tap)
                topic = Topic(f'{name}/compressed', jpeg.TYPE, message_schema(jpeg.TYPE))
                self._writer.put(partial(self._file.add_topic, topic), 0)

    def _tap(self, name: str, absent: set[str], **options: Any) -> TopicTap | None:
        if self._node.count_publishers(name) == 0:
            return None
        try:
            tap = TopicTap(self._node, name, **options)
        except IndexError:  # the publisher went away in between
            return None
        except UnknownMessageError as error:
            self._log.error(f'{name} is not recorded: {error}')
            tap = None
        absent.discard(name)
        return tap

    def _poll(self) -> None:
        taken = [(one, tap.topic.name) for tap in self._taps for one in tap.drain()]
        taken.sort(key=lambda pair: pair[0].received_ns)
        for one, name in taken:
            write = partial(self._write, name, one.message, one.received_ns, one.sent_ns)
            self._writer.put(write, len(one.message))

    def _poll_images(self) -> None:
        for tap in self._image_taps:
            taken = tap.take()
            if taken is not None:
                write = partial(self._write_jpeg, tap.topic.name, taken)
                # In the queue it is raw, and in the file a small part of that.
                self._writer.put(write, len(taken.message.data))

    def _poll_journals(self) -> None:
        now_ns = self._ros_now_ns()
        for topic, data in self._journals.take():
            self._writer.put(partial(self._file.add_topic, topic), 0)
            self._writer.put(partial(self._write, topic.name, data, now_ns, now_ns), len(data))

    def _write(self, name: str, data: bytes, received_ns: int, sent_ns: int) -> None:
        """Write one message, on the writer's thread, unless the file would grow too fast."""
        passed_ns = max(0, received_ns - self._written_ns)
        self._written_ns = max(self._written_ns, received_ns)
        self._budget = min(self._rate, self._budget + self._rate * passed_ns / 1e9)
        if len(data) > self._budget:
            self._over_rate += 1
            return
        self._budget -= len(data)
        self._file.write(name, data, received_ns, sent_ns)

    def _write_jpeg(self, name: str, taken: Taken) -> None:
        """Encode and write one image, on the writer's thread."""
        if name in self._not_jpeg:
            return
        try:
            data = jpeg.serialized_jpeg(taken.message, self._values['jpeg_quality'])
        except jpeg.EncodingError as error:
            self._not_jpeg.add(name)
            self._log.error(f'{name} is not recorded: {error}')
            return
        self._write(f'{name}/compressed', data, taken.received_ns, taken.sent_ns)

    def _close(self) -> int:
        ended = self._writer.close(CLOSE_S)
        if self._writer.error is not None:
            raise NodeError(
                f'the recording {self._file.path} ends early: {self._writer.error}'
            ) from self._writer.error
        if not ended:
            raise NodeError(f'the disk of {self._file.path} is too slow: the end is not written')
        dropped = {
            'dropped_slow_disk': self._writer.dropped,
            'dropped_over_rate': self._over_rate,
            'lost_journal_records': self._journals.lost,
        }
        told = {key: str(self._values[key]) for key in ('robot', 'run')}
        self._file.close(told | {key: str(count) for key, count in dropped.items()})
        counts = self._file.counts
        losses = ', '.join(f'{key} {count}' for key, count in dropped.items())
        self._log.info(
            f'recorded {sum(counts.values())} messages of {len(counts)} topics to '
            f'{self._file.path} ({losses})'
        )
        return 0


def _body(node: Node, stop: StopFlag) -> int:
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    cv2.setNumThreads(1)
    try:
        return Recorder(node, stop, SteadyClock()).run()
    except RecordingError as error:
        raise NodeError(str(error)) from error


def main(args: list[str] | None = None) -> None:
    """Record until SIGINT or SIGTERM."""
    sys.exit(run_node('recorder_node', _body, args))


if __name__ == '__main__':
    main()
