"""A loop that was held up goes on where the gate has taken the robot."""

from dataclasses import replace

from control_rig import CONFIG, HOME, MS, PERIOD, ROS
import numpy as np
import pytest
from robot_runtime.core import control, gate
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.control import ControlInputs
from robot_runtime.core.gate import GateConfig, Phase
from robot_runtime.core.gate_entry import realised
from robot_runtime.core.guard import verify
from robot_runtime.core.mode import Event
from robot_runtime.core.stream import Sample
from robot_runtime.core.tokens import burst_of
from robot_runtime.core.types import Motion

LOOK = PERIOD // 4
BUDGET = 20 * MS
SETTLED = 400 * MS


class Pair:
    """A loop and a gate on one clock, of which either can be held up; the robot follows."""

    def __init__(self, lateness=0):
        self.gate_config = GateConfig(CONFIG.limits, ('a', 'b'), PERIOD, BUDGET,
                                      burst=burst_of(BUDGET, PERIOD))
        self.config = replace(CONFIG, coast_ticks=self.gate_config.hold_ticks)
        self.now, self.lateness = 1_000 * MS, lateness
        self.loop, self.gate = control.initial(self.config), gate.initial(self.gate_config, 0)
        self.events, self.chunks = [Event.ENABLE], []
        self.due = {'loop': self.now, 'gate': self.now}
        self.waiting, self.sent, self.made_up = [], [], 0
        self.told, self.told_motion, self.told_epoch, self.told_tick = [], None, -1, -1
        self.publish_held, self.unmet = 0, set()

    def run(self, length, **held):
        """Run for `length` ns; who is in `held` does nothing for as many ns from now."""
        until = {name: self.now + span for name, span in held.items()}
        end = self.now + length
        while self.now < end:
            for name, act, period in (('loop', self._tick, PERIOD), ('gate', self._look, LOOK)):
                if self.now >= max(self.due[name], until.get(name, 0)):
                    missed = (self.now - self.due[name]) // period
                    self.due[name] += (missed + 1) * period
                    act()
            self.now += MS // 10

    def _measured(self):
        motion = self.gate.motion
        position = HOME if motion is None else motion.position
        return Sample(self.now, ROS + self.now, position)

    def _hear(self):
        """Take what the gate has said of itself, a while after it did."""
        while self.told and self.told[0][0] <= self.now:
            _, self.told_epoch, self.told_tick, self.told_motion = self.told.pop(0)

    def _tick(self):
        self._hear()
        motion = self.told_motion or self._motion()
        view = control.GateView(self.gate.state.name, motion, self.gate.latched,
                                self.gate.reason, self.told_epoch, self.told_tick)
        events, self.events = tuple(self.events), []
        chunks, self.chunks = tuple(self.chunks), []
        inputs = ControlInputs(self._measured(), chunks, events, view)
        self.loop, command, report = control.step(
            self.config, self.loop, inputs, self.now, ROS + self.now)
        self.made_up += len(report.made_up)
        for one in (*report.made_up, command):
            if one is not None:
                self.waiting.append((self.now + self.lateness + self.publish_held, one))
        self.publish_held = 0

    def _motion(self):
        return self.gate.motion or Motion.at_rest(HOME)

    def _look(self):
        come = [one for at, one in self.waiting if at <= self.now]
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for command in come:
            before = self.gate
            self.gate, motion = gate.on_command(
                self.gate_config, before, command, self._measured(), self.now)
            self.unmet |= {self.gate.unmet} - {''}
            if motion is not None:
                self.sent += [*gate.lost(self.gate_config, before, command), motion]
        self.gate, own = gate.on_tick(
            self.gate_config, self.gate, self._measured(), None, self.now)
        self.sent += own
        if own and self.gate.motion is not None:
            state = self.gate
            at = self.now + MS // 2
            self.told.append((at, state.epoch_ns, state.tick, state.motion))


def in_motion(lateness, phase):
    """Return a pair in POLICY that follows a swing, `phase` ns into it."""
    pair = Pair(lateness)
    pair.run(20 * MS)
    pair.events.append(Event.POLICY)
    pair.run(20 * MS)
    times = np.arange(150) * 0.02
    swing = 0.3 * np.sin(2 * np.pi * 0.8 * times)
    rows = HOME + np.stack((swing, -swing), axis=1)
    pair.chunks.append(Chunk(pair.now, 20 * MS, rows, ROS + pair.now))
    pair.run(SETTLED + phase)
    assert pair.gate.state is Phase.PASS
    assert pair.gate.motion.moves
    return pair


def assert_allowed(pair):
    """Each step that was sent follows the last one within every limit."""
    for last, motion in zip(pair.sent, pair.sent[1:], strict=False):
        real = realised(motion, last, 1, PERIOD / 1e9)
        verdict = verify(real, last, 1, None, CONFIG.limits, PERIOD / 1e9)
        assert verdict.ok, verdict


@pytest.mark.parametrize('held_ms', [5, 9, 12, 15])
@pytest.mark.parametrize('lateness_us', [0, 900])
@pytest.mark.parametrize('who', [('loop',), ('gate',), ('loop', 'gate')])
def test_whoever_was_held_up_for_less_than_the_budget_the_motion_goes_on(
    held_ms, lateness_us, who
):
    failed = []
    for step in range(4):
        pair = in_motion(lateness_us * 1000, step * 13_300_000)
        pair.run(100 * MS, **dict.fromkeys(who, held_ms * MS))
        if pair.gate.state is not Phase.PASS or pair.loop.mode is not control.Mode.POLICY:
            failed.append((step, pair.gate.reason))
        assert_allowed(pair)
    assert not failed, (len(failed), failed[:3])


@pytest.mark.parametrize('held_ms', [3, 5, 7, 9, 11])
def test_a_command_that_was_held_up_on_its_way_is_given_up_and_the_motion_goes_on(held_ms):
    failed = []
    for step in range(8):
        pair = in_motion(0, step * 13_300_000)
        pair.publish_held = held_ms * MS  # of the next one alone: the loop does not know
        pair.run(100 * MS)
        if pair.gate.state is not Phase.PASS or pair.loop.mode is not control.Mode.POLICY:
            failed.append((step, pair.gate.reason))
        assert_allowed(pair)
    assert not failed, (len(failed), failed[:3])


def test_a_loop_that_slept_after_its_command_was_held_up_hears_where_the_gate_is():
    failed = []
    for step in range(40):
        pair = in_motion(0, step * 7_300_000)
        pair.publish_held = 9 * MS
        pair.run(PERIOD)  # the command is sent, and does not come
        pair.run(100 * MS, loop=11 * MS)
        if pair.gate.state is not Phase.PASS or pair.unmet:  # the first that it then sends is met
            failed.append((step, pair.gate.reason, pair.unmet))
        assert_allowed(pair)
    assert not failed, (len(failed), failed[:3])
