"""Steps of the ROS clock, seen against the steady one."""

import pytest
from robot_runtime.core.clock_step import ClockSteps, stepped

MS, US = 1_000_000, 1_000
SECOND = 1_000 * MS
ROS = 1_700_000_000 * SECOND


def read(steps, now, ros, took=2 * US):
    return steps.read(now - took // 2, ROS + ros, now - took // 2 + took)


@pytest.mark.parametrize('step', [3 * MS, -3 * MS, 5 * SECOND, -5 * SECOND, -3_600 * SECOND])
def test_a_step_is_told_once_with_its_length_and_sign(step):
    steps = ClockSteps()
    told = []
    for tick in range(2_000):
        now = tick * 4 * MS
        told.append(read(steps, now, now + (step if tick >= 1_000 else 0)))
    assert [value for value in told if value] == [step]
    assert told[1_000] == step


def test_a_rate_that_ntp_corrects_is_no_step():
    steps = ClockSteps()
    for tick in range(10_000):
        now = tick * 4 * MS
        assert read(steps, now, now + now // 2_000) == 0  # 500 parts in a million


def test_small_jumps_add_up_within_a_second_and_no_longer():
    steps = ClockSteps()
    told = [read(steps, tick * 4 * MS, tick * 4 * MS + tick * MS // 10) for tick in range(30)]
    assert sum(told) in range(2 * MS, 3 * MS + 1)
    steps = ClockSteps()
    told = [read(steps, k * SECOND, k * SECOND + k * 3 * MS // 2) for k in range(30)]
    assert not any(told)


def test_a_reading_that_was_interrupted_says_nothing():
    steps = ClockSteps()
    read(steps, 0, 0)
    assert read(steps, 4 * MS, 4 * MS + 50 * MS, took=300 * US) == 0
    assert read(steps, 8 * MS, 8 * MS) == 0


def test_the_sentence_has_direction_and_length():
    assert stepped(-5 * SECOND) == 'the clock of this host was set back by 5000.0 ms'
    assert stepped(3 * MS) == 'the clock of this host was set forward by 3.0 ms'
