"""The policy as a process: images, joints and instruction in, chunks of motion out."""

from collections.abc import Iterator
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Missing
from robot_runtime.ros import conversions, parameters, polling, qos
from robot_runtime.ros.input_taps import InputTaps
from robot_runtime.ros.listening import Listening
from robot_runtime.ros.managed_node import ManagedNode, run_managed
from robot_runtime.ros.qos_watch import QosWatch
from robot_runtime.ros.ros_time import RosTime
from robot_runtime.ros.shutdown import NodeError, StopFlag
from robot_runtime.ros.sim_clock import clock_of, silence
from robot_runtime.ros.status_out import ERROR, OK, Part, part, StatusOut, WARN
from robot_runtime.runtime.ablation import Ablation, INPUTS
from robot_runtime.runtime.chunk_sending import ChunkSending
from robot_runtime.runtime.command_kinds import apart_of
from robot_runtime.runtime.inference import Inference, Proposal
from robot_runtime.runtime.inference_worker import InferenceWorker
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy, PolicyError
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.runtime.schedule_timing import measured_delay_s
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
POLL_NS = 5 * MILLISECOND
STATUS_NS = 200 * MILLISECOND
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
        least_ns = round(values['delay_ms'] * MILLISECOND)
        self._worker = InferenceWorker(Inference(policy, self._robot), least_ns)
        self._ablation = Ablation(values['ablation'])
        self._card = policy.card
        delay_s = measured_delay_s(policy) if self._card.prefix else 0.0
        self._sending = ChunkSending(self._card, max(least_ns, round(delay_s * 1e9)))
        self._apart, self._memory = apart_of(self._robot), Memory()
        self._listening = Listening()
        self._missing: tuple[str, ...] = ()
        self._complaints: dict[str, str] = {}  # by what they are about; a cured one is taken out
        self._said = ''
        self._inferences = self._failures = 0
        self._status_at = 0
        self._ros_time, self._qos = RosTime(node, self._clock), QosWatch(node)
        self._wire()

    def _wire(self) -> None:
        node, robot = self._node, self._robot
        self._taps = InputTaps(
            node, robot, self._clock, self._complaints, self._card.streams
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
            if wanted and self._sending.due(now) and not self._worker.busy:
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
        self._worker.forget()

    def close(self) -> None:
        """End the worker when it has done its last inference."""
        self._worker.close()

    def _wait(self, deadline_ns: int) -> bool:
        """Sleep until the deadline, or until an inference is done; False: there is no /clock."""
        if not self._worker.busy:
            return self._clock.sleep_until(deadline_ns)
        self._worker.wait(POLL_NS)
        return self._clock.sleep_until(self._clock.now_ns())

    def _forget(self, now: int) -> None:
        """Forget what was seen, and what is made of it: time was set."""
        self._worker.forget()
        self._memory = Memory()
        self._taps.forget()
        self._status_at = now
        self._sending.restart(now)

    def _read_inputs(self) -> int:
        if self._taps.poll():
            self._status_at = 0  # told at once
        status = polling.newest(self._control)
        if status is not None:
            said = conversions.status_values(status)
            self._sending.hear(said)
            if self._listening.begins(said):
                self._worker.forget()  # what was seen before is of the last engagement
                self._sending.restart(self._clock.now_ns())
                self._ablation.restart()
                self._memory = Memory()
            self._complaints['control'] = MISSED if self._listening.missed else ''
            if not self._listening:
                self._missing = ()
        return self._clock.now_ns()

    def _infer(self, now: int) -> None:
        inputs = self._taps.inputs()
        if self._sending.begins(inputs, now):
            seen = self._ablation.apply(inputs)
            self._worker.begin(seen, now, self._memory, self._sending.sent)

    def _take_result(self) -> None:
        try:
            result = self._worker.take(self._clock.now_ns())
        except PolicyError as error:
            self._complaints['graph'] = str(error)
            return
        if result is None:
            return
        if isinstance(result, Missing):
            self._status_at = self._status_at if self._missing else 0
            self._missing = result.names
            return
        self._missing = ()
        self._memory = result.memory
        self._inferences += 1
        self._publish_chunk(result)
        self._sending.send(result, self._clock.now_ns())

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
        p50_ms, p99_ms = self._worker.latencies_ms
        wrong = [f'missing: {missing}'] if missing else []
        wrong += [text for text in self._complaints.values() if text]
        message = '; '.join(wrong)
        if message != self._said and message:
            self._node.get_logger().warning(message)
        self._said = message
        values: dict[str, Any] = {
            'state': self._word(missing),
            'policy': self._card.name,
            'instruction': self._taps.instruction or '',
            'inferences': self._inferences,
            'memory_lapses': self._memory.lapses,
            'not_finite': self._failures,
            'inference_p50_ms': p50_ms,
            'inference_p99_ms': p99_ms,
            'message': message,
        }
        for name, camera in self._taps.cameras.items():
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
        for name in self._taps.cameras:
            yield part(f'camera {name}', self._complaints.get(f'camera {name}') or '')
        yield part('connections', self._complaints.get('connections') or '', ERROR)
        yield part('clock', self._complaints.get('clock') or '')


def main(args: list[str] | None = None) -> None:
    """Run the policy until SIGINT or SIGTERM."""
    sys.exit(run_managed('policy_node', PolicyNode, PARAMETERS, args))


if __name__ == '__main__':
    main()
