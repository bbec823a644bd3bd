"""Senders of one topic: who may follow whom, and when two are there at once."""

from robot_runtime.core.senders import Senders

MS = 1_000_000
QUIET = 1_000 * MS
ONE, TWO = b'one', b'two'


def heard(senders, *messages):
    """Return which of the messages (milliseconds, sender) are one too many."""
    return [senders.second(sender, ms * MS) for ms, sender in messages]


def test_one_sender_is_never_a_second_one_however_long_it_pauses():
    senders = Senders(QUIET, may_return=False)
    assert heard(senders, (0, ONE), (10, ONE), (60_000, ONE)) == [False, False, False]


def test_another_one_within_the_quiet_time_is_a_second_one_and_the_first_stays():
    senders = Senders(QUIET, may_return=False)
    assert heard(senders, (0, ONE), (10, TWO), (20, ONE), (30, TWO)) == [False, True, False, True]
    assert senders.speaker == ONE


def test_the_quiet_time_ends_one_nanosecond_after_it():
    for extra, second in ((0, True), (1, False)):
        senders = Senders(QUIET, may_return=False)
        senders.second(ONE, 0)
        assert senders.second(TWO, QUIET + extra) is second


def test_two_who_take_turns_slowly_are_known_by_the_return_of_the_first():
    senders = Senders(QUIET, may_return=False)
    assert heard(senders, (0, ONE), (1_500, TWO), (3_000, ONE)) == [False, False, True]
    # The other one has ended: the one that is left may go on.
    assert heard(senders, (4_500, ONE), (6_000, ONE)) == [False, False]
    assert heard(senders, (7_500, TWO)) == [True]


def test_persons_may_take_turns():
    senders = Senders(QUIET, may_return=True)
    assert heard(senders, (0, ONE), (1_500, TWO), (3_000, ONE)) == [False, False, False]
    assert heard(senders, (3_010, TWO)) == [True]


def test_one_that_left_in_good_order_may_be_followed_at_once_and_leaves_no_trace():
    senders = Senders(QUIET, may_return=False)
    senders.second(ONE, 0)
    assert not senders.second(TWO, 1, gone=True)
    assert not senders.second(ONE, 1 + QUIET + 1)
