"""The real-time loop as a process: chunks in, one smooth and bounded command per tick out."""

from dataclasses import replace
import sys
from typing import Any

from robot_runtime.core import control
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.coast import hold_ticks
from robot_runtime.core.control_events import refusal
from robot_runtime.core.held_up import slept
from robot_runtime.core.mode import ENGAGED, Event, LATCHED, Mode, MOVING
from robot_runtime.core.pacing import TickStats
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, parameters, polling, qos, realtime_class
from robot_runtime.ros.chunk_tap import ChunkTap
from robot_runtime.ros.control_journal import ControlJournal
from robot_runtime.ros.control_status import ControlStatus
from robot_runtime.ros.gate_tap import GateTap
from robot_runtime.ros.managed_node import ManagedNode, run_managed
from robot_runtime.ros.mode_services import ModeServices
from robot_runtime.ros.qos_watch import QosWatch
from robot_runtime.ros.ros_time import RosTime
from robot_runtime.ros.shutdown import NodeError, StopFlag
from robot_runtime.ros.sim_clock import clock_of, silence, stands
from robot_runtime.ros.teleop_tap import TeleopTap
from robot_runtime.ros.ticks import ticks
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.command_kinds import apart_of
from robot_runtime.runtime.gate_config import budget_ns
from robot_runtime.runtime.home_profile import HomeError, HomeProfile
from robot_runtime.runtime.joint_streams import joint_stream
from robot_runtime.runtime.loop_config import control_config, home_of
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
ENGAGE_WITHIN_NS = 500 * MILLISECOND
REST_WITHIN_NS = 3_000 * MILLISECOND
PARAMETERS = (
    *parameters.LOOP,
    parameters.Parameter('policy', 'scripted_pick', 'Model folder: its card has the schedule.'),
    parameters.Parameter(
        'teleop_timeout_s', 0.2, '[s] Silence after which TELEOP ends in HOLD.', 0.02, 2.0
    ),
    parameters.Parameter(
        'start_envelope', True, 'Refuse POLICY outside the start pose of the card.'
    ),
    parameters.Parameter('step', False, 'Each chunk waits until mode/step confirms it.'),
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
        self._config = control_config(
            self._robot, card, self._period_ns, values['speed'],
            start_envelope=values['start_envelope'], step=values['step'],
            space=values['space'],
            teleop_timeout_s=values['teleop_timeout_s'],
        )  # fmt: skip
        self._realtime = realtime_class.enter(node, values)
        patience_ns = budget_ns(self._robot, self._period_ns, self._realtime.fifo)
        coast_ticks = hold_ticks(patience_ns, self._period_ns)
        self._config = replace(self._config, coast_ticks=coast_ticks)
        self._profile = HomeProfile(
            home_of(self._robot, card), self._robot.limits(values['speed']), self._period_ns,
            self._names,
        )
        self._home: Chunk | None = None
        self._state = control.initial(self._config)
        self._stream = joint_stream(self._robot)
        self._measured: Sample[Floats] | None = None
        self._events: list[Event] = []
        self._asked_ns = 0
        self._stats = TickStats()
        silent, back = self._on_silence, self._on_set_back
        self._grid = ticks(self._clock, self._period_ns, self._stats, silent, back)
        self._stop_since: int | None = None
        self._journal = ControlJournal(node, len(self._names))
        self._ros_time, self._qos, self._trouble = RosTime(node, self._clock), QosWatch(node), ''
        self._chunks = ChunkTap(node, self._names, card.output, *apart_of(self._robot))
        self._gate_tap = GateTap(node, self._names, self._period_ns)
        self._wire()

    def _wire(self) -> None:
        node = self._node
        self._joints = node.create_subscription(
            JointState, self._robot.topics.joint_states, polling.unused, qos.SENSOR
        )
        self._command_out = node.create_publisher(
            JointTrajectory, '~/command', qos.INTERNAL
        )
        self._status = ControlStatus(
            node, self._robot, self._config, self._realtime.fifo, self._stats
        )
        self._teleop = TeleopTap(node, self._names, self._config.teleop_timeout_ns)
        ModeServices(node, self)
        self._services = polling.ServicePoller(node)

    def run(self) -> int:
        """Tick until told to stop, then ramp to rest. Return the exit code."""
        for now in self._grid:
            if self._done(now):
                break
            self._tick(now)
        return 0

    def activate(self) -> None:
        """Enter HOLD as soon as the gate is ready; refuse what can hear nobody."""
        problem = self._qos.look_at_all()
        if problem:
            raise NodeError(problem)

    def deactivate(self) -> None:
        """Ramp to rest and stay in IDLE."""
        self._events.append(Event.DISABLE)
        end = self._clock.now_ns() + REST_WITHIN_NS
        for now in self._grid:
            self._tick(now)
            if self._state.mode in (Mode.IDLE, *LATCHED) or now > end:
                return

    @property
    def mode(self) -> Mode:
        """Return the mode of the last tick."""
        return self._state.mode

    @property
    def fault(self) -> str:
        """Return why it is latched, '' if it is not."""
        return self._state.fault

    @property
    def gate(self) -> dict[str, str] | None:
        """Return the last status of the gate."""
        return self._gate_tap.status

    def ask(self, event: Event) -> str:
        """Obey `event` at the next tick and return '', or return why not."""
        if event is Event.HOME and self._state.mode is Mode.HOLD and self._state.motion:
            try:
                self._home = self._profile.plan(self._state.motion)
            except HomeError as error:
                return str(error)
        now = self._clock.now_ns()
        problem = refusal(self._config, self._state, self._inputs(), event, now)
        if not problem:
            self._events.append(event)
        return problem

    def _on_silence(self) -> bool:
        """Say that there is no simulated time; return whether to wait on."""
        self._status.joints = silence(self._clock)
        self._services.serve_all()
        self._status.publish(self._clock.now_ns(), self._state, self._node.active)
        return not (self._stop.set and stands(self._clock))

    def _on_set_back(self, now: int) -> None:
        """Forget all: what was heard and sent belongs to another run of the simulator."""
        self._state = control.initial(self._config)
        self._stream = joint_stream(self._robot)
        self._measured = None
        self._gate_tap.forget()
        self._events.clear()
        self._asked_ns = 0
        self._status.restart()

    def _done(self, now: int) -> bool:
        if not self._stop.set:
            return self._node.leaving
        if self._stop_since is None:
            self._stop_since = now
            self._events.append(Event.HOLD)
        motion = self._state.motion
        at_rest = motion is None or not motion.moves
        quiet = self._state.mode in (Mode.IDLE, *LATCHED)
        return (at_rest and self._state.mode not in MOVING) or quiet or (
            now - self._stop_since > REST_WITHIN_NS
        )

    def _tick(self, now: int) -> None:
        ros_now, step_ns = self._ros_time.read()
        if step_ns:
            self._stream.clock_set(now)
        chunks = self._read_inputs(now, ros_now)
        teleop = self._teleop.take(now)
        unheard = self._qos.look_from_start(now, self._state.mode is Mode.IDLE)
        self._trouble = self._chunks.trouble or self._teleop.trouble or unheard
        if self._stop.set or not self._node.active:
            teleop = None  # nobody takes over a robot that is about to be left
        events = tuple(self._events)
        self._events.clear()
        inputs = self._inputs(chunks, events, teleop, step_ns)
        self._home = None
        after = control.step(self._config, self._state, inputs, now, ros_now)
        looked_ns, now = now, self._clock.now_ns()
        if slept(self._config, self._state, now) != slept(self._config, self._state, looked_ns):
            # Held up since we looked: what was computed comes too late.
            ros_now += now - looked_ns
            after = control.step(self._config, self._state, inputs, now, ros_now)
        self._state, command, report = after
        for sent in (*report.made_up, command):
            if sent is not None:
                self._command_out.publish(
                    conversions.command_message(sent, self._names, self._period_ns)
                )
        self._teleop.judged(report.teleop, report.refused)
        self._status.teleop = self._teleop.said
        self._status.clock, self._status.trouble = self._ros_time.said(), self._trouble
        self._status.clock_steps = self._ros_time.steps
        self._status.tick(report, command is not None)
        self._journal.tick(now, ros_now, self._measured, events, self._state, command, report)
        self._services.serve_one()
        self._status.publish_if_due(now, self._state, self._node.active)

    def _inputs(
        self,
        chunks: tuple[Chunk, ...] = (),
        events: tuple[Event, ...] = (),
        teleop: Sample[Floats] | None = None,
        step_ns: int = 0,
    ) -> control.ControlInputs:
        measured, felt = self._measured, self._stream.sample
        gate = self._gate_tap.view(None if measured is None else measured.value)
        return control.ControlInputs(
            measured, chunks, events, gate, teleop, self._home, self._chunks.misread,
            self._trouble, step_ns, felt and felt.value.velocity,
        )  # fmt: skip

    def _read_inputs(self, now: int, ros_now: int) -> tuple[Chunk, ...]:
        for message in polling.drain(self._joints):
            problem = conversions.take_joints(self._stream, message, now, ros_now)
            if problem is not None:
                topic = self._robot.topics.joint_states
                self._status.joints = f'{topic}: {problem}' if problem else 'ok'
        self._measured = self._stream.position
        self._gate_tap.take(now)
        if problem := self._gate_tap.gone(now):
            raise NodeError(problem)
        self._engage(now)
        chunks = self._chunks.take(now, ros_now)
        self._status.chunks, self._status.chunks_refused = (
            self._chunks.received, self._chunks.refused
        )  # fmt: skip
        return chunks

    def _engage(self, now: int) -> None:
        """Ask for an engagement where there should be one; the gate may have missed the first."""
        gate, mode = self._gate_tap.status, self._state.mode
        if not self._node.active or self._stop.set or gate is None or gate['latched'] == '1':
            return
        waits = gate['state'] in ('IDLE', 'REST')
        if waits and mode is Mode.FAULT and self._state.fault.startswith(control.LATE_STOP):
            self._events.append(Event.RESET)  # the gate let go of it by itself
        if not waits or gate['joint_states'] != 'ok':
            self._asked_ns = now
        elif mode is Mode.IDLE:
            self._events.append(Event.ENABLE)
            self._asked_ns = now
        elif mode in ENGAGED and now - self._asked_ns > ENGAGE_WITHIN_NS:
            # It missed the first command, or let go of us while we hung: from IDLE once more,
            # with a new epoch; POLICY is not entered again.
            self._events.append(Event.DISABLE)
            self._asked_ns = now

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._journal.close()


def main(args: list[str] | None = None) -> None:
    """Run the control loop until SIGINT or SIGTERM."""
    sys.exit(run_managed('control_node', ControlNode, PARAMETERS, args))


if __name__ == '__main__':
    main()
