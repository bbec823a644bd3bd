"""Rig of a gate that hears of its joints, for groups whose drives a gate asks about."""

from robot_runtime.core import gate
from robot_runtime.core.gate_watches import sense
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command


class DrivenRobot:
    """What commands go through; who derives from it has `config`, and moves the joints."""

    def begin(self, config):
        self.config, self.now = config, 10**12
        self.gate = gate.initial(config, self.now)
        self.sent, self.tick, self.sample = [], 0, None

    @property
    def position(self):
        return Sample(self.sample.received_ns, 0, self.sample.value.position)

    def offer(self, motion, epoch=1, tick=None):
        """Return the state of the gate after a command, and what it sends."""
        command = Command(epoch, self.tick if tick is None else tick, motion)
        return gate.on_command(self.config, self.gate, command, self.position, self.now)

    def send(self, motion, epoch=1):
        self.gate, out = self.offer(motion, epoch)
        self.tick += 1
        if out is not None:
            self.sent.append(out)
        return out is not None


class FeltRobot(DrivenRobot):
    """One whose masses have a `place` and a `speed`, and a `history` of what was felt of them."""

    def felt(self):
        return Sample(self.now, self.now, Measured(self.place.copy(), self.speed.copy()))

    def senses(self, age=0):
        """Give the gate the joint state of `age` ticks ago."""
        felt = self.history[max(len(self.history) - 1 - age, 0)]
        if self.sample is None or felt.received_ns > self.sample.received_ns:
            self.sample = felt
        self.gate = sense(self.config, self.gate, self.sample, self.now)

    def wait(self, ticks, sensing=True):
        """Let time pass without commands."""
        for _ in range(ticks):
            if sensing:
                self.senses()
            self.pass_time()
