"""The policy as a process: images, joints and instruction in, chunks of motion out."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
import numpy as np
from robot_runtime.core.observation import Inputs, Measured, Missing
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, parameters, polling, qos
from robot_runtime.ros.camera_tap import CameraTap
from robot_runtime.ros.listening import Listening
from robot_runtime.ros.managed_node import ManagedNode, run_managed
from robot_runtime.ros.qos_watch import QosWatch
from robot_runtime.ros.ros_time import RosTime
from robot_runtime.ros.shutdown import NodeError, StopFlag
from robot_runtime.ros.sim_clock import clock_of, silence
from robot_runtime.ros.start_check import StartCheck
from robot_runtime.ros.status_out import ERROR, OK, Part, part, StatusOut, WARN
from robot_runtime.runtime.ablation import Ablation, INPUTS
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.command_kinds import apart_of
from robot_runtime.runtime.inference import Inference, Proposal
from robot_runtime.runtime.joint_streams import joint_stream
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy, PolicyError
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
    parameters.Parameter('ablation', 'none', f'Input to take away: {", ".join(INPUTS)}.'),
    parameters.Parameter('delay_ms', 0.0, '[ms] Least time of an inference.', 0.0, 10000.0),
)
MISSED = 'POLICY was entered before this policy was there: ask for mode/hold, then mode/policy'


class PolicyNode:
    """Wires topics to `runtime.inference` and its proposals to control."""

    def __init__(self, node: ManagedNode, values: dict[str, Any], stop: StopFlag) -> None:
        self._node, self._stop, self._clock = node, stop, clock_of(node)
        self._robot = load_robot(values['robot'])
        folder = model_folder(values['policy'])
        check_pin(folder, self._robot.policy)
        policy = OnnxPolicy.load(folder, values['provider'])
        self._inference = Inference(policy, self._robot)
        self._ablation = Ablation(values['ablation'])
        self._least_ns = round(values['delay_ms'] * MILLISECOND)
        self._card = policy.card
        self._period_ns = round(self._card.schedule.period_s * 1e9)
        self._stream, self._apart = joint_stream(self._robot), apart_of(self._robot)
        self._states: deque[Sample[Measured]] = deque(maxlen=STATES)
        self._objects: Sample[Floats] | None = None
        self._instruction: str | None = None
        self._listening = Listening()
        self._missing: tuple[str, ...] = ()
        self._complaints: dict[str, str] = {}  # by what they are about; a cured one is taken out
        self._said = ''
        self._latencies_ms: deque[float] = deque(maxlen=1000)
        self._inferences = self._failures = 0
        # Beside the loop, which goes on taking frames: none is written over, none looks fresh
        self._worker = ThreadPoolExecutor(1, 'inference')
        self._pending: tuple[Future[Proposal | Missing], int] | None = None
        self._next_ns = self._status_at = 0
        self._ros_time, self._qos = RosTime(node, self._clock), QosWatch(node)
        self._wire()

    def _wire(self) -> None:
        node, robot = self._node, self._robot
        self._joints = node.create_subscription(
            JointState, robot.topics.joint_states, polling.unused, qos.SENSOR
        )
        self._cameras = {one.name: CameraTap(node, one, robot.timeouts) for one in robot.cameras}
        self._start_checks = {
            camera.name: StartCheck(node, camera.topic) for camera in robot.cameras
        }
        self._object_poses = node.create_subscription(
            PoseArray, 'sim/objects', polling.unused, qos.SENSOR
        )
        self._instructions = node.create_subscription(
            String, '~/instruction', polling.unused, qos.LATCHED
        )
        self._control = node.create_subscription(
            DiagnosticArray, 'control_node/status', polling.unused, qos.STATUS
        )
        self._chunk_out = node.create_publisher(JointTrajectory, '~/chunk', qos.INTERNAL)
        self._status_out = StatusOut(node, 'inference', robot.name)
        self._services = polling.ServicePoller(node)

    def run(self) -> int:
        """Infer on a grid of the card's period while control is in POLICY or SHADOW."""
        now = self._clock.now_ns()
        while not self._stop.set and not self._node.leaving:
            before = now
            reached = self._wait(now + POLL_NS)
            now = self._clock.now_ns()
            if self._ros_time.read()[1] or now < before:
                self._forget(now)
            self._complaints['clock'] = self._ros_time.said() if reached else silence(self._clock)
            self._complaints['connections'] = self._qos.look_from_start(now, not self._listening)
            now = self._read_inputs()
            self._services.serve_one()
            self._take_result()
            wanted = self._node.active and self._listening
            if wanted and now >= self._next_ns and self._pending is None:
                self._next_ns = max(self._next_ns + self._period_ns, now)
                self._infer(now)
            if now - self._status_at >= STATUS_NS or not reached:
                self._publish_status(now)
        return 0

    def activate(self) -> None:
        """Infer while control is in POLICY or SHADOW, from its next entry on."""
        if problem := self._qos.look_at_all():
            raise NodeError(problem)
        self._listening.restart()

    def deactivate(self) -> None:
        """Stop inferring; what is being inferred is not sent."""
        self._pending = None

    def close(self) -> None:
        """End the worker when it has done its last inference."""
        self._worker.shutdown(wait=False)

    def _wait(self, deadline_ns: int) -> bool:
        """Sleep until the deadline, or until an inference is done; False: there is no /clock."""
        if self._pending is None:
            return self._clock.sleep_until(deadline_ns)
        wait([self._pending[0]], POLL_NS / 1e9)
        return self._clock.sleep_until(self._clock.now_ns())

    def _forget(self, now: int) -> None:
        """Forget what was seen, and what is made of it: time was set."""
        self._pending = None
        self._stream = joint_stream(self._robot)
        self._states.clear()
        self._objects = None
        for camera in self._cameras.values():
            camera.forget()
        self._next_ns = self._status_at = now

    def _times(self) -> tuple[int, int]:
        return self._clock.now_ns(), self._node.get_clock().now().nanoseconds

    def _read_inputs(self) -> int:
        for message in polling.drain(self._joints):
            self._take_state(message, *self._times())  # anew: we may be held up in between
        known = self._stream.position
        position = None if known is None else known.value
        for name, camera in self._cameras.items():
            now, ros_now = self._times()
            problem = camera.poll(now, ros_now, position)
            self._start_checks[name].look(problem, now)
            about = f'camera {name}'
            if bool(problem) != bool(self._complaints.get(about)) and problem is not None:
                self._status_at = 0  # told at once
            if problem is not None:
                self._complaints[about] = problem
        poses = polling.newest(self._object_poses)
        if poses is not None:
            stamp_ns = conversions.nanoseconds(poses.header.stamp)
            self._objects = Sample(self._clock.now_ns(), stamp_ns, conversions.poses(poses))
        instruction = polling.newest(self._instructions)
        if instruction is not None:
            self._instruction = str(instruction.data)
        status = polling.newest(self._control)
        if status is not None:
            if self._listening.begins(conversions.status_values(status)):
                self._next_ns = 0
                self._ablation.restart()
            self._complaints['control'] = MISSED if self._listening.missed else ''
            if not self._listening:
                self._missing = ()
        return self._clock.now_ns()

    def _take_state(self, message: JointState, now: int, ros_now: int) -> None:
        problem = conversions.take_joints(self._stream, message, now, ros_now)
        if problem is not None:
            topic = self._robot.topics.joint_states
            self._complaints['joint states'] = f'{topic}: {problem}' if problem else ''
        sample = self._stream.sample
        if sample is not None and (not self._states or sample is not self._states[-1]):
            self._states.append(sample)

    def _infer(self, now: int) -> None:
        images = {
            name: tap.sample for name, tap in self._cameras.items() if tap.sample is not None
        }
        inputs = Inputs(tuple(self._states), images, self._objects, self._instruction)
        seen = self._ablation.apply(inputs)
        self._pending = self._worker.submit(self._propose, seen, now), now

    def _propose(self, inputs: Inputs, now: int) -> Proposal | Missing:
        """Infer, on the worker's thread."""
        steady = SteadyClock()
        begun_ns = steady.now_ns()
        result = self._inference.propose(inputs, now)
        if self._least_ns and isinstance(result, Proposal):
            steady.sleep_until(begun_ns + self._least_ns)
        return result

    def _take_result(self) -> None:
        if self._pending is None or not self._pending[0].done():
            return
        future, begun_ns = self._pending
        self._pending = None
        try:
            result = future.result()
        except PolicyError as error:
            self._complaints['graph'] = str(error)
            return
        if isinstance(result, Missing):
            self._status_at = self._status_at if self._missing else 0
            self._missing = result.names
            return
        self._missing = ()
        self._inferences += 1
        self._publish_chunk(result)
        self._latencies_ms.append((self._clock.now_ns() - begun_ns) / 1e6)

    def _publish_chunk(self, proposal: Proposal) -> None:
        self._complaints['graph'] = ''
        if not np.isfinite(proposal.rows).all():
            self._failures += 1
            who = f'the graph of {self._card.name}'
            self._complaints['graph'] = f'{who} gave values that are not finite'
        self._chunk_out.publish(
            conversions.chunk_message(
                proposal.stamp_ns, self._robot.joint_names, proposal.rows, proposal.step_ns,
                *self._apart,
            )  # fmt: skip
        )

    def _word(self, missing: str) -> str:
        """Return in one word what this node does."""
        if not self._node.active:
            return 'inactive'
        return 'waiting' if missing else ('running' if self._listening else 'ready')

    def _publish_status(self, now: int) -> None:
        self._status_at, missing = now, ', '.join(self._missing)
        latencies = np.array(self._latencies_ms or [0.0])
        wrong = [f'missing: {missing}'] if missing else []
        wrong += [text for text in self._complaints.values() if text]
        message = '; '.join(wrong)
        if message != self._said and message:
            self._node.get_logger().warning(message)
        self._said = message
        values: dict[str, Any] = {
            'state': self._word(missing),
            'policy': self._card.name,
            'instruction': self._instruction or '',
            'inferences': self._inferences,
            'not_finite': self._failures,
            'inference_p50_ms': round(float(np.percentile(latencies, 50)), 3),
            'inference_p99_ms': round(float(np.percentile(latencies, 99)), 3),
            'message': message,
        }
        for name, camera in self._cameras.items():
            values[f'frames_received_{name}'] = camera.received
            values[f'frames_lost_{name}'] = camera.lost
            values[f'frames_left_out_{name}'] = camera.left_out
            values[f'frames_wrong_{name}'] = camera.wrong
            values[f'stamps_{name}'] = ' '.join(map(str, camera.stamps_ns))
            delays = np.percentile(camera.delays_ms or [0.0], (50, 99))
            values[f'delay_p50_ms_{name}'], values[f'delay_p99_ms_{name}'] = delays.round(3)
        text, level = message or values['state'], WARN if message else OK
        self._status_out.publish(now, level, text, values, self._parts)

    def _parts(self) -> Iterator[Part]:
        for name in self._cameras:
            yield part(f'camera {name}', self._complaints.get(f'camera {name}') or '')
        yield part('connections', self._complaints.get('connections') or '', ERROR)
        yield part('clock', self._complaints.get('clock') or '')


def main(args: list[str] | None = None) -> None:
    """Run the policy until SIGINT or SIGTERM."""
    sys.exit(run_managed('policy_node', PolicyNode, PARAMETERS, args))


if __name__ == '__main__':
    main()
