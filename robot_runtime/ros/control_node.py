"""The real-time loop as a process: chunks in, one smooth and bounded command per tick out."""

import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from robot_runtime.core import control
from robot_runtime.core.chunk import Chunk, ChunkError
from robot_runtime.core.gate_state import COMMAND_LATE
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.pacing import TickStats
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats, Motion
from robot_runtime.ros import conversions, parameters, polling, qos, realtime_class
from robot_runtime.ros.control_journal import ControlJournal
from robot_runtime.ros.managed_node import ManagedNode, run_managed
from robot_runtime.ros.mode_services import ModeServices
from robot_runtime.ros.shutdown import StopFlag
from robot_runtime.ros.sim_clock import clock_of, silence, stands
from robot_runtime.ros.ticks import ticks
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.loop_config import control_config, placed
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
STATUS_NS = 100 * MILLISECOND
ENGAGE_WITHIN_NS = 500 * MILLISECOND
LATE_STOP = f'the gate is latched: {COMMAND_LATE}'
REST_WITHIN_NS = 3_000 * MILLISECOND
PARAMETERS = (
    *parameters.LOOP,
    parameters.Parameter('policy', 'scripted_pick', 'Model folder: its card has the schedule.'),
)


class ControlNode:
    """Wires topics to `core.control.step` and its command to the gate."""

    def __init__(self, node: ManagedNode, values: dict[str, Any], stop: StopFlag) -> None:
        self._node, self._stop, self._clock = node, stop, clock_of(node, by_grid=True)
        self._robot = load_robot(values['robot'])
        self._names = self._robot.joint_names
        self._period_ns = round(1e9 / values['rate_hz'])
        card = load_card(model_folder(values['policy']))
        check_robot(card, self._robot)
        self._outputs = card.output
        self._realtime = realtime_class.enter(node, values)
        self._config = control_config(self._robot, card, self._period_ns, values['speed'])
        self._state = control.initial(self._config)
        self._measured: Sample[Floats] | None = None
        self._gate_motion: Motion | None = None
        self._gate: dict[str, str] | None = None
        self._events: list[Event] = []
        self._complaint = self._notice = ''
        self._asked_ns = 0
        self._chunks_taken = self._chunks_refused = self._late_ticks = self._ticks = 0
        self._active = 0  # joints that a limit held back in the last tick
        self._stats = TickStats()
        silent, back = self._on_silence, self._on_set_back
        self._grid = ticks(self._clock, self._period_ns, self._stats, silent, back)
        self._status_at = 0
        self._stop_since: int | None = None
        self._journal = ControlJournal(node, len(self._names))
        self._wire()

    def _wire(self) -> None:
        node = self._node
        self._joints = node.create_subscription(
            JointState, self._robot.topics.joint_states, _unused, qos.SENSOR
        )
        self._chunks = node.create_subscription(
            JointTrajectory, 'policy_node/chunk', _unused, qos.INTERNAL
        )
        self._gate_states = node.create_subscription(
            JointTrajectory, 'safety_node/state', _unused, qos.LATCHED
        )
        self._gate_status = node.create_subscription(
            DiagnosticArray, 'safety_node/status', _unused, qos.STATUS
        )
        self._command_out = node.create_publisher(
            JointTrajectory, '~/command', qos.INTERNAL
        )
        self._status_out = node.create_publisher(DiagnosticArray, '~/status', qos.STATUS)
        ModeServices(node, self._events, lambda: self._state.mode, lambda: self._gate)
        self._services = polling.ServicePoller(node)

    def run(self) -> int:
        """Tick until told to stop, then ramp to rest. Return the exit code."""
        for now in self._grid:
            if self._done(now):
                break
            self._tick(now)
        return 0

    def activate(self) -> None:
        """Enter HOLD as soon as the gate is ready."""

    def deactivate(self) -> None:
        """Ramp to rest and stay in IDLE."""
        self._events.append(Event.DISABLE)
        end = self._clock.now_ns() + REST_WITHIN_NS
        for now in self._grid:
            self._tick(now)
            if self._state.mode in (Mode.IDLE, Mode.FAULT) or now > end:
                return

    def _on_silence(self) -> bool:
        """Say that there is no simulated time; return whether to wait on."""
        self._complaint = silence(self._clock)
        self._services.serve_all()
        self._publish_status(self._clock.now_ns())
        return not (self._stop.set and stands(self._clock))

    def _on_set_back(self, now: int) -> None:
        """Forget all: what was heard and sent belongs to another run of the simulator."""
        self._state = control.initial(self._config)
        self._measured = self._gate_motion = self._gate = None
        self._events.clear()
        self._status_at = self._asked_ns = 0

    def _done(self, now: int) -> bool:
        if not self._stop.set:
            return self._node.leaving
        if self._stop_since is None:
            self._stop_since = now
            self._events.append(Event.HOLD)
        motion = self._state.motion
        at_rest = motion is None or not motion.moves
        quiet = self._state.mode in (Mode.IDLE, Mode.FAULT)
        return (at_rest and self._state.mode is not Mode.POLICY) or quiet or (
            now - self._stop_since > REST_WITHIN_NS
        )

    def _tick(self, now: int) -> None:
        ros_now = self._node.get_clock().now().nanoseconds
        chunks = self._read_inputs(now, ros_now)
        events = tuple(self._events)
        self._events.clear()
        inputs = control.ControlInputs(self._measured, chunks, events, self._gate_view())
        mode = self._state.mode
        self._state, command, report = control.step(
            self._config, self._state, inputs, now, ros_now
        )
        if command is not None:
            self._ticks += 1
            self._command_out.publish(
                conversions.command_message(command, self._names, self._period_ns)
            )
        self._late_ticks += int(report.late)
        self._active = int((report.active != 0).sum())
        self._notice = report.refused[-1] if report.refused else self._notice
        self._journal.tick(now, ros_now, self._measured, events, self._state, command, report)
        self._services.serve_one()
        if self._state.mode is not mode or now - self._status_at >= STATUS_NS:
            self._publish_status(now)

    def _read_inputs(self, now: int, ros_now: int) -> tuple[Chunk, ...]:
        for message in polling.drain(self._joints):
            try:
                self._measured = conversions.joint_positions(message, self._names, now)
                self._complaint = ''
            except JointNameError as error:
                self._complaint = f'{self._robot.topics.joint_states}: {error}'
        status = polling.newest(self._gate_status)
        if status is not None:
            self._gate = conversions.status_values(status)
        state = polling.newest(self._gate_states)
        if state is not None:
            point = state.points[0]
            self._gate_motion = Motion(
                *(
                    conversions.ordered(state.joint_names, values, self._names)
                    for values in (point.positions, point.velocities, point.accelerations)
                )
            )
        self._engage(now)
        chunks = []
        for message in polling.drain(self._chunks):
            try:
                chunk = conversions.chunk_from(message, self._names, now - ros_now)
                chunks.append(placed(chunk, self._outputs, now))
                self._chunks_taken += 1
            except (JointNameError, ChunkError, ValueError) as error:
                self._chunks_refused += 1
                self._complaint = f'policy_node/chunk: {error}'
        return tuple(chunks)

    def _engage(self, now: int) -> None:
        """Ask for an engagement where there should be one; the gate may have missed the first."""
        gate, mode = self._gate, self._state.mode
        if not self._node.active or self._stop.set or gate is None or gate['latched'] == '1':
            return
        waits = gate['state'] in ('IDLE', 'REST')
        if waits and mode is Mode.FAULT and self._state.fault.startswith(LATE_STOP):
            self._events.append(Event.RESET)  # the gate let go of it by itself
        if not waits or gate['joint_states'] != 'ok':
            self._asked_ns = now
        elif mode is Mode.IDLE:
            self._events.append(Event.ENABLE)
            self._asked_ns = now
        elif mode in (Mode.HOLD, Mode.POLICY) and now - self._asked_ns > ENGAGE_WITHIN_NS:
            # It missed the first command, or let go of us while we hung: from IDLE once more,
            # with a new epoch; POLICY is not entered again.
            self._events.append(Event.DISABLE)
            self._asked_ns = now

    def _gate_view(self) -> control.GateView | None:
        if self._gate is None:
            return None
        motion = self._gate_motion
        if motion is None and self._measured is not None:
            motion = Motion.at_rest(self._measured.value)
        if motion is None:
            return None
        return control.GateView(
            self._gate['state'], motion, self._gate['latched'] == '1', self._gate['reason']
        )

    def _publish_status(self, now: int) -> None:
        self._status_at = now
        values: dict[str, Any] = {
            'mode': self._state.mode.name,
            'fault': self._state.fault,
            'epoch_ns': self._state.epoch_ns,
            'policy_since_ns': self._state.policy_since_ns,
            'ticks': self._stats.ticks,
            'commands': self._ticks,
            'ticks_missed': self._stats.missed,
            'rate_hz': 1e9 / self._period_ns,
            'speed': self._config.speed,
            'lateness_p50_us': round(self._stats.percentile(50.0) / 1e3, 1),
            'lateness_p99_us': round(self._stats.percentile(99.0) / 1e3, 1),
            'lateness_p999_us': round(self._stats.percentile(99.9) / 1e3, 1),
            'late_chunks': self._late_ticks,
            'chunks': self._chunks_taken,
            'chunks_refused': self._chunks_refused,
            'notice': self._notice,
            'active_limits': self._active,
            'real_time': int(self._realtime.fifo),
            'joint_states': self._complaint or ('ok' if self._measured else 'none yet'),
            'active': int(self._node.active),
        }
        level = DiagnosticStatus.ERROR if self._state.mode is Mode.FAULT else DiagnosticStatus.OK
        text = self._state.fault or self._complaint or self._state.mode.name
        stamp = self._node.get_clock().now().to_msg()
        self._status_out.publish(
            conversions.status_message(
                stamp, 'control_node: loop', self._robot.name, ord(level), text, values
            )
        )

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._journal.close()


def _unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""


def main(args: list[str] | None = None) -> None:
    """Run the control loop until SIGINT or SIGTERM."""
    sys.exit(run_managed('control_node', ControlNode, PARAMETERS, args))


if __name__ == '__main__':
    main()
