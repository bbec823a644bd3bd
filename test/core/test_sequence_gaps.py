"""Gaps in a numbered stream."""

from robot_runtime.core.sequence_gaps import SequenceGaps


def test_each_number_left_out_is_one_message_lost():
    gaps = SequenceGaps()
    assert not gaps.numbered
    for number in (40, 41, 44, 45):
        gaps.take(b'a', number)
    assert (gaps.lost, gaps.numbered) == (2, True)


def test_a_sender_that_is_new_or_second_has_lost_nothing_yet():
    gaps = SequenceGaps()
    for sender, number in ((b'a', 7), (b'b', 1), (b'a', 8), (b'b', 3), (b'a', 9)):
        gaps.take(sender, number)
    assert gaps.lost == 1


def test_a_number_that_comes_again_counts_nothing():
    gaps = SequenceGaps()
    for number in (1, 2, 3, 2, 4):
        gaps.take(b'a', number)
    assert gaps.lost == 0
