"""Lockstep run: policy, loop, gate and simulated robot in one process, on simulated time."""

from collections.abc import Callable
import hashlib

import numpy as np
from robot_runtime.core import control, gate
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.gate_watches import sense
from robot_runtime.core.memory import Memory
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Motion
from robot_runtime.runtime.ablation import Ablation
from robot_runtime.runtime.chunk_sending import ChunkSending
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.loop_config import control_config, placed
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import Assignment, Conditions, Outcome
from robot_runtime.sim.plant import Plant, ROS_OFFSET_NS, SECOND
from robot_runtime.sim.task import COLOURS

BEGIN_NS = SECOND  # a steady clock is never at zero
SETTLE_NS = SECOND // 4  # in HOLD, so that every stream has come
LOOK_NS = SECOND // 5  # as often as the witness of the simulator says who is in the tray
REST_NS = SECOND


class Lockstep:
    """
    Runs episodes one after the other, as fast as it can, the same for the same assignment.

    It stands where the nodes stand: what decides is core/ and runtime/ as they run live. All
    that the graph adds is time, and here it is given: joint states at each step of physics,
    frames with a latency, chunks `delay_ns` after the inference began.
    """

    def __init__(
        self, robot: RobotFile, card: PolicyCard, inference: Inference, cell: Cell,
        conditions: Conditions,
    ) -> None:  # fmt: skip
        """Take a policy that was compared with the robot, and a cell of the same robot."""
        self._conditions, self._card, self._inference = conditions, card, inference
        self._period_ns = round(robot.period_s * SECOND)
        speed, space = conditions.speed, conditions.space
        self._control_config = control_config(robot, card, self._period_ns, speed, space=space)
        self._gate_config = gate_config(robot, self._period_ns, True, speed, space)
        self.plant = Plant(
            robot, cell, self._period_ns, card.cameras,
            conditions.witness_scale, conditions.witness_space,
        )  # fmt: skip
        self.look: Callable[[control.ControlReport, Command | None], None] | None = None
        self._ablation = Ablation(conditions.input_ablation)

    def run(self, assignment: Assignment) -> Outcome:
        """Do one episode: engage, follow the policy, stop."""
        self._start(assignment)
        self._events.append(Event.ENABLE)
        self._pass(SETTLE_NS, lambda: False)
        self._events.append(Event.POLICY)
        self._ablation.restart()
        self._memory = Memory()
        begin_ns = self._now_ns
        self._sending.restart(begin_ns)
        cell = self.plant.cell

        def over() -> bool:
            looks = (self._now_ns - begin_ns) % LOOK_NS == 0
            done = looks and any(cell.success(c) for c in assignment.ends_with)
            left = not self._events and self._control.mode is not Mode.POLICY
            return done or left

        self._pass(round(self._conditions.limit_s * SECOND), over)
        success = cell.success(assignment.colour)
        seconds = (self._now_ns - begin_ns) / SECOND
        left_because = '' if self._control.mode is Mode.POLICY else self._notice
        self._events.append(Event.HOLD)
        self._pass(REST_NS, self._at_rest)
        return Outcome(
            assignment=assignment,
            success=success,
            seconds=seconds,
            placed=tuple(c for c in COLOURS if cell.success(c)),
            violations=self.plant.violations,
            first_violation=self.plant.first_violation,
            fault=self._control.fault or left_because,
            inferences=self._inferences,
            missing=', '.join(self._missing),
            late_ticks=self._control.late,
            command_hash=self._hash.hexdigest(),
            refused=self._gate.counters.refused,
        )

    def _start(self, assignment: Assignment) -> None:
        self._now_ns = self._tick_ns = BEGIN_NS
        self._arrival_ns = 0  # of the chunk that is being inferred
        self._sending = ChunkSending(self._card, self._conditions.delay_ns)
        self._instruction = assignment.instruction
        self._control = control.initial(self._control_config)
        self._gate = gate.initial(self._gate_config, self._now_ns)
        self._measured: Sample[Floats] | None = None
        self._events: list[Event] = []
        self._coming: list[tuple[int, Chunk]] = []  # when it arrives, and what
        self._notice = ''
        self._inferences, self._missing = 0, tuple[str, ...]()
        self._hash = hashlib.sha256()
        self.plant.reset(assignment.seed, self._now_ns)
        self._measured = self.plant.step(self._now_ns - self.plant.step_ns)

    def _at_rest(self) -> bool:
        motion = self._control.motion
        return self._control.mode is not Mode.POLICY and (
            motion is None or not motion.moves
        )

    def _pass(self, most_ns: int, over: Callable[[], bool]) -> None:
        """Let time pass until `over`, at most `most_ns`."""
        end_ns = self._now_ns + most_ns
        while self._now_ns < end_ns:
            if self._now_ns >= self._tick_ns:
                self._tick_ns += self._period_ns
                self._tick(self._now_ns)
            self._measured = self.plant.step(self._now_ns)
            self._now_ns += self.plant.step_ns
            self._infer(self._now_ns)
            if over():
                return

    def _tick(self, now_ns: int) -> None:
        """Do what control_node and then safety_node do in one period."""
        come = [chunk for at_ns, chunk in self._coming if at_ns <= now_ns]
        self._coming = [one for one in self._coming if one[0] > now_ns]
        chunks = tuple(placed(chunk, self._card.output, now_ns) for chunk in come)
        events, self._events = tuple(self._events), []
        self._gate = sense(self._gate_config, self._gate, self.plant.states[-1], now_ns)
        inputs = control.ControlInputs(
            self._measured, chunks, events, self._gate_view(),
            velocities=self.plant.states[-1].value.velocity,
        )  # fmt: skip
        self._control, command, report = control.step(
            self._control_config, self._control, inputs, now_ns, now_ns + ROS_OFFSET_NS
        )
        self._notice = report.refused[-1] if report.refused else self._notice
        if self.look is not None:
            self.look(report, command)
        if command is not None:
            self._hash_in(command)
            self._gate, motion = gate.on_command(
                self._gate_config, self._gate, command, self._measured, now_ns
            )
            if motion is not None:
                self.plant.command(motion, now_ns)
        self._gate, own = gate.on_tick(
            self._gate_config, self._gate, self._measured, None, now_ns
        )
        for motion in own:
            self.plant.command(motion, now_ns)

    def _gate_view(self) -> control.GateView:
        state = self._gate
        assert self._measured is not None
        motion = state.motion or Motion.at_rest(self._measured.value)
        return control.GateView(state.state.name, motion, state.latched, state.reason)

    def _hash_in(self, command: Command) -> None:
        """Take the command into the hash: tick as int64 and positions as float64."""
        self._hash.update(np.array(command.tick, dtype='<i8').tobytes())
        self._hash.update(command.motion.position.astype('<f8').tobytes())

    def _infer(self, now_ns: int) -> None:
        """Do what policy_node does: infer on its grid, or as soon as the last one is over."""
        if self._control.mode is not Mode.POLICY or now_ns < self._arrival_ns:
            return
        if not self._sending.due(now_ns):
            return
        plant = self.plant
        inputs = Inputs(
            tuple(plant.states), plant.images(now_ns), plant.objects, self._instruction
        )
        if not self._sending.begins(inputs, now_ns):
            return
        self._arrival_ns = arrival_ns = now_ns + self._conditions.delay_ns
        self._hear()
        seen, sent = self._ablation.apply(inputs), self._sending.sent
        result = self._inference.propose(seen, now_ns, self._memory, sent)
        if isinstance(result, Missing):
            self._missing = result.names
            return
        self._missing = ()
        self._memory = result.memory
        self._inferences += 1
        self._sending.send(result, arrival_ns)
        stamp_ns = result.stamp_ns
        chunk = Chunk(stamp_ns - ROS_OFFSET_NS, result.step_ns, result.rows, stamp_ns)
        self._coming.append((arrival_ns, chunk))

    def _hear(self) -> None:
        """Let the policy know what control says in its status."""
        state = self._control
        taken_ns = max((chunk.stamp_ns for chunk in state.schedule.chunks), default=0)
        delay_ns = state.delays.quantile(0.95) * self._period_ns
        self._sending.heard(taken_ns, delay_ns, self._conditions.speed)
