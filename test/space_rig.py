"""Loop and gate of the FR3 one tick after the other, for the tests of distances."""

import numpy as np
from robot_runtime.core import control, gate
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.clearance import CLEARANCE
from robot_runtime.core.mode import Event
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Motion
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.robot_file import load_robot

MS = 1_000_000
PERIOD = 4 * MS
ROS = 1_700_000_000_000_000_000
ROBOT = load_robot('fr3')
BODY = load_body(ROBOT)
ALL = np.full(len(BODY.stop), 10.0)  # [m] within which distances are exact


def distances(position):
    return BODY.distances(np.asarray(position)[np.newaxis], ALL)[0]


class Pair:
    """Ticks of the loop and the gate; `moved` stands for the robot: command in, measured out."""

    def __init__(self, start=ROBOT.home_position, limits=None, moved=None, control_body=BODY):
        limits = limits or ROBOT.limits()
        self.loop_config = control.ControlConfig(
            limits, ROBOT.groups(), PERIOD, blend_ns=0, body=control_body)
        self.gate_config = gate.GateConfig(
            limits, ROBOT.joint_names, PERIOD, 3 * PERIOD, body=load_body(ROBOT))
        self.loop = control.initial(self.loop_config)
        self.now = 1_000 * MS
        self.gate = gate.initial(self.gate_config, self.now)
        self.measured = np.array(start, dtype=np.float64)
        self.moved = moved or (lambda position: position)
        self.sent = []
        self.slowed = 0
        self.tick(Event.ENABLE)
        self.tick()
        self.tick(Event.POLICY)

    def tick(self, *events, target=None):
        now = self.now
        measured = Sample(now, ROS + now, self.measured)
        chunks = ()
        if target is not None:
            rows = np.tile(np.asarray(target, dtype=np.float64), (400, 1))
            chunks = (Chunk(now, 20 * MS, rows, ROS + now, 'zoh'),)
        view = control.GateView(
            self.gate.state.name, self.gate.motion or Motion.at_rest(self.measured),
            self.gate.latched, self.gate.reason)
        inputs = control.ControlInputs(measured, chunks, events, view)
        self.loop, command, self.report = control.step(
            self.loop_config, self.loop, inputs, now, ROS + now)
        self.slowed += bool((self.report.active & CLEARANCE).any())
        motions = []
        if command is not None:
            self.gate, motion = gate.on_command(
                self.gate_config, self.gate, command, measured, now)
            motions += [motion] if motion is not None else []
        self.gate, own = gate.on_tick(self.gate_config, self.gate, measured, None, now)
        for motion in (*motions, *own):
            self.sent.append(motion)
            self.measured = self.moved(motion.position)
        self.now += PERIOD

    def ticks(self, count, target=None):
        self.tick(target=target)
        for _ in range(count - 1):
            self.tick()

    def wander(self, ticks, seed):
        """Jump between random targets over the whole range of the joints."""
        rng = np.random.default_rng(seed)
        limits = self.loop_config.limits
        left = 0
        for _ in range(ticks):
            left -= 1
            if left <= 0:
                left = int(rng.integers(5, 250))
                self.tick(target=rng.uniform(limits.lower, limits.upper))
            else:
                self.tick()
            if self.gate.latched:
                return
