"""Driver: follows commands, and ends by itself when they stop coming."""

import numpy as np
import pytest
from robot_runtime.sim.driver import Driver, OnTimeout

MS = 1_000_000
SPEED = 1.0  # [rad/s]


def moving(on_timeout: OnTimeout, upper: float = 3.0) -> tuple[Driver, int]:
    """Return a driver that follows a joint at SPEED, and the time of its last command."""
    one = np.ones(1)
    driver = Driver(0 * one, -3 * one, upper * one, 10 * one, 0.004, 0.05, on_timeout)
    for k in range(50):
        driver.command(np.array([SPEED * 0.004 * k]), k * 4 * MS)
    return driver, 49 * 4 * MS


def targets(driver: Driver, start_ns: int, until_ms: int) -> np.ndarray:
    return np.array([driver.target(start_ns + t * MS)[0] for t in range(until_ms)])


def test_the_newest_command_is_the_target() -> None:
    driver, last = moving('decelerate')
    assert driver.target(last + 3 * MS) == pytest.approx([49 * 0.004])


def test_after_the_timeout_it_slows_down_at_its_own_deceleration_and_stands() -> None:
    driver, last = moving('decelerate')
    path = targets(driver, last, 300)
    acceleration = np.diff(path, 2) * 1e6
    assert np.abs(acceleration[10:]).max() == pytest.approx(10.0, rel=1e-3)
    assert path[-1] == path[-50]
    # The gap but for the two periods that it waits, then v^2 / 2a.
    assert path[-1] - path[0] == pytest.approx(SPEED * 0.042 + SPEED**2 / 20, abs=1e-6)


def test_hold_keeps_the_last_position_at_once() -> None:
    driver, last = moving('hold')
    assert np.ptp(targets(driver, last, 300)) == 0.0


@pytest.mark.parametrize('on_timeout', ['decelerate', 'hold'])
def test_a_timeout_in_motion_is_counted_once(on_timeout: OnTimeout) -> None:
    driver, last = moving(on_timeout)
    targets(driver, last, 300)
    assert driver.timeouts == 1


def test_its_own_stop_does_not_leave_the_range() -> None:
    driver, last = moving('decelerate', upper=0.2)
    assert targets(driver, last, 300).max() == 0.2


def test_a_late_command_is_returned_to_without_a_step() -> None:
    driver, last = moving('decelerate')
    gone_on = driver.target(last + 30 * MS)
    driver.command(np.array([50 * 0.004]), last + 30 * MS)
    assert driver.target(last + 30 * MS) == pytest.approx(gone_on)
    for k in range(51, 57):
        late = last + (30 + 4 * (k - 50)) * MS
        driver.command(np.array([k * 0.004]), late)
    assert driver.target(late) == pytest.approx([56 * 0.004])


def test_a_command_that_is_not_finite_is_dropped() -> None:
    driver, last = moving('hold')
    driver.command(np.array([np.nan]), last + 4 * MS)
    assert driver.target(last + 4 * MS) == pytest.approx([49 * 0.004])


def test_a_trajectory_is_run_on_its_own_clock_and_its_end_is_held() -> None:
    driver, last = moving('decelerate')
    times, points = np.array([0.1, 0.2]), np.array([[0.3], [0.5]])
    start = driver.target(last)[0]
    driver.trajectory(times, points, last)
    assert driver.target(last + 50 * MS)[0] == pytest.approx((start + 0.3) / 2)
    assert driver.target(last + 150 * MS)[0] == pytest.approx(0.4)
    assert driver.target(last + 900 * MS)[0] == 0.5


def test_points_with_velocities_are_joined_by_cubics_and_those_that_are_past_still_count() -> None:
    driver, last = moving('decelerate')
    times = np.array([-0.05, 0.05, 0.15])
    points, speeds = np.array([[0.0], [0.1], [0.1]]), np.array([[1.0], [1.0], [0.0]])
    driver.trajectory(times, points, last, speeds)
    assert driver.target(last)[0] == pytest.approx(0.05)
    # From 0.1 at 1 rad/s back to 0.1 within 0.1 s: t (1 - t / T)^2.
    assert driver.target(last + 100 * MS)[0] == pytest.approx(0.1 + 0.05 * 0.25)
    assert driver.target(last + 900 * MS)[0] == 0.1


def test_a_trajectory_that_begins_later_is_led_to_from_where_and_how_fast_the_joint_is() -> None:
    driver, last = moving('decelerate')
    driver.trajectory(np.array([0.1]), np.array([[0.3]]), last, np.zeros((1, 1)))
    start = 49 * 0.004
    assert driver.target(last + 1 * MS)[0] == pytest.approx(start + SPEED * 0.001, abs=5e-5)
    assert driver.target(last + 100 * MS)[0] == 0.3
