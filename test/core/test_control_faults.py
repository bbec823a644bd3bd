"""Tests of the control tick: what ends in FAULT, and what a step of the clock does not do."""

from dataclasses import replace

from control_rig import CONFIG, gate, HOME, in_policy, Loop, moving, MS, PERIOD, ROS
import numpy as np
import pytest
from robot_runtime.core.mode import Event, Mode

BAD = {
    'shape': [[0.0]],
    'non-finite': [[np.nan, 0.0]],
    '0 rows': np.zeros((0, 2)),
}


def bad(loop, kind):
    return loop.chunk(BAD[kind])


@pytest.mark.parametrize('kind', BAD)
def test_bad_chunks_one_after_the_other_stop_the_robot_and_the_last_one_is_told(kind):
    loop = moving()
    for _ in range(loop.config.bad_chunks - 1):
        loop.tick(chunks=[bad(loop, kind)])
        assert loop.state.mode is Mode.POLICY
    loop.tick(chunks=[bad(loop, kind)])
    assert loop.state.mode is Mode.FAULT
    assert loop.state.fault.startswith('5 chunks in a row were refused; the last one: the chunk')
    assert kind in loop.state.fault
    loop.ticks(100)
    assert not loop.state.motion.moves
    assert np.abs([c.motion.acceleration for c in loop.commands]).max() <= 5.0 + 1e-9
    loop.tick(Event.RESET)
    assert (loop.state.mode, loop.state.bad_chunks) == (Mode.HOLD, 0)


def test_what_is_no_chunk_at_all_counts_alike():
    loop = in_policy(replace(CONFIG, bad_chunks=3))
    loop.tick(misread=('policy_node/chunk: joint elbow is missing',))
    assert loop.report.refused == ('chunk: policy_node/chunk: joint elbow is missing',)
    loop.tick(chunks=[bad(loop, 'shape')])
    assert loop.state.mode is Mode.POLICY
    loop.tick(misread=('one', 'two'))
    assert loop.state.fault == '4 chunks in a row were refused; the last one: two'


def test_a_good_chunk_between_begins_the_count_anew_and_so_does_a_new_engagement():
    loop = in_policy()
    for _ in range(20):
        loop.tick(chunks=[bad(loop, 'non-finite')] * 4)
        loop.tick(chunks=[loop.chunk([HOME] * 5)])
        assert loop.state.bad_chunks == 0
    loop.tick(chunks=[bad(loop, 'non-finite')] * 4)
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[bad(loop, 'non-finite')])
    assert (loop.state.mode, loop.state.bad_chunks) == (Mode.POLICY, 1)


def test_a_chunk_at_the_wrong_time_is_refused_and_not_counted():
    loop = in_policy()
    for _ in range(50):
        loop.tick(chunks=[loop.chunk([HOME], start=loop.now + 1_000 * MS)])
    assert 'in the future' in loop.report.refused[0]
    assert (loop.state.mode, loop.state.bad_chunks) == (Mode.POLICY, 0)


def test_what_a_detector_outside_says_ramps_to_rest_and_latches():
    loop = moving()
    loop.tick(trouble='a second publisher sends on /policy_node/chunk')
    assert loop.state.mode is Mode.FAULT
    assert loop.state.fault == 'a second publisher sends on /policy_node/chunk'
    loop.ticks(100)
    assert not loop.state.motion.moves
    idle = Loop()
    idle.tick(trouble='something')
    assert idle.state.mode is Mode.IDLE  # nothing is sent that could be stopped


def hears(loop, silence_ns):
    return replace(gate('PASS'), heard_ns=loop.now - silence_ns)


def test_a_gate_that_is_silent_ends_the_policy_one_nanosecond_after_its_time():
    loop = moving()
    allowed = loop.config.gate_timeout_ns
    loop.tick(gate=hears(loop, allowed))
    assert loop.state.mode is Mode.POLICY
    loop.tick(gate=hears(loop, allowed + 1))
    assert loop.state.mode is Mode.FAULT
    assert loop.state.fault == (
        'the gate is silent for 300 ms, allowed 300: it hangs or has died'
    )
    loop.tick(Event.RESET, gate=hears(loop, allowed + PERIOD))
    assert loop.state.mode is Mode.FAULT
    assert 'RESET: the gate is silent for 304 ms' in loop.report.refused[0]
    loop.ticks(100)
    loop.tick(Event.RESET, gate=replace(hears(loop, 0), motion=loop.state.motion))
    assert loop.state.mode is Mode.HOLD


class Stepped(Loop):
    """A loop whose ROS clock can be set; the rig's chunks are stamped by the one before."""

    offset = 0

    def set_clock(self, step):
        self.offset += step
        return self.tick(clock_step_ns=step)

    def seen(self, rows, stamp=None):
        """Return a chunk as the node reads it: placed by its stamp and the offset of now."""
        stamp = ROS + self.now + self.offset if stamp is None else stamp
        return self.chunk(rows, stamp=stamp, start=stamp - ROS - self.offset)


@pytest.fixture
def loop():
    made = Stepped()
    made.tick(Event.ENABLE)
    made.tick(Event.POLICY)
    made.ticks(50)
    return made


AWAY = [HOME + 0.1] * 60


@pytest.mark.parametrize('step_ms', [3, 40, 5_000, -3, -40, -900, -5_000, -3_600_000])
def test_what_was_seen_before_a_step_of_the_clock_never_steers_after_it(loop, step_ms):
    stamp = ROS + loop.now
    loop.tick()
    loop.set_clock(step_ms * MS)
    assert f'set {"back" if step_ms < 0 else "forward"} by {abs(step_ms)}.0 ms' in (
        loop.report.refused[0]
    )
    for _ in range(200):  # however long the inference takes
        loop.tick(chunks=[loop.seen(AWAY, stamp)])
        assert loop.report.merged == ()
        assert loop.report.refused
    np.testing.assert_array_equal(loop.state.motion.position, HOME)


@pytest.mark.parametrize('step_ms', [3, 40, 5_000, -3, -40, -900, -5_000, -3_600_000])
def test_the_policy_goes_on_within_a_second_after_a_step(loop, step_ms):
    loop.tick(chunks=[loop.seen([HOME] * 60)])
    assert loop.report.merged
    loop.set_clock(step_ms * MS)
    waited = 0
    while not loop.report.merged:
        loop.tick(chunks=[loop.seen(AWAY)])
        waited += PERIOD
        assert waited <= 1_000 * MS + 2 * PERIOD
    loop.ticks(200)
    assert loop.state.mode is Mode.POLICY
    np.testing.assert_allclose(loop.state.motion.position, HOME + 0.1, atol=1e-9)


def test_a_chunk_that_begins_on_arrival_does_not_care_about_its_stamp():
    loop = Stepped(replace(CONFIG, stamped=False))
    loop.tick(Event.ENABLE)
    loop.tick(Event.POLICY)
    loop.set_clock(-5_000 * MS)
    chunk = loop.seen(AWAY, ROS + loop.now)
    loop.tick(chunks=[replace(chunk, start_ns=loop.now)])
    assert loop.report.merged


def test_an_engagement_after_the_clock_was_set_back_is_newer_than_the_one_before(loop):
    before = loop.state.epoch_ns
    loop.state = replace(loop.state, epoch_ns=before + 3_600_000 * MS)
    latched = gate('REST', latched=True)
    loop.tick(gate=latched)
    loop.tick(Event.RESET, gate=gate('REST'))
    assert loop.state.epoch_ns == before + 3_600_000 * MS + 1
    fresh = Loop()  # control was started again, and the gate was not
    fresh.tick(Event.ENABLE, gate=replace(gate('REST'), epoch_ns=9 * ROS))
    assert fresh.state.epoch_ns == 9 * ROS + 1
