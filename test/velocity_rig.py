"""Robot of two joints that take velocities and a gripper, with drives and senses that lag."""

from collections import deque

from driven_rig import DrivenRobot
import numpy as np
from robot_runtime.core import gate
from robot_runtime.core.gate_state import GateConfig
from robot_runtime.core.gate_watches import sense
from robot_runtime.core.kinds import Kinds
from robot_runtime.core.limits import steer
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Limits, Motion
from robot_runtime.core.velocity_joints import narrowed, opened, VelocityJoints

MS = 1_000_000
DT, PERIOD = 0.004, 4 * MS
RESPONSE = 20 * MS
NAMES = ('one', 'two', 'hand')
HOME = np.array([0.2, -0.3, 0.02])
INF = np.inf
RATES, REST = np.array([0, 1]), np.array([2])


def limits() -> Limits:
    """Return the limits; the second joint has a velocity curve."""
    def row(*values):
        return np.array(values, dtype=np.float64)
    return Limits(
        row(-1, -1, 0), row(1, 1, 0.04), row(1.3, 2.6, 0.1), row(5, 10, 1), row(100, 200, 20),
        row(INF, INF, INF), row(0, 0.2, 0), row(INF, 4, INF), row(-1, -1.02, 0),
        row(1, 1.02, 0.04),
    )  # fmt: skip


def velocity_joints(margin=0.01, response_ns=RESPONSE) -> VelocityJoints:
    part = limits().part(RATES)
    return VelocityJoints(
        RATES, part, narrowed(part, np.full(2, margin)), (slice(0, 2),), response_ns,
        np.full(2, 0.01),
    )  # fmt: skip


def kinds(joints=None) -> Kinds:
    return Kinds(joints or velocity_joints(), REST, limits().part(REST), (slice(0, 1),))


class VelocityRobot(DrivenRobot):
    """A gate and the joints behind it; a command takes effect `delay` ticks after it was sent."""

    def __init__(self, joints=None, delay=0, budget_ns=60 * MS):
        self.joints = joints or velocity_joints()
        self.begin(GateConfig(
            opened(limits(), RATES), NAMES, PERIOD, budget_ns, velocity=self.joints
        ))
        self.place = HOME.copy()
        self.coming = deque([np.zeros(2)] * delay)
        self.history = [(self.now, self.place.copy())]
        self.places = []

    def senses(self, age=0):
        """Give the gate the joint state of `age` ticks ago."""
        at, place = self.history[max(len(self.history) - 1 - age, 0)]
        if self.sample is None or at > self.sample.received_ns:
            self.sample = Sample(at, at, Measured(place))
        self.gate = sense(self.config, self.gate, self.sample, self.now)

    def pass_time(self):
        """Let one period pass: the gate wakes, the joints move."""
        self.gate, own = gate.on_tick(self.config, self.gate, self.position, None, self.now)
        self.sent.extend(own)
        told = self.sent[-1] if self.sent else None
        self.coming.append(np.zeros(2) if told is None else told.velocity[:2])
        self.place[:2] += self.coming.popleft() * DT
        if told is not None:
            self.place[2] = told.position[2]
        self.now += PERIOD
        self.history.append((self.now, self.place.copy()))
        self.places.append(self.place.copy())

    def engaged(self):
        self.senses()
        assert self.send(Motion.at_rest(HOME)), self.gate.reason
        self.pass_time()
        return self


def after(last, acceleration):
    """Return the motion one tick after `last` as near to `acceleration` as the jerk lets it."""
    jerk, most = limits().jerk * DT, limits().acceleration
    wish = np.clip(acceleration, last.acceleration - jerk, last.acceleration + jerk)
    wish = np.clip(wish, -most, most)
    velocity = last.velocity + wish * DT
    return Motion(last.position + velocity * DT, velocity, wish)


def toward(last, share):
    """Return the motion one tick after `last` that comes to a share of the greatest velocity."""
    bounds = opened(limits(), np.arange(3))
    wish = share * (1.0 - 1e-9) * bounds.velocity
    return steer(wish, np.zeros(3), last, bounds, DT, (slice(0, 1), slice(1, 2), slice(2, 3)))


def assert_inside(robot):
    """Assert that the joints kept their range, and the commands v, a and j."""
    bounds, places = limits(), np.array(robot.places)
    slack = 1e-6 * (bounds.upper - bounds.lower) + 1e-12
    assert (places >= bounds.lower - slack).all(), places.min(axis=0)
    assert (places <= bounds.upper + slack).all(), places.max(axis=0)
    position = np.array([motion.position for motion in robot.sent])
    loose = 1.0 + 2e-6
    velocity = np.diff(position, axis=0) / DT
    acceleration = np.diff(velocity, axis=0) / DT
    jerk = np.diff(acceleration, axis=0) / DT
    for value, most in (
        (velocity, bounds.velocity), (acceleration, bounds.acceleration), (jerk, bounds.jerk)
    ):  # fmt: skip
        assert (np.abs(value) <= most * loose + 1e-6).all(), np.abs(value).max(axis=0) / most
