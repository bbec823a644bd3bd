"""The safety gate as a process: only what it verified reaches a controller."""

from dataclasses import asdict
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from robot_runtime.core import gate
from robot_runtime.core.gate import Phase
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.pacing import Pacer, TickStats
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion
from robot_runtime.ros import adapters, conversions, parameters, polling, qos, realtime_class
from robot_runtime.ros.gate_journal import GateJournal
from robot_runtime.ros.shutdown import NodeError, run_node, StopFlag
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
STATUS_NS = 100 * MILLISECOND
STATE_NS = 20 * MILLISECOND
REST_WITHIN_NS = 3_000 * MILLISECOND
MINUTE_NS = 60_000 * MILLISECOND
OWN_RESETS = 3  # a minute
OWN_RESET_AFTER_NS = 300 * MILLISECOND  # so that everyone has read why the robot stopped
SECOND_GATE_NS = 1_000 * MILLISECOND


class SafetyNode:
    """Wires topics to `core.gate` and its answers to the controllers."""

    def __init__(self, node: Node, stop: StopFlag) -> None:
        values = parameters.read(node, parameters.LOOP)
        self._node, self._stop, self._clock = node, stop, SteadyClock()
        self._robot = load_robot(values['robot'])
        self._names = self._robot.joint_names
        self._period_ns = round(1e9 / values['rate_hz'])
        self._realtime = realtime_class.enter(node, values)
        budget = max(3 * self._period_ns, 10 * MILLISECOND)
        self._budget_ns = budget if self._realtime.fifo else 60 * MILLISECOND
        self._config = gate.GateConfig(
            limits=self._robot.limits(),
            names=self._names,
            period_ns=self._period_ns,
            budget_ns=self._budget_ns,
            state_timeout_ns=round(self._robot.timeouts.joint_state_s * 1e9),
            estop_required=self._robot.estop.required,
        )
        self._state = gate.initial(self._config, self._clock.now_ns())
        self._measured: Sample[Floats] | None = None
        self._estop: Sample[bool] | None = None
        self._complaint = ''
        self._stats = TickStats()
        self._own_resets: list[int] = []
        self._rest_since = 0
        self._journal = GateJournal(node, len(self._names))
        self._wire()

    def _wire(self) -> None:
        node, robot = self._node, self._robot
        self._outputs = adapters.outputs(node, robot, self._period_ns)
        self._commands = node.create_subscription(
            JointTrajectory, 'control_node/command', _unused, qos.INTERNAL
        )
        self._joints = node.create_subscription(
            JointState, robot.topics.joint_states, _unused, qos.SENSOR
        )
        self._estops = node.create_subscription(Bool, robot.estop.topic, _unused, qos.INTERNAL)
        self._state_out = node.create_publisher(JointTrajectory, '~/state', qos.LATCHED)
        self._status_out = node.create_publisher(DiagnosticArray, '~/status', qos.STATUS)
        node.create_service(Trigger, '~/estop', self._on_estop)
        node.create_service(Trigger, '~/reset', self._on_reset)
        self._services = polling.ServicePoller(node)

    def run(self) -> int:
        """Verify until told to stop; brake to rest first. Return the exit code."""
        quarter = self._period_ns // 4
        now = self._clock.now_ns()
        pacer = Pacer(quarter, now + quarter)
        self._state_at = self._status_at = 0
        first = now
        looked = False
        while not self._done(now):
            self._clock.sleep_until(pacer.deadline_ns)
            now = self._clock.now_ns()
            self._stats.record(now - pacer.deadline_ns)
            self._tick(now)
            self._stats.missed += pacer.advance(self._clock.now_ns())
            if not looked and now - first > SECOND_GATE_NS:
                looked = True
                self._refuse_second_gate()
        self._publish_state(now)
        self._publish_status(now)
        return 0

    def _done(self, now: int) -> bool:
        if not self._stop.set:
            self._stop_since = now
            return False
        if now == self._stop_since or self._state.state in (Phase.PASS, Phase.COAST):
            self._state = gate.stop(self._config, self._state, now, 'the gate was told to stop')
        at_rest = self._state.state in (Phase.IDLE, Phase.REST)
        return at_rest or now - self._stop_since > REST_WITHIN_NS

    def _tick(self, now: int) -> None:
        before = (self._state.state, self._state.latched)
        self._read_inputs(now)
        for message in polling.drain(self._commands):
            self._take_command(message, now)
        self._state, sent = gate.on_tick(
            self._config, self._state, self._measured, self._estop, now
        )
        for motion in sent:
            self._send(motion)
            self._journal.write(now, self._state, self._measured, None, motion)
        self._services.serve_one()
        self._reset_by_itself(now)
        changed = before != (self._state.state, self._state.latched)
        if changed or now - self._state_at >= STATE_NS:
            self._publish_state(now)
        if changed or now - self._status_at >= STATUS_NS:
            self._publish_status(now)

    def _reset_by_itself(self, now: int) -> None:
        # A stop because of lateness alone says nothing of the robot: three a minute are let go.
        state = self._state
        late = state.latched and state.reason.startswith(gate.COMMAND_LATE)
        if not late or state.state is not Phase.REST or self._stop.set:
            self._rest_since = now
        if now - self._rest_since < OWN_RESET_AFTER_NS:
            return
        recent = [at for at in self._own_resets if now - at < MINUTE_NS]
        if len(recent) < OWN_RESETS:
            self._state, ok, _ = gate.reset(self._config, state, self._measured, now)
            self._own_resets = [*recent, now] if ok else recent

    def _read_inputs(self, now: int) -> None:
        for message in polling.drain(self._joints):
            try:
                self._measured = conversions.joint_positions(message, self._names, now)
                self._complaint = ''
            except JointNameError as error:
                self._complaint = f'{self._robot.topics.joint_states}: {error}'
        flag = polling.newest(self._estops)
        if flag is not None:
            self._estop = Sample(now, 0, bool(flag.data))

    def _take_command(self, message: JointTrajectory, now: int) -> None:
        try:
            command = conversions.command_from(message, self._names, self._period_ns)
        except JointNameError as error:
            reason = f'control_node/command: {error}'
            self._state = gate.stop(self._config, self._state, now, reason)
            return
        self._state, motion = gate.on_command(
            self._config, self._state, command, self._measured, now
        )
        self._journal.write(now, self._state, self._measured, command, motion)
        if motion is not None:
            self._send(motion)

    def _send(self, motion: Motion) -> None:
        for output in self._outputs:
            output.send(motion)

    def _publish_state(self, now: int) -> None:
        self._state_at = now
        state = self._state
        if state.motion is None:
            return
        point = conversions.motion_point(state.motion, state.tick * self._period_ns)
        message = JointTrajectory(joint_names=list(self._names), points=[point])
        message.header.stamp = conversions.time_message(state.epoch_ns)
        self._state_out.publish(message)

    def _publish_status(self, now: int) -> None:
        self._status_at = now
        state = self._state
        values: dict[str, Any] = {
            'state': state.state.name,
            'latched': int(state.latched),
            'reason': state.reason,
            **asdict(state.counters),
            'budget_ms': self._budget_ns / MILLISECOND,
            'real_time': int(self._realtime.fifo),
            'lateness_p99_us': round(self._stats.percentile(99.0) / 1e3, 1),
            'lateness_p999_us': round(self._stats.percentile(99.9) / 1e3, 1),
            'own_resets': len(self._own_resets),
            'joint_states': self._complaint or ('ok' if self._measured else 'none yet'),
        }
        level = DiagnosticStatus.ERROR if state.latched else DiagnosticStatus.OK
        text = state.reason or self._complaint or state.state.name
        stamp = self._node.get_clock().now().to_msg()
        self._status_out.publish(
            conversions.status_message(
                stamp, 'safety_node: gate', self._robot.name, ord(level), text, values
            )
        )

    def _on_estop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        now = self._clock.now_ns()
        self._state = gate.estop(self._config, self._state, now, 'e-stop by service')
        response.success, response.message = True, 'the gate brakes to rest and stays latched'
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        now = self._clock.now_ns()
        self._state, ok, sentence = gate.reset(self._config, self._state, self._measured, now)
        response.success, response.message = ok, sentence
        return response

    def _refuse_second_gate(self) -> None:
        for topic in [output.topic for output in self._outputs]:
            others = self._node.get_publishers_info_by_topic(topic)
            if len(others) > 1:
                names = sorted(info.node_name for info in others)
                raise NodeError(
                    f'{len(others)} publishers ({", ".join(names)}) on {topic}; only one gate may '
                    'command a controller: end the other one or use another ROS_DOMAIN_ID'
                )

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._journal.close()


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""


def _body(node: Node, stop: StopFlag) -> int:
    safety = SafetyNode(node, stop)
    try:
        return safety.run()
    finally:
        safety.close()


def main(args: list[str] | None = None) -> None:
    """Run the safety gate until SIGINT or SIGTERM."""
    sys.exit(run_node('safety_node', _body, args))


if __name__ == '__main__':
    main()
