"""Taps on all that a policy sees: joints, cameras, objects and instruction, the newest of each."""

from collections import deque
from collections.abc import Sequence

from geometry_msgs.msg import PoseArray
from rclpy.node import Node
from robot_runtime.core.observation import Inputs, Measured, Stream
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, polling, qos
from robot_runtime.ros.camera_tap import CameraTap
from robot_runtime.ros.start_check import StartCheck
from robot_runtime.ros.stream_tap import StreamTap
from robot_runtime.runtime.clock import Clock
from robot_runtime.runtime.joint_streams import joint_stream
from robot_runtime.runtime.robot_file import RobotFile
from sensor_msgs.msg import JointState
from std_msgs.msg import String

STATES = 200  # joint states kept, so that one can be found at the time of an image


class InputTaps:
    """Takes what has come on each topic; `complaints` is where it says what is wrong there."""

    def __init__(
        self, node: Node, robot: RobotFile, clock: Clock, complaints: dict[str, str],
        streams: Sequence[Stream] = (),
    ) -> None:  # fmt: skip
        """Subscribe to the topics of the robot, to the `streams` wanted, and to what is said."""
        self._node, self._robot, self._clock = node, robot, clock
        self._complaints = complaints
        self.instruction: str | None = None
        self._joints = node.create_subscription(
            JointState, robot.topics.joint_states, polling.unused, qos.SENSOR
        )
        self.cameras = {one.name: CameraTap(node, one, robot.timeouts) for one in robot.cameras}
        self._start_checks = {
            camera.name: StartCheck(node, camera.topic) for camera in robot.cameras
        }
        self._object_poses = node.create_subscription(
            PoseArray, 'sim/objects', polling.unused, qos.SENSOR
        )
        self._instructions = node.create_subscription(
            String, '~/instruction', polling.unused, qos.LATCHED
        )
        self._streams = {stream: StreamTap(node, robot, stream) for stream in streams}
        self._states: deque[Sample[Measured]] = deque(maxlen=STATES)
        self.forget()

    def forget(self) -> None:
        """Forget what was seen: time was set."""
        self._stream = joint_stream(self._robot)
        self._states.clear()
        self._objects: Sample[Floats] | None = None
        for camera in self.cameras.values():
            camera.forget()
        for tap in self._streams.values():
            tap.samples.clear()

    def poll(self) -> bool:
        """Take what has come; return whether a camera's trouble has just begun or ended."""
        for message in polling.drain(self._joints):
            self._take_state(message, *self._times())  # anew: we may be held up in between
        known = self._stream.position
        turned = self._poll_cameras(None if known is None else known.value)
        for stream, tap in self._streams.items():
            problem = tap.poll(*self._times())
            if problem is not None:
                self._complaints[stream] = problem
        poses = polling.newest(self._object_poses)
        if poses is not None:
            stamp_ns = conversions.nanoseconds(poses.header.stamp)
            self._objects = Sample(self._clock.now_ns(), stamp_ns, conversions.poses(poses))
        instruction = polling.newest(self._instructions)
        if instruction is not None:
            self.instruction = str(instruction.data)
        return turned

    def inputs(self) -> Inputs:
        """Return the newest of everything."""
        images = {
            name: tap.sample for name, tap in self.cameras.items() if tap.sample is not None
        }
        streams = {stream: tuple(tap.samples) for stream, tap in self._streams.items()}
        return Inputs(tuple(self._states), images, self._objects, self.instruction, streams)

    def _times(self) -> tuple[int, int]:
        return self._clock.now_ns(), self._node.get_clock().now().nanoseconds

    def _poll_cameras(self, position: Floats | None) -> bool:
        turned = False
        for name, camera in self.cameras.items():
            now, ros_now = self._times()
            problem = camera.poll(now, ros_now, position)
            self._start_checks[name].look(problem, now)
            if problem is None:
                continue
            about = f'camera {name}'
            turned |= bool(problem) != bool(self._complaints.get(about))
            self._complaints[about] = problem
        return turned

    def _take_state(self, message: JointState, now: int, ros_now: int) -> None:
        problem = conversions.take_joints(self._stream, message, now, ros_now)
        if problem is not None:
            topic = self._robot.topics.joint_states
            self._complaints['joint states'] = f'{topic}: {problem}' if problem else ''
        sample = self._stream.sample
        if sample is not None and (not self._states or sample is not self._states[-1]):
            self._states.append(sample)
