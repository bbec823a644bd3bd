"""Image streams: one process that sends as a camera driver does, one that only receives."""

from array import array
import json
from pathlib import Path
import sys

from diagnostic_msgs.msg import DiagnosticArray
from image_model import CAMERAS, FPS, HEIGHT, JOINTS, WIDTH
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from robot_runtime.ros import conversions, qos
from robot_runtime.ros.shutdown import StopFlag
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import Image, JointState

DRIVER = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
SCENES = 8  # frames made beforehand and sent in turn
STEPS = 4  # joint states for each frame
HOLD = 60  # steps in mode HOLD before POLICY
WAIT_S = 60.0
LINGER_NS = 1_000_000_000  # for the last frame, which is still on its way
SECOND = 1_000_000_000


class Sender:
    """Sends two image streams, and what else the policy node needs in order to infer."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._images = [node.create_publisher(Image, f'{c}/image_raw', DRIVER) for c in CAMERAS]
        self._joints = node.create_publisher(JointState, 'joint_states', qos.SENSOR)
        self._control = node.create_publisher(DiagnosticArray, 'control_node/status', qos.STATUS)
        rng = np.random.default_rng(1)
        self._frames = [
            Image(
                width=WIDTH, height=HEIGHT, encoding='rgb8', step=3 * WIDTH,
                data=array('B', rng.integers(0, 256, 3 * WIDTH * HEIGHT, np.uint8).tobytes()),
            )
            for _ in range(SCENES)
        ]  # fmt: skip
        robot = load_robot('fr3')
        self._state = JointState(name=robot.joint_names, position=robot.home_position.tolist())
        assert len(robot.joint_names) == JOINTS
        self.stamps: list[int] = []
        self.late_ns: list[int] = []  # how late each pair of frames was sent

    def run(self, seconds: float, stop: StopFlag) -> None:
        """Wait until somebody listens, then send for `seconds`."""
        clock = SteadyClock()
        end = clock.now_ns() + round(WAIT_S * SECOND)
        while not self._matched() and not stop.set:
            if clock.now_ns() > end:
                sys.exit(f'images: nobody has subscribed to the images within {WAIT_S:g} s')
            clock.sleep_until(clock.now_ns() + SECOND // 20)
        begin = clock.now_ns() + SECOND // 4
        for step in range(round(seconds * FPS * STEPS)):
            due = begin + step * SECOND // (FPS * STEPS)
            clock.sleep_until(due)
            if stop.set:
                return
            self._step(step, begin)
            if step % STEPS == 0:
                self.late_ns.append(clock.now_ns() - due)
        clock.sleep_until(clock.now_ns() + LINGER_NS)

    def _matched(self) -> bool:
        return all(one.get_subscription_count() for one in self._images)

    def _step(self, step: int, begin: int) -> None:
        stamp = self._node.get_clock().now()
        self._state.header.stamp = stamp.to_msg()
        self._joints.publish(self._state)
        if step % (FPS * STEPS // 10) == 0:
            # A policy takes up its work only when it sees the mode entered
            mode = 'HOLD' if step < HOLD else 'POLICY'
            values = {'mode': mode, 'policy_since_ns': begin}
            self._control.publish(
                conversions.status_message(stamp.to_msg(), 'control_node', '', 0, '', values)
            )
        if step % STEPS:
            return
        for index, publisher in enumerate(self._images):
            frame = self._frames[(step // STEPS + index) % SCENES]
            frame.header.stamp = stamp.to_msg()
            publisher.publish(frame)
        self.stamps.append(stamp.nanoseconds)


def receive(node: Node, stop: StopFlag) -> dict[str, dict[str, object]]:
    """Count the frames that arrive as any rclpy node would, until told to stop."""
    received: dict[str, list[tuple[int, int]]] = {camera: [] for camera in CAMERAS}
    for camera in CAMERAS:

        def take(message: Image, into: list[tuple[int, int]] = received[camera]) -> None:
            into.append((conversions.nanoseconds(message.header.stamp), clock.now().nanoseconds))

        node.create_subscription(Image, f'{camera}/image_raw', take, qos_profile_sensor_data)
    clock = node.get_clock()
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(node)
    while not stop.set:
        executor.spin_once(timeout_sec=0.1)
    return {
        camera: {'stamps': [s for s, _ in pairs], 'delays_ms': [(r - s) / 1e6 for s, r in pairs]}
        for camera, pairs in received.items()
    }


def main(kind: str, seconds: str, file: str) -> None:
    """Run as `image_streams.py send|receive SECONDS FILE`; what was seen goes to FILE."""
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    stop = StopFlag()
    node = Node(f'image_{kind}', start_parameter_services=False)
    if kind == 'send':
        sender = Sender(node)
        sender.run(float(seconds), stop)
        seen: object = {'stamps': sender.stamps, 'late_ms': [ns / 1e6 for ns in sender.late_ns]}
    else:
        seen = receive(node, stop)
    Path(file).write_text(json.dumps(seen), encoding='utf-8')
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main(*sys.argv[1:])
