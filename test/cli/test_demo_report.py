"""Figures of a demo: frames are compared where sender and receiver speak of the same one."""

from robot_runtime.cli.demo_report import FrameCount, Total


def statuses(sent, received, lost=0):
    """Return what both sides say after so many frames, 100 apart; one was lost at first."""
    newest = [100 * k for k in range(max(0, received - 3) + lost, received + lost + 1)]
    return (
        {'stamp_front': str(100 * sent), 'frames_front': str(sent)},
        {'stamps_front': ' '.join(map(str, newest)), 'frames_received_front': str(received),
         'frames_lost_front': str(lost)},
    )  # fmt: skip


def test_statuses_that_never_end_with_the_same_frame_still_count_all():
    count = FrameCount()
    for k in range(3, 300, 3):
        count.update('front', *statuses(k, k + 1))
    assert (count.sent, count.received, count.lost) == (294, 294, 0)


def test_a_lost_frame_is_one_sent_and_not_received():
    count = FrameCount()
    count.update('front', *statuses(10, 10))
    count.update('front', *statuses(20, 19, lost=1))
    assert (count.sent, count.received, count.lost) == (10, 9, 1)


def test_what_was_sent_before_the_receiver_was_there_is_not_lost():
    count = FrameCount()
    count.update('front', {'stamp_front': '500', 'frames_front': '5'}, {})
    assert (count.sent, count.received) == (0, 0)


def test_a_total_goes_on_over_a_counter_that_began_anew():
    total = Total()
    for value in (2, 5, 1):
        total.update(value)
    assert total.total == 6
