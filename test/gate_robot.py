"""Rig on which the gate is tested: the FR3 and its hand at half the published limits."""

import numpy as np
from robot_runtime.core.gate import (
    estop,
    GateConfig,
    initial,
    lost,
    on_command,
    on_tick,
    Phase,
    reset,
    stop,
)
from robot_runtime.core.guard import rules
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Limits, Motion

NAMES = (*(f'fr3_joint{i}' for i in range(1, 8)), 'fr3_finger_joint1')
PERIOD_NS = 4_000_000
DT = 0.004
HOME = np.array([0.0, -0.7854, 0.0, -2.3562, 0.0, 1.5708, 0.7854, 0.02])
INF = np.inf


def fr3() -> Limits:
    """Return the limits: arm of seven joints with a velocity curve, then the finger without."""
    lower = [-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159, 0.0]
    upper = [2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159, 0.04]
    low_end = [-2.75010, -1.79180, -2.90650, -3.04810, -2.81010, 0.54092, -3.01960, -INF]
    high_end = [2.75010, 1.79180, 2.90650, -0.1458, 2.81010, 4.52050, 3.01960, INF]
    return Limits(
        lower=np.array(lower),
        upper=np.array(upper),
        velocity=np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26, 0.2]) / 2,
        acceleration=np.array([10.0] * 7 + [2.0]) / 2,
        jerk=np.array([100.0] * 7 + [20.0]),
        lead=np.array([0.1] * 7 + [INF]),
        velocity_offset=np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35, 0.0]),
        velocity_deceleration=np.array([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0, INF]),
        velocity_lower_end=np.array(low_end),
        velocity_upper_end=np.array(high_end),
    )


def config(budget_ns: int = 60_000_000, **more) -> GateConfig:
    return GateConfig(fr3(), NAMES, PERIOD_NS, budget_ns, **more)


def after(last: Motion, acceleration) -> Motion:
    """Return the motion one tick after `last` at `acceleration`."""
    velocity = last.velocity + acceleration * DT
    return Motion(last.position + velocity * DT, velocity, np.zeros(8) + acceleration)


def eased(last: Motion, acceleration) -> Motion:
    """Return the motion one tick after `last`, as near to `acceleration` as the jerk lets it."""
    change = fr3().jerk * DT
    wish = np.zeros(8) + acceleration
    return after(last, np.clip(wish, last.acceleration - change, last.acceleration + change))


LIMITS = fr3()
P = PERIOD_NS
REST = Motion.at_rest(HOME)
EPOCH = 1_000
START = 10**12
MS = 1_000_000
REAL_TIME = 12 * MS


def seen(value, now):
    return Sample(now, now, value)


class Rig:
    """A gate with its clock, a robot that follows exactly, and all that was sent to it."""

    def __init__(self, **more):
        self.config = config(**more)
        self.now = START
        self.gate = initial(self.config, self.now)
        self.sent = []
        self.robot = HOME
        self.sensed = True
        self.estop = None
        self.lacking = ''

    def measured(self):
        return seen(self.robot, self.now) if self.sensed is True else self.sensed

    def send(self, tick, motion, epoch=EPOCH):
        command, before = Command(epoch, tick, motion), self.gate
        self.gate, out = on_command(self.config, self.gate, command, self.measured(), self.now)
        if out is not None:
            assert out is motion
            self.sent.extend(lost(self.config, before, command))
            self.sent.append(out)
            self.robot = out.position
        return out is not None

    def tick(self, after_ns=0):
        self.now += after_ns
        self.gate, out = on_tick(
            self.config, self.gate, self.measured(), self.estop, self.now, self.lacking
        )
        self.sent.extend(out)
        if out:
            self.robot = out[-1].position
        return out

    def run(self, duration_ns):
        """Run the gate's loop, which wakes four times a period."""
        out = []
        for _ in range(round(duration_ns / (P // 4))):
            out.extend(self.tick(P // 4))
        return out

    def engaged(self, motions=()):
        assert self.send(0, REST)
        for n, motion in enumerate(motions, start=1):
            self.run(P)
            assert self.send(n, motion), self.gate.reason
        return self

    def until_rest(self):
        for _ in range(3_000):
            if self.gate.state is Phase.REST:
                break
            self.tick(P // 4)
        assert self.gate.state is Phase.REST
        return self

    @property
    def state(self):
        return self.gate.state

    @property
    def count(self):
        return self.gate.counters


def speed_up(ticks=20, share=0.8):
    """Return motions that reach a speed and keep it for five ticks."""
    motions, last = [], REST
    ramp = round(share * 12.5)
    for n in range(ticks + ramp + 5):
        wish = LIMITS.acceleration * share * np.append(np.ones(7), 0) * (n < ticks)
        last = eased(last, wish)
        motions.append(last)
    return motions


def onward(last, count):
    motions = []
    for _ in range(count):
        last = after(last, np.zeros(8))
        motions.append(last)
    return motions


MOVING = speed_up()


def moving(**more):
    return Rig(**more).engaged(MOVING)


def assert_smooth(motions):
    """Assert that the positions alone keep every rule, one period apart."""
    position = np.array([motion.position for motion in motions])
    velocity = np.diff(position, axis=0) / DT
    truth = Motion(position[2:], velocity[1:], np.diff(velocity, axis=0) / DT)
    before = np.concatenate((truth.acceleration[:1], truth.acceleration[:-1]))
    last = Motion(position[1:-1], velocity[:-1], before)
    for rule in rules(truth, last, 1, None, LIMITS, DT):
        assert rule.kept.all(), (rule.refusal, np.argwhere(~rule.kept))


def in_phase(phase, latched=False):
    rig = Rig()
    if phase is Phase.IDLE:
        if latched:
            rig.gate = estop(rig.config, rig.gate, rig.now, 'service')
        return rig
    rig.engaged(MOVING)
    if phase is Phase.COAST:
        rig.tick(P * 3 // 2)
    if phase is Phase.BRAKING:
        rig.gate = stop(rig.config, rig.gate, rig.now, 'stop')
    if phase is Phase.REST:
        rig.gate = stop(rig.config, rig.gate, rig.now, 'stop')
        rig.until_rest()
        if not latched:
            rig.gate, ok, _ = reset(rig.config, rig.gate, rig.measured(), rig.now)
            assert ok
    assert rig.state is phase
    assert rig.gate.latched is (latched or phase is Phase.BRAKING)
    return rig


def seed_of(rig):
    motion = rig.gate.motion
    return REST if motion is None else Motion.at_rest(motion.position)
