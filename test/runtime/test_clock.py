"""Tests of the clocks."""

import signal

from robot_runtime.runtime.clock import FakeClock, SteadyClock

MS = 1_000_000


def test_a_sleep_ends_at_its_deadline_and_not_before():
    clock = SteadyClock()
    deadline = clock.now_ns() + 5 * MS
    assert clock.sleep_until(deadline)
    assert clock.now_ns() >= deadline


def test_a_deadline_in_the_past_is_reached_at_once():
    assert SteadyClock().sleep_until(-1)


def with_alarm(handler, sleep_ms):
    clock = SteadyClock()
    old = signal.signal(signal.SIGALRM, lambda *_: handler(clock))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    began = clock.now_ns()
    try:
        return clock.sleep_until(began + sleep_ms * MS), (clock.now_ns() - began) / MS, clock
    finally:
        signal.signal(signal.SIGALRM, old)


def test_a_signal_that_stops_the_clock_ends_the_sleep():
    reached, took_ms, clock = with_alarm(SteadyClock.stop, 20_000)
    assert (reached, clock.stopped) == (False, True)
    assert took_ms < 10_000
    assert not clock.sleep_until(0)


def test_any_other_signal_does_not_shorten_the_sleep():
    reached, took_ms, _ = with_alarm(lambda clock: None, 60)
    assert reached
    assert took_ms >= 60


def test_time_of_a_test_passes_only_when_asked():
    clock = FakeClock(10)
    assert clock.sleep_until(30)
    clock.advance(5)
    assert (clock.sleep_until(1), clock.now_ns()) == (True, 35)
    clock.stop()
    assert (clock.sleep_until(99), clock.now_ns()) == (False, 35)
