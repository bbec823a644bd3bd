"""Robot of two joints that take efforts and a gripper, with masses and senses."""

from driven_rig import FeltRobot
import numpy as np
from robot_runtime.core import gate
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.core.gate_state import GateConfig
from robot_runtime.core.types import Limits, Motion

MS = 1_000_000
DT, PERIOD = 0.004, 4 * MS
NAMES = ('one', 'two', 'hand')
HOME = np.array([0.2, -0.3, 0.02])
SEED = np.array([0.0, 0.0, 0.02])  # no effort, and the hand where it is
INF = np.inf
PUSHED = np.array([0, 1])
EFFORT, RATE = np.array([20.0, 40.0]), np.array([300.0, 600.0])
DAMPING, FASTEST = np.array([10.0, 20.0]), np.array([1.3, 2.6])
LIGHT = np.array([0.5, 1.0])  # [kg m^2]
HEAVY = 4.0 * LIGHT
RESPONSE_S, SETTLE_S, MARGIN = 0.02, 0.3, 0.02
PARTS = 4  # of a tick of 4 ms, for the physics


def row(*values):
    return np.array(values, dtype=np.float64)


def effort_joints() -> EffortJoints:
    return EffortJoints(
        PUSHED, EFFORT, RATE, DAMPING, np.full(2, -1.0), np.full(2, 1.0), FASTEST,
        EFFORT / LIGHT, RESPONSE_S, SETTLE_S, np.full(2, MARGIN),
    )  # fmt: skip


def limits() -> Limits:
    """Return the limits of what is commanded."""
    return effort_joints().torques(Limits(
        row(-1, -1, 0), row(1, 1, 0.04), row(*FASTEST, 0.1), row(40, 40, 1), row(800, 800, 20),
        row(INF, INF, INF), row(0, 0.2, 0), row(INF, 4, INF), row(-1, -1.02, 0),
        row(1, 1.02, 0.04),
    ))  # fmt: skip


class EffortRobot(FeltRobot):
    """A gate and the masses behind it, which are pushed by what was last sent."""

    def __init__(self, inertia=LIGHT, budget_ns=60 * MS, **more):
        self.joints, self.inertia = effort_joints(), inertia
        self.begin(GateConfig(limits(), NAMES, PERIOD, budget_ns, efforts=self.joints, **more))
        self.place, self.speed, self.push = HOME.copy(), np.zeros(3), np.zeros(2)
        self.history = [self.felt()]
        self.fastest, self.places = np.zeros(2), []

    def pass_time(self):
        """Let one period pass: the gate wakes, the masses move; return the gate's own steps."""
        self.gate, own = gate.on_tick(self.config, self.gate, self.position, None, self.now)
        self.sent.extend(own)
        if self.sent:
            effort = self.sent[-1].position[:2] + self.push
            for _ in range(PARTS):
                self.speed[:2] += effort / self.inertia * (DT / PARTS)
                self.place += self.speed * (DT / PARTS)
            if self.gate.motion is not None:  # else nothing is sent to the hand
                self.place[2] = self.sent[-1].position[2]
        self.now += PERIOD
        self.history.append(self.felt())
        self.fastest = np.maximum(self.fastest, np.abs(self.speed[:2]))
        self.places.append(self.place[:2].copy())
        return own

    def engaged(self):
        self.senses()
        assert self.send(Motion.at_rest(SEED)), self.gate.reason
        self.pass_time()
        return self


def changed(last, by):
    """Return the motion one tick after `last` whose efforts change `by` (2,); the hand stays."""
    return last.onto(last.position + np.append(by, 0.0), DT)


def toward(last, wish):
    """Return the motion one tick after `last` with efforts nearer to `wish` (2,)."""
    return changed(last, np.clip(wish - last.position[:2], -RATE * DT, RATE * DT))


def assert_within(sent):
    """Assert that efforts kept their limit and their rate, and are numbers."""
    effort = np.array([motion.position for motion in sent])[:, :2]
    assert np.isfinite(effort).all()
    assert (np.abs(effort) <= EFFORT * (1.0 + 2e-6)).all(), np.abs(effort).max(axis=0)
    step = np.abs(np.diff(effort, axis=0))
    assert (step <= RATE * DT * (1.0 + 2e-6)).all(), step.max(axis=0)
