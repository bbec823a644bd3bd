"""The safety gate as a process: only what it verified reaches a controller."""

from dataclasses import replace
from functools import partial
import sys
from typing import Any

from robot_runtime.core import gate, gate_hang, gate_watches
from robot_runtime.core.gate import Phase
from robot_runtime.core.gate_reset import reset_from_measured
from robot_runtime.core.gate_state import UNMEASURED
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.own_resets import OwnResets
from robot_runtime.core.pacing import TickStats
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Motion
from robot_runtime.ros import adapters, conversions, parameters, polling, qos, realtime_class
from robot_runtime.ros.gate_journal import GateJournal
from robot_runtime.ros.gate_status import GateStatus
from robot_runtime.ros.graph_watch import GraphWatch
from robot_runtime.ros.managed_node import ManagedNode, run_managed
from robot_runtime.ros.one_sender import OneSender
from robot_runtime.ros.permit_taps import EstopTap, PermitTaps
from robot_runtime.ros.ros_time import RosTime
from robot_runtime.ros.shutdown import NodeError, StopFlag
from robot_runtime.ros.sim_clock import clock_of, silence, stands
from robot_runtime.ros.start_check import StartCheck
from robot_runtime.ros.ticks import ticks
from robot_runtime.ros.timed_outputs import clock_set, overtaken
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.joint_streams import joint_stream
from robot_runtime.runtime.robot_file import load_robot
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

MILLISECOND = 1_000_000
STATUS_NS, STATE_NS = 100 * MILLISECOND, 20 * MILLISECOND
REST_WITHIN_NS, YOUNG_NS = 3_000 * MILLISECOND, 5_000 * MILLISECOND
INACTIVE, COMMAND = 'the gate was deactivated', 'control_node/command'


class SafetyNode:
    """Wires topics to `core.gate` and its answers to the controllers."""

    def __init__(self, node: ManagedNode, values: dict[str, Any], stop: StopFlag) -> None:
        self._node, self._stop, self._clock = node, stop, clock_of(node)
        self._robot = load_robot(values['robot'])
        self._names = self._robot.joint_names
        self._period_ns = round(1e9 / values['rate_hz'])
        self._realtime = realtime_class.enter(node, values)
        # Simulated time leaps ahead when the simulator makes up for a stall: no fault of ours.
        self._steady = isinstance(self._clock, SteadyClock)
        asked = self._realtime.fifo and self._steady, values['speed'], values['space']
        self._config = gate_config(self._robot, self._period_ns, *asked)
        self._state = gate.initial(self._config, self._clock.now_ns())
        self._stream = joint_stream(self._robot)
        self._measured: Sample[Floats] | None = None
        self._complaint, self._stats = '', TickStats()
        self._own_resets, self._state_at, self._status_at = OwnResets(), 0, 0
        quarter, silent, back = self._period_ns // 4, self._on_silence, self._on_set_back
        self._grid = ticks(self._clock, quarter, self._stats, silent, back)
        self._journal = GateJournal(node, len(self._names))
        self._ros_time = RosTime(node, self._clock)
        self._graph = GraphWatch(node, [out.topic for out in self._robot.topics.command.values()])
        self._start_check = StartCheck(node, self._robot.topics.joint_states)
        if rival := self._graph.before_start():
            self.close()
            raise NodeError(rival)
        self._begun_ns = self._clock.now_ns()
        self._wire()

    def _wire(self) -> None:
        node, robot, config = self._node, self._robot, self._config
        self._outputs = adapters.outputs(
            node, robot, config.limits, config.period_ns, config.budget_ns
        )
        self._commands = node.create_subscription(
            JointTrajectory, COMMAND, polling.unused, qos.INTERNAL
        )
        self._sender = OneSender(node, COMMAND)
        self._joints = node.create_subscription(
            JointState, robot.topics.joint_states, polling.unused, qos.SENSOR
        )
        self._permits = PermitTaps(node, robot.permits)
        self._estop = EstopTap(node, robot.estop.topic)
        self._state_out = node.create_publisher(JointTrajectory, '~/state', qos.LATCHED)
        self._status = GateStatus(node, robot.name, config, self._realtime.fifo, self._stats)
        node.create_service(Trigger, '~/estop', self._on_estop)
        for name, act in (('reset', gate.reset), ('reset_from_measured', reset_from_measured)):
            node.create_service(Trigger, f'~/{name}', partial(self._on_reset, act))
        self._services = polling.ServicePoller(node)
        node.get_logger().info(f'guards {robot.name}')  # the first line takes 7 ms

    def run(self) -> int:
        """Verify until told to stop; brake to rest first. Return the exit code."""
        self._stop_since = now = self._clock.now_ns()
        for now in self._grid:
            if self._done(now):
                break
            self._tick(now)
        self._publish_state(now)
        self._publish_status(now)
        return 0

    def _on_silence(self) -> bool:
        """Say that there is no simulated time; return whether to wait on."""
        self._complaint = silence(self._clock)
        self._services.serve_all()
        self._publish_status(self._clock.now_ns())
        return not (self._stop.set and stands(self._clock))

    def activate(self) -> None:
        """Wait for an engagement, from where the robot then is; a latch stays."""
        if problem := self._graph.unconnected():
            raise NodeError(problem)
        state = self._state
        latched = state.latched and state.reason != INACTIVE
        new = gate.initial(self._config, self._clock.now_ns())
        self._state = replace(new, latched=latched, reason=state.reason if latched else '')

    def deactivate(self) -> None:
        """Brake to rest, then send nothing."""
        end = (now := self._clock.now_ns()) + REST_WITHIN_NS
        self._state = gate.stop(self._config, self._state, now, INACTIVE)
        for now in self._grid:
            self._tick(now)
            if self._state.rests or now > end:
                return

    def _on_set_back(self, now: int) -> None:
        """Forget all but a latch: what was heard and sent is of another run of the simulator."""
        self.activate()
        self._sender = OneSender(self._node, COMMAND)
        self._stream = joint_stream(self._robot)
        self._permits.forget()
        self._estop.forget()
        self._own_resets, self._state_at, self._status_at = OwnResets(), 0, 0
        self._graph = GraphWatch(self._node, [output.topic for output in self._outputs])

    def _done(self, now: int) -> bool:
        if not self._stop.set:
            self._stop_since = now
            return self._node.leaving
        if now == self._stop_since or self._state.state in (Phase.PASS, Phase.COAST):
            self._state = gate.stop(self._config, self._state, now, 'the gate was told to stop')
        return self._state.rests or now - self._stop_since > REST_WITHIN_NS

    def _tick(self, now: int) -> None:
        before = (self._state.state, self._state.latched)
        ros_now, step_ns = self._ros_time.read()
        if step_ns:
            self._stream.clock_set(now)
            self._state = clock_set(self._config, self._state, self._outputs, step_ns, now)
        # At once and by these two times: who sleeps later in this look is told by the next one.
        self._state = overtaken(self._config, self._state, self._outputs, now, ros_now)
        self._wake(now)
        self._read_inputs(now, ros_now)
        lacking = self._permits.lacking(now)  # before the first command is looked at
        self._state = replace(self._state, blocked=self._state.blocked or lacking)
        now = self._take_commands(now)
        self._stop_for(self._graph.look(now), now)
        self._state, sent = gate.on_tick(
            self._config, self._state, self._measured, self._estop.newest, now, lacking
        )
        for motion in sent:
            self._send(motion, now)
            self._journal.write(now, self._state, self._measured, None, motion)
        for output in self._outputs:
            output.flush()
        self._services.serve_one()
        self._reset_by_itself(now)
        changed = before != (self._state.state, self._state.latched)
        if self._state.latched and not before[1]:
            self._say_why()
        coasts = sent and self._state.state is Phase.COAST  # the loop must know at once
        if changed or coasts or now - self._state_at >= STATE_NS:
            self._publish_state(now)
        if changed or now - self._status_at >= STATUS_NS:
            self._publish_status(now)

    def _reset_by_itself(self, now: int) -> None:
        may = self._node.active and not self._stop.set
        if self._own_resets.due(self._state, now) and may:
            self._state, ok, _ = gate.reset(self._config, self._state, self._measured, now)
            self._own_resets.done(ok, now)

    def _read_inputs(self, now: int, ros_now: int) -> None:
        problem = None
        for message in polling.drain(self._joints):
            said = conversions.take_joints(self._stream, message, now, ros_now)
            if said is not None:
                problem = f'{self._robot.topics.joint_states}: {said}' if said else ''
        self._measured = self._stream.position
        self._state = gate_watches.sense(self._config, self._state, self._stream.sample, now)
        self._start_check.look(problem, now)
        self._complaint = self._complaint if problem is None else problem
        self._estop.take(now)

    def _take_commands(self, now: int) -> int:
        """Take what waits, each at its own time: we may be held up in between. Return the last."""
        for message, second in self._sender.alone(self._commands, now):
            now = self._clock.now_ns()
            self._wake(now)
            self._stop_for(second, now)
            if self._node.active:
                self._take_command(message, now)
        return now

    def _stop_for(self, problem: str, now: int) -> None:
        """Brake and latch because of `problem`; who has just started and sent nothing, ends."""
        young = now - self._begun_ns < YOUNG_NS and self._state.motion is None
        if problem and young:
            raise NodeError(problem)
        if problem:
            self._state = gate.stop(self._config, self._state, now, problem)

    def _say_why(self) -> None:
        state = self._state
        if state.reason.startswith(UNMEASURED):
            why = self._complaint or self._stream.late(self._clock.now_ns())
            self._state = replace(state, reason=f'{state.reason}; {why}' if why else state.reason)
        self._node.get_logger().error(f'brakes and latches: {self._state.reason}')

    def _take_command(self, message: JointTrajectory, now: int) -> None:
        try:
            command = conversions.command_from(message, self._names, self._period_ns)
        except JointNameError as error:
            reason = f'control_node/command: {error}'
            self._state = gate.stop(self._config, self._state, now, reason)
            return
        before = self._state
        self._state, motion = gate.on_command(self._config, before, command, self._measured, now)
        self._journal.write(now, self._state, self._measured, command, motion)
        if motion is None:
            return
        for step in gate.lost(self._config, before, command):
            self._journal.write(now, self._state, self._measured, None, step)
            self._send(step, now)
        self._send(motion, now)

    def _wake(self, now: int) -> None:
        """Give the robot's place up where our own sleep has lost it; simulated time may leap."""
        if self._steady:
            self._state = gate_hang.woken(self._config, self._state, now)

    def _send(self, motion: Motion, now: int) -> None:
        if self._steady and self._clock.now_ns() - now > gate_hang.DRIVER_NS:
            return  # we slept since it was verified: the next look gives the place up
        for output in self._outputs if self._node.active else ():
            if output.ends or self._state.motion is not None:  # core/gate_left.py
                output.send(motion)

    def _publish_state(self, now: int) -> None:
        self._state_at, state = now, self._state
        if state.motion is not None:
            last = Command(state.epoch_ns, state.tick, state.motion)
            message = conversions.command_message(last, self._names, self._period_ns)
            self._state_out.publish(message)

    def _publish_status(self, now: int) -> None:
        self._status_at, self._status.clock = now, self._ros_time.said()
        self._status.connections = self._graph.said
        self._status.publish(
            now, self._state, self._complaint, active=int(self._node.active),
            own_resets=self._own_resets.count,
            joint_states=self._complaint or ('ok' if self._measured else 'none yet'),
        )  # fmt: skip

    def _on_estop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        now = self._clock.now_ns()
        self._state = gate.estop(self._config, self._state, now, 'e-stop by service')
        response.success, response.message = True, 'the gate brakes to rest and stays latched'
        return response

    def _on_reset(
        self, act: Any, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if not self._node.active:
            response.message = 'inactive: call `ros2 lifecycle set safety_node activate` first'
            return response
        now = self._clock.now_ns()
        self._state, response.success, response.message = act(
            self._config, self._state, self._measured, now
        )
        return response

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._journal.close()


def main(args: list[str] | None = None) -> None:
    """Run the safety gate until SIGINT or SIGTERM."""
    sys.exit(run_managed('safety_node', SafetyNode, parameters.LOOP, args))


if __name__ == '__main__':
    main()
