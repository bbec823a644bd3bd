"""Handover: whatever follows whatever, the command takes no step."""

from control_rig import CONFIG, gate, HOME, Loop, MS, PERIOD, ROS
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.handover import begun, stepped
from robot_runtime.core.limits import ramp_to_rest
from robot_runtime.core.mode import Event, Mode, MOVING
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Motion

DT = PERIOD / 1e9
WISHES = [
    'policy', 'hold', 'shadow', 'home', 'teleop', 'silence', 'chunk', 'zoh', 'disable',
    'estop', 'fault', 'reset', 'lost', 'wait',
]  # fmt: skip
SEQUENCES = st.lists(
    st.tuples(st.sampled_from(WISHES), st.integers(1, 90), st.integers(0, 2**32 - 1)),
    min_size=4, max_size=14,
)  # fmt: skip


class Player:
    """Does what a sequence says and keeps every command with the mode it was made in."""

    def __init__(self):
        self.loop = Loop()
        self.loop.tick(Event.ENABLE)
        self.seen = []
        self.talking = False

    def do(self, wish, ticks, seed):
        loop, rng = self.loop, np.random.default_rng(seed)
        words = {'policy': Event.POLICY, 'hold': Event.HOLD, 'shadow': Event.SHADOW,
                 'home': Event.HOME, 'disable': Event.DISABLE, 'fault': Event.FAULT}
        inputs = {'home': Chunk(0, PERIOD, rng.uniform(-1.5, 1.5, (100, 2)), 0)}
        events = (words[wish],) if wish in words else ()
        if wish in ('chunk', 'zoh'):
            kind = 'zoh' if wish == 'zoh' else 'linear'
            inputs['chunks'] = (loop.chunk(rng.uniform(-2, 2, (8, 2)), interpolation=kind),)
        if wish == 'estop':
            motion = loop.state.motion
            loop.gate = gate('REST', HOME if motion is None else motion.position, latched=True)
        if wish == 'reset':
            loop.gate, events = None, (Event.RESET, Event.ENABLE)
        loop.measured = None if wish == 'lost' else HOME
        self.talking = wish == 'teleop' or (self.talking and wish != 'silence')
        for n in range(ticks):
            teleop = None
            if self.talking and n % 5 == 0:
                teleop = Sample(loop.now, ROS + loop.now, rng.uniform(-1.5, 1.5, 2))
            self.tick(events if n == 0 else (), teleop, inputs if n == 0 else {})

    def tick(self, events, teleop, inputs):
        loop = self.loop
        before, mode = loop.state.motion, loop.state.mode
        command = loop.tick(*events, teleop=teleop, **inputs)
        entered = loop.state.mode is not mode and loop.state.mode in MOVING
        if command is not None:
            assert (np.abs(command.motion.velocity) <= 1.5 + 1e-9).all()
            assert (np.abs(command.motion.acceleration) <= 5.0 + 1e-9).all()
            assert (np.abs(command.motion.position) <= 1.0 + 1e-9).all()
        if before is None or command is None or command.tick == 0:
            return  # an epoch begins at rest where the last one ended, or where the robot is
        moved = command.motion.position - before.position
        np.testing.assert_allclose(moved, command.motion.velocity * DT, atol=1e-12)
        change = (command.motion.velocity - before.velocity) / DT
        np.testing.assert_allclose(change, command.motion.acceleration, atol=1e-6)
        if entered and loop.state.mode in (Mode.TELEOP, Mode.POLICY):
            self.begins_here(before)

    def begins_here(self, before):
        """See the first target of a mode lie on the stop of the motion before."""
        target = self.loop.report.target
        if target is not None:
            stop = ramp_to_rest(before, CONFIG.limits, DT)
            np.testing.assert_allclose(target, stop.position, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(SEQUENCES)
def test_no_sequence_of_handovers_steps_the_command_or_leaves_the_limits(sequence):
    player = Player()
    for wish, ticks, seed in sequence:
        player.do(wish, ticks, seed)


def test_a_target_fades_in_over_the_stop_of_what_was_there_and_then_stands_alone():
    last = Motion(HOME, np.array([0.4, 0.0]), np.zeros(2))
    fading = begun(last, CONFIG.limits, DT, 100 * MS, 100 * MS)
    target = HOME + 1.0
    first = ramp_to_rest(last, CONFIG.limits, DT)
    assert (fading.faded(target, 100 * MS) == first.position).all()
    half = fading.faded(target, 150 * MS)
    np.testing.assert_allclose(half, (first.position + target) / 2.0)
    assert not fading.over(199 * MS)
    assert fading.over(200 * MS)
    assert (fading.faded(target, 200 * MS) == target).all()
    after = stepped(fading, CONFIG.limits, DT)
    assert (after.stop.position == ramp_to_rest(first, CONFIG.limits, DT).position).all()


def test_the_first_chunk_of_a_policy_fades_in_while_the_robot_still_brakes():
    loop = Loop()
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk(HOME + np.arange(60)[:, None] * np.array([0.02, 0.0]))])
    loop.ticks(60)
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    before = loop.state.motion
    assert before.velocity[0] > 0.5
    loop.tick(chunks=[loop.chunk([HOME - 0.5] * 30)])
    stop = ramp_to_rest(before, CONFIG.limits, DT)
    np.testing.assert_allclose(loop.report.target, stop.position, atol=1e-12)
    np.testing.assert_allclose(loop.state.motion.velocity, stop.velocity, atol=0.02)
