"""The policy as a process: images, joints and instruction in, chunks of motion out."""

from collections import deque
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
import numpy as np
from rclpy.node import Node
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.observation import Inputs, Measured, Missing
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, parameters, polling, qos
from robot_runtime.ros.camera_tap import CameraTap
from robot_runtime.ros.shutdown import run_node, StopFlag
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.inference import Inference, Proposal
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
POLL_NS = 5 * MILLISECOND
STATUS_NS = 200 * MILLISECOND
STATES = 200  # joint states kept, so that one can be found at the time of an image
PARAMETERS = (
    parameters.Parameter('robot', 'fr3', 'Robot file: a name in config/robots or a path.'),
    parameters.Parameter('policy', 'scripted_pick', 'Model folder: a name in models or a path.'),
    parameters.Parameter(
        'provider', 'CPUExecutionProvider', 'ONNX Runtime execution provider; no other is used.'
    ),
)


class PolicyNode:
    """Wires topics to `runtime.inference` and its proposals to control."""

    def __init__(self, node: Node, stop: StopFlag) -> None:
        values = parameters.read(node, PARAMETERS)
        self._node, self._stop, self._clock = node, stop, SteadyClock()
        self._robot = load_robot(values['robot'])
        folder = model_folder(values['policy'])
        check_pin(folder, self._robot.policy)
        policy = OnnxPolicy.load(folder, values['provider'])
        self._inference = Inference(policy, self._robot)
        self._card = policy.card
        self._period_ns = round(self._card.schedule.period_s * 1e9)
        self._states: deque[Sample[Measured]] = deque(maxlen=STATES)
        self._objects: Sample[Floats] | None = None
        self._instruction: str | None = None
        self._mode, self._epoch = '', ''
        self._missing: tuple[str, ...] = ()
        self._complaint = ''
        self._latencies_ms: deque[float] = deque(maxlen=1000)
        self._inferences = self._failures = 0
        self._next_ns = self._status_at = 0
        self._wire()

    def _wire(self) -> None:
        node, robot = self._node, self._robot
        self._joints = node.create_subscription(
            JointState, robot.topics.joint_states, _unused, qos.SENSOR
        )
        self._cameras = {camera.name: CameraTap(node, camera) for camera in robot.cameras}
        self._object_poses = node.create_subscription(
            PoseArray, 'sim/objects', _unused, qos.SENSOR
        )
        self._instructions = node.create_subscription(
            String, '~/instruction', _unused, qos.LATCHED
        )
        self._control = node.create_subscription(
            DiagnosticArray, 'control_node/status', _unused, qos.STATUS
        )
        self._chunk_out = node.create_publisher(JointTrajectory, '~/chunk', qos.INTERNAL)
        self._status_out = node.create_publisher(DiagnosticArray, '~/status', qos.STATUS)
        self._services = polling.ServicePoller(node)

    def run(self) -> int:
        """Infer on a grid of the card's period while control is in POLICY."""
        deadline = self._clock.now_ns()
        while not self._stop.set:
            deadline = max(deadline + POLL_NS, self._clock.now_ns())
            self._clock.sleep_until(deadline)
            now = self._clock.now_ns()
            self._read_inputs(now)
            self._services.serve_one()
            if self._mode == 'POLICY' and now >= self._next_ns:
                self._next_ns = max(self._next_ns + self._period_ns, now)
                self._infer(now)
            if now - self._status_at >= STATUS_NS:
                self._publish_status(now)
        return 0

    def _read_inputs(self, now: int) -> None:
        for message in polling.drain(self._joints):
            self._take_state(message, now)
        for camera in self._cameras.values():
            self._complaint = camera.poll(now) or self._complaint
        poses = polling.newest(self._object_poses)
        if poses is not None:
            values = np.array(
                [
                    [p.position.x, p.position.y, p.position.z]
                    + [p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w]
                    for p in poses.poses
                ]
            )
            self._objects = Sample(now, conversions.nanoseconds(poses.header.stamp), values)
        instruction = polling.newest(self._instructions)
        if instruction is not None:
            self._instruction = str(instruction.data)
        status = polling.newest(self._control)
        if status is not None:
            values_of = conversions.status_values(status)
            if values_of['policy_since_ns'] != self._epoch and values_of['mode'] == 'POLICY':
                self._epoch, self._next_ns = values_of['policy_since_ns'], now
            self._mode = values_of['mode']

    def _take_state(self, message: JointState, now: int) -> None:
        names = self._robot.joint_names
        try:
            position = conversions.joint_positions(message, names, now)
            has_velocity = len(message.velocity) == len(message.name)
            velocity = (
                conversions.ordered(message.name, message.velocity, names)
                if has_velocity
                else None
            )
        except JointNameError as error:
            self._complaint = f'{self._robot.topics.joint_states}: {error}'
            return
        measured = Measured(position.value, velocity)
        self._states.append(Sample(now, position.stamp_ns, measured))

    def _infer(self, now: int) -> None:
        images = {
            name: tap.sample for name, tap in self._cameras.items() if tap.sample is not None
        }
        inputs = Inputs(tuple(self._states), images, self._objects, self._instruction)
        result = self._inference.propose(inputs, now)
        if isinstance(result, Missing):
            self._missing = result.names
            return
        self._missing = ()
        self._inferences += 1
        self._publish_chunk(result)
        self._latencies_ms.append((self._clock.now_ns() - now) / 1e6)

    def _publish_chunk(self, proposal: Proposal) -> None:
        if not np.isfinite(proposal.rows).all():
            self._failures += 1
            self._complaint = f'the graph of {self._card.name} gave values that are not finite'
        self._chunk_out.publish(
            conversions.chunk_message(
                proposal.stamp_ns, self._robot.joint_names, proposal.rows, proposal.step_ns
            )
        )

    def _publish_status(self, now: int) -> None:
        self._status_at = now
        latencies = np.array(self._latencies_ms or [0.0])
        missing = ', '.join(self._missing)
        values: dict[str, Any] = {
            'state': 'waiting' if missing else ('running' if self._mode == 'POLICY' else 'ready'),
            'policy': self._card.name,
            'instruction': self._instruction or '',
            'inferences': self._inferences,
            'not_finite': self._failures,
            'inference_p50_ms': round(float(np.percentile(latencies, 50)), 3),
            'inference_p99_ms': round(float(np.percentile(latencies, 99)), 3),
            'message': f'missing: {missing}' if missing else self._complaint,
        }
        for name, camera in self._cameras.items():
            values[f'frames_received_{name}'] = camera.received
            values[f'frames_lost_{name}'] = camera.lost
            values[f'stamp_{name}'] = camera.sample.stamp_ns if camera.sample else 0
        stamp = self._node.get_clock().now().to_msg()
        text = values['message'] or values['state']
        self._status_out.publish(
            conversions.status_message(
                stamp, 'policy_node: inference', self._robot.name, int(bool(missing)), text, values
            )
        )


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""


def _body(node: Node, stop: StopFlag) -> int:
    return PolicyNode(node, stop).run()


def main(args: list[str] | None = None) -> None:
    """Run the policy until SIGINT or SIGTERM."""
    sys.exit(run_node('policy_node', _body, args))


if __name__ == '__main__':
    main()
