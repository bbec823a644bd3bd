"""Robot of two joints that are pulled to setpoints and a gripper, with masses and senses."""

from dataclasses import replace

from driven_rig import FeltRobot
import numpy as np
from robot_runtime.core import gate
from robot_runtime.core.gate_state import GateConfig
from robot_runtime.core.setpoint_joints import freed, SetpointJoints
from robot_runtime.core.types import Limits, Motion

MS = 1_000_000
DT, PERIOD = 0.004, 4 * MS
NAMES = ('one', 'two', 'hand')
HOME = np.array([0.2, -0.3, 0.02])
INF = np.inf
PULLED = np.array([0, 1])
STIFFNESS, DAMPING = np.array([100.0, 200.0]), np.array([20.0, 28.0])
EFFORT = np.array([20.0, 40.0])
RATE = np.array([1.3, 2.6])
PARTS = 4  # of a tick of 4 ms, for the physics


def row(*values):
    return np.array(values, dtype=np.float64)


def setpoint_joints(pose=(np.nan, np.nan), pace=0.0, follows=False) -> SetpointJoints:
    return SetpointJoints(
        PULLED, STIFFNESS, DAMPING, EFFORT, np.full(2, 0.5), row(*pose), np.full(2, pace),
        np.full(2, follows),
    )  # fmt: skip


def limits() -> Limits:
    """Return the limits of what is commanded."""
    return freed(Limits(
        row(-1, -1, 0), row(1, 1, 0.04), row(*RATE, 0.1), row(5, 10, 1), row(100, 200, 20),
        row(INF, INF, INF), row(0, 0.2, 0), row(INF, 4, INF), row(-1, -1.02, 0),
        row(1, 1.02, 0.04),
    ), PULLED)  # fmt: skip


def asked(setpoint, position, velocity):
    """Return the effort (2,) that the drives make of a setpoint (3,)."""
    return STIFFNESS * (setpoint - position)[:2] - DAMPING * velocity[:2]


class SetpointRobot(FeltRobot):
    """A gate and the masses behind it, which drives of 1 kg m^2 pull to what was last sent."""

    def __init__(self, joints=None, budget_ns=60 * MS, **more):
        self.joints = joints or setpoint_joints()
        self.begin(GateConfig(
            limits(), NAMES, PERIOD, budget_ns, setpoints=self.joints, **more
        ))
        self.place, self.speed, self.push = HOME.copy(), np.zeros(3), np.zeros(2)
        self.blocked = False
        self.history = [self.felt()]

    def pass_time(self):
        """Let one period pass: the gate wakes, the masses move; return the gate's own steps."""
        self.gate, own = gate.on_tick(self.config, self.gate, self.position, None, self.now)
        self.sent.extend(own)
        if self.sent and not self.blocked:
            setpoint = self.sent[-1].position
            for _ in range(PARTS):
                effort = asked(setpoint, self.place, self.speed) + self.push
                self.speed[:2] += effort * (DT / PARTS)
                self.place += self.speed * (DT / PARTS)
            self.place[2] = setpoint[2]
        self.now += PERIOD
        self.history.append(self.felt())
        return own

    def engaged(self):
        self.senses()
        assert self.send(Motion.at_rest(self.place)), self.gate.reason
        self.pass_time()
        return self

    def follow(self, wish, ticks):
        """Send setpoints that go to `wish` (3,) at their rate, and return whether all passed."""
        for _ in range(ticks):
            self.senses()
            if not self.send(toward(self.gate.motion, wish)):
                return False
            self.pass_time()
        return True


def stepped(last, way):
    """Return the motion one tick after `last` whose setpoints go by `way` (2,); the hand stays."""
    return last.onto(last.position + np.append(way, 0.0), DT)


def toward(last, wish):
    """Return the motion one tick after `last` with setpoints nearer to `wish`."""
    way = (wish - last.position)[:2]
    return stepped(last, np.clip(way, -RATE * DT, RATE * DT))


def assert_within(sent):
    """Assert that setpoints kept range and rate, and are numbers."""
    position = np.array([motion.position for motion in sent])[:, :2]
    assert np.isfinite(position).all()
    assert (np.abs(position) <= 1.0 + 2e-6).all(), np.abs(position).max(axis=0)
    assert (np.abs(np.diff(position, axis=0)) <= RATE * DT * (1.0 + 2e-6)).all()


def lame(sample):
    """Return a joint state whose driver measures no velocities."""
    return replace(sample, value=replace(sample.value, velocity=None))
