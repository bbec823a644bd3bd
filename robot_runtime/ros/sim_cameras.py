"""Cameras of the simulator: a process of their own, so that rendering never holds up physics."""

from array import array
import ctypes
from dataclasses import dataclass
import math
import multiprocessing
from multiprocessing.connection import Connection
import os
from pathlib import Path
import signal
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from robot_runtime.ros import conversions
from robot_runtime.ros.shutdown import NodeError, StopFlag
from robot_runtime.ros.sim_faults import EYES
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.sim.scene import import_mujoco, load, SceneError
from robot_runtime.sim.shared_state import SharedState
from robot_runtime.sim.sight import Sight
from sensor_msgs.msg import CameraInfo, Image

# Reliable suits every reader; two frames, because an older one is of no use to anybody.
IMAGE = QoSProfile(depth=2, reliability=ReliabilityPolicy.RELIABLE)
START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 2.0
PR_SET_PDEATHSIG = 1
SHUT, FROZEN = EYES.values()
PROFILE = 'FASTDDS_DEFAULT_PROFILES_FILE'


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What the camera process is told once the node's parameters are known."""

    robot: str
    overlay: str | None
    seed: int
    namespace: str
    topics: tuple[str, ...]  # resolved base names: /ns/front, /ns/wrist
    cameras: tuple[str, ...]
    width: int
    height: int
    fps: int
    noise: float = 1.0
    light: float = 1.0


class Cameras:
    """Starts, watches and ends the camera process; must be made before rclpy starts threads."""

    def __init__(self) -> None:
        self.state = SharedState()
        context = multiprocessing.get_context('fork')
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_child, args=(self.state, theirs, os.getpid()), name='sim_cameras', daemon=True
        )
        self._process.start()
        theirs.close()

    def start(self, plan: CameraPlan) -> None:
        """Open the cameras; a machine that cannot render raises a sentence."""
        self._pipe.send(plan)
        if not self._pipe.poll(START_TIMEOUT_S):
            raise NodeError(f'the cameras did not open within {START_TIMEOUT_S:.0f} s')
        try:
            trouble = self._pipe.recv()
        except EOFError:
            trouble = 'the camera process died while it was starting'
        if trouble:
            raise NodeError(trouble)

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.is_alive()

    def stop(self) -> None:
        """End the process, if need be by force."""
        self._pipe.close()  # a child that still waits for its plan sees the end of the pipe
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(END_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(END_TIMEOUT_S)


def _child(state: SharedState, pipe: Connection, parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # the parent died before it could be watched
    stop = StopFlag()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group: the node ends us
    _take_shared_memory()
    plan = _plan(pipe)
    if plan is None:
        return
    try:
        eyes = _Eyes(state, plan)
    except SceneError as error:
        pipe.send(str(error))
        return
    try:
        pipe.send('')
        eyes.run(stop)
    finally:
        eyes.close()


def _take_shared_memory() -> None:
    """Send images by shared memory, which the simulator itself, as any driver, does without."""
    profile = Path(os.environ.get(PROFILE, ''))
    if profile.name == 'fastdds_realtime.xml':
        os.environ[PROFILE] = str(profile.with_name('fastdds.xml'))


def _plan(pipe: Connection) -> CameraPlan | None:
    try:
        plan: CameraPlan = pipe.recv()
    except (EOFError, OSError):
        return None
    return plan


class _Eyes:
    """Renders what the physics last wrote, on its own grid, and publishes it."""

    def __init__(self, state: SharedState, plan: CameraPlan) -> None:
        self._state, self._plan = state, plan
        self._scene = load(plan.robot, plan.overlay)
        self._data = import_mujoco().MjData(self._scene.model)
        self._sight = Sight(self._scene, plan.width, plan.height, plan.seed, plan.noise)
        self._seed: int | None = None
        self._seen: dict[int, bytes] = {}  # by number of the camera
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            'sim_cameras',
            namespace=plan.namespace,
            use_global_arguments=False,  # a remapped node name is meant for the simulator itself
            start_parameter_services=False,
        )
        self._outputs = [
            (
                self._node.create_publisher(Image, f'{topic}/image_raw', IMAGE),
                self._node.create_publisher(CameraInfo, f'{topic}/camera_info', IMAGE),
                _camera_info(self._scene.model, camera, plan.width, plan.height),
            )
            for camera, topic in zip(plan.cameras, plan.topics, strict=True)
        ]

    def run(self, stop: StopFlag) -> None:
        """Render until told to stop; a frame that would come late is left out, not made up."""
        clock = SteadyClock()
        period_ns = round(1e9 / self._plan.fps)
        due_ns = clock.now_ns() + period_ns
        while not stop.set:
            clock.sleep_until(due_ns)
            self._frame()
            due_ns += period_ns * max(1, -((due_ns - clock.now_ns()) // period_ns))

    def _frame(self) -> None:
        seen = self._state.read(self._data)
        if seen is None:
            return
        stamp_ns, seed = seen
        data = self._data
        if seed != self._seed:
            self._scene.dress(seed, self._plan.light)
            self._sight.seed(seed)
            self._seed = seed
        self._scene.aim(data)
        stamp = conversions.time_message(stamp_ns)
        eyes = self._state.eyes
        if eyes == SHUT:
            return
        for k, camera in enumerate(self._plan.cameras):
            if eyes != FROZEN or k not in self._seen:
                self._seen[k] = self._sight.look(data, camera).tobytes()
            images, infos, info = self._outputs[k]
            info.header.stamp = stamp
            message = Image(
                header=info.header,
                height=self._plan.height,
                width=self._plan.width,
                encoding='rgb8',
                step=3 * self._plan.width,
            )
            message.data = array('B', self._seen[k])
            images.publish(message)
            infos.publish(info)
            self._state.count_frame(k, stamp_ns)

    def close(self) -> None:
        """Leave the graph and give back the renderer."""
        self._sight.close()
        self._node.destroy_node()
        rclpy.try_shutdown()


def _camera_info(model: Any, camera: str, width: int, height: int) -> CameraInfo:
    focal = height / 2 / math.tan(math.radians(float(model.camera(camera).fovy[0])) / 2)
    centre_x, centre_y = width / 2, height / 2
    info = CameraInfo(height=height, width=width, distortion_model='plumb_bob', d=[0.0] * 5)
    info.header.frame_id = f'{camera}_optical_frame'
    info.k = [focal, 0.0, centre_x, 0.0, focal, centre_y, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [focal, 0.0, centre_x, 0.0, 0.0, focal, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info
