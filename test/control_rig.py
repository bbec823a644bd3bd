"""A loop of two joints for the tests of the control tick."""

from dataclasses import replace

import numpy as np
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.control import (
    ControlConfig,
    ControlInputs,
    GateView,
    initial,
    step,
)
from robot_runtime.core.mode import Event
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Limits, Motion

MS = 1_000_000
PERIOD = 4 * MS
ROS = 1_700_000_000_000_000_000
INF = np.inf
HOME = np.array([0.1, -0.2])


def limits():
    def full(value):
        return np.full(2, float(value))
    return Limits(full(-1), full(1), full(1.5), full(5), full(100), full(0.1), full(0), full(INF),
                  full(-INF), full(INF))


CONFIG = ControlConfig(limits(), (slice(0, 2),), PERIOD)


class Loop:
    """Runs ticks of 4 ms with a fresh joint state, and keeps what came out."""

    def __init__(self, config=CONFIG):
        self.config, self.state, self.now = config, initial(config), 1_000 * MS
        self.measured, self.gate, self.commands = HOME, None, []

    def tick(self, *events, chunks=(), **changes):
        measured = None
        if self.measured is not None:
            measured = Sample(self.now - 2 * MS, ROS, self.measured)
        inputs = ControlInputs(measured, tuple(chunks), events, self.gate)
        inputs = replace(inputs, **changes)
        self.state, command, self.report = step(
            self.config, self.state, inputs, self.now, ROS + self.now)
        self.now += PERIOD
        if command is not None:
            self.commands.append(command)
        return command

    def ticks(self, count):
        return [self.tick() for _ in range(count)]

    def chunk(self, rows, stamp=None, start=None, step_ns=20 * MS, interpolation='linear'):
        start = self.now if start is None else start
        rows = np.array(rows, dtype=np.float64)
        return Chunk(start, step_ns, rows, ROS + start if stamp is None else stamp, interpolation)


def in_policy(config=CONFIG):
    loop = Loop(config)
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    return loop


def moving(config=CONFIG):
    """Return a loop in POLICY that follows a ramp of joint 0 at 0.5 rad/s."""
    loop = in_policy(config)
    rows = HOME + np.arange(30)[:, None] * np.array([0.01, 0.0])
    loop.tick(chunks=[loop.chunk(rows)])
    loop.ticks(84)
    assert loop.state.motion.velocity[0] == pytest.approx(0.5)
    return loop


def gate(state, position=HOME, latched=False, velocity=0.0):
    motion = replace(Motion.at_rest(np.array(position)), velocity=np.full(2, velocity))
    return GateView(state, motion, latched, 'command late' if latched else '')
