"""Joint stream: merged by name, as old as its oldest joint, and nothing unbelievable taken."""

import numpy as np
import pytest
from robot_runtime.core.joint_stream import JointBounds, JointStream

MS = 1_000_000
BOUNDS = JointBounds(np.array([2.0, 2.0, 0.2]), 25 * MS, 5 * MS)
NAMES = ('one', 'two', 'hand')


@pytest.fixture
def stream():
    return JointStream(NAMES, BOUNDS)


def take(stream, ms, position, names=NAMES, velocity=(), stamp_ms=None):
    stamp_ms = ms if stamp_ms is None else stamp_ms
    return stream.take(names, position, velocity, stamp_ms * MS, ms * MS, ms * MS)


def test_a_whole_message_is_a_state_in_our_order(stream):
    assert take(stream, 10, [3.0, 1.0, 2.0], ('hand', 'one', 'two'), (0.3, 0.1, 0.2)) == ''
    assert stream.sample.value.position.tolist() == [1.0, 2.0, 3.0]
    assert stream.sample.value.velocity.tolist() == [0.1, 0.2, 0.3]
    assert (stream.sample.received_ns, stream.sample.stamp_ns) == (10 * MS, 10 * MS)


def test_parts_of_several_publishers_are_as_old_as_the_oldest(stream):
    said = take(stream, 10, [1.0, 2.0], NAMES[:2])
    assert said == "joints ['hand'] have not come; the messages have ['one', 'two']"
    assert stream.sample is None
    assert take(stream, 12, [0.01], ('hand',)) == ''
    assert take(stream, 20, [1.01, 2.0], NAMES[:2]) == ''
    assert (stream.sample.received_ns, stream.sample.stamp_ns) == (12 * MS, 20 * MS)
    assert stream.sample.value.position.tolist() == [1.01, 2.0, 0.01]


def test_a_joint_that_comes_no_more_is_named(stream):
    take(stream, 10, [1.0, 2.0, 0.0])
    assert take(stream, 30, [1.0, 2.0], NAMES[:2]) == ''
    assert take(stream, 36, [1.0, 2.0], NAMES[:2]) == "joints ['hand'] have not come for 26 ms"
    assert stream.sample.received_ns == 10 * MS


def test_joints_of_another_robot_are_no_concern_of_ours(stream):
    assert take(stream, 10, [7.0], ('wheel',)) is None
    assert take(stream, 11, [1.0, 2.0, 7.0, 0.0], ('one', 'two', 'wheel', 'hand')) == ''
    assert stream.sample.value.position.tolist() == [1.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ('position', 'names', 'stamp_ms', 'sentence'),
    [
        ([1.0, 2.0], NAMES, 20, 'message has 3 joint names and 2 values'),
        ([1.0, 1.0, 0.0], ('one', 'one', 'hand'), 20, "joints ['one'] stand more than once"),
        ([1.0, np.nan, 0.0], NAMES, 20, "joints ['two'] have a position that is not finite"),
        ([1.0, np.inf, 0.0], NAMES, 20, "joints ['two'] have a position that is not finite"),
        ([1.0, 2.0, 0.0], NAMES, 26, 'stamp is 6.0 ms in the future; allowed: 5 ms'),
        ([1.0, 2.0, 0.0], NAMES, 4, 'stamp went back by 6.0 ms (was a clock set back?)'),
        ([1.0, 2.5, 0.0], NAMES, 20, 'joint two jumped by 0.5 in 10.0 ms; at most 0.05 is'),
        ([1.0, 2.0, 0.03], NAMES, 20, 'joint hand jumped by 0.03 in 10.0 ms; at most 0.023 is'),
    ],
)
def test_what_cannot_be_believed_is_refused_whole(stream, position, names, stamp_ms, sentence):
    take(stream, 10, [1.0, 2.0, 0.0])
    before = stream.sample
    assert sentence in take(stream, 20, position, names, stamp_ms=stamp_ms)
    assert stream.sample is before
    assert stream.refused == 1


def test_an_older_message_is_passed_over(stream):
    take(stream, 10, [1.0, 2.0, 0.0])
    take(stream, 20, [1.01, 2.0, 0.0])
    before = stream.sample
    assert take(stream, 21, [1.0, 2.0, 0.0], stamp_ms=15) == ''
    assert stream.sample is before
    assert stream.passed_over == 1


def test_after_a_silence_any_position_may_follow_and_the_age_tells_of_it(stream):
    take(stream, 10, [1.0, 2.0, 0.0])
    for ms in (30, 50, 60):  # the jump goes on: the state grows old, and its watch stops the robot
        assert 'jumped by' in take(stream, ms, [1.0, 3.0, 0.0])
        assert stream.sample.received_ns == 10 * MS
    assert take(stream, 61, [1.0, 3.0, 0.0]) == ''
    assert stream.sample.value.position.tolist() == [1.0, 3.0, 0.0]


def test_a_clock_that_was_set_back_is_followed_after_a_silence(stream):
    take(stream, 100, [1.0, 2.0, 0.0])
    assert take(stream, 161, [1.0, 2.0, 0.0], stamp_ms=5) == ''
    assert stream.sample.stamp_ns == 5 * MS


def test_without_a_stamp_the_arrival_stands_in(stream):
    assert take(stream, 10, [1.0, 2.0, 0.0], stamp_ms=0) == ''
    assert stream.sample.stamp_ns == 10 * MS


def test_velocity_is_none_unless_every_joint_has_one(stream):
    take(stream, 10, [1.0, 2.0], NAMES[:2], (0.1, 0.2))
    take(stream, 10, [0.0], ('hand',))
    assert stream.sample.value.velocity is None
    take(stream, 12, [0.0], ('hand',), (0.0,))
    assert stream.sample.value.velocity.tolist() == [0.1, 0.2, 0.0]


def test_many_different_messages_do_not_fill_the_memory(stream):
    for k in range(1000):
        take(stream, 10, [0.0], (f'stranger_{k}',))
    assert len(stream._places) <= 8


def test_efforts_come_by_name_and_who_sends_none_has_none(stream):
    assert take(stream, 10, [1.0, 2.0, 0.3]) == ''
    assert stream.sample.value.effort is None
    stream.take(('hand', 'one'), [0.3, 1.0], (), 12 * MS, 12 * MS, 12 * MS, (7.0, 5.0))
    effort = stream.sample.value.effort
    assert (effort[0], np.isnan(effort[1]), effort[2]) == (5.0, True, 7.0)
    stream.take(NAMES, [1.0, 2.0, 0.3], (), 14 * MS, 14 * MS, 14 * MS)
    assert stream.sample.value.effort is None


@pytest.mark.parametrize('step_ms', [4, 5_000, -4, -5_000])
def test_after_our_own_clock_was_set_the_arrival_gives_the_order_for_a_while(stream, step_ms):
    def told(ms, position=(1.0, 2.0, 0.0), stamped_before=False):
        clock_ms = 10_000 + (step_ms if ms > 11 else 0)
        stamp_ms = 10_000 + ms if stamped_before else clock_ms + ms
        times = (stamp_ms * MS, ms * MS, (clock_ms + ms) * MS)
        return stream.take(NAMES, position, (), *times)

    assert told(10) == ''
    stream.clock_set(11 * MS)
    # One that was stamped before the step, and then those stamped after it.
    assert told(12, stamped_before=True) == '' or step_ms == -5_000
    for ms in range(14, 200, 2):
        assert told(ms) == ''
        assert stream.sample.received_ns == ms * MS
    assert 'jumped by 0.5 in 1.0 ms' in told(199, [1.5, 2.0, 0.0])
    assert stream.passed_over == 0
