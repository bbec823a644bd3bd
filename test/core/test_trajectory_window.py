"""Tests of the trajectory window: verified points, and the gate's own stop as a tail."""

from dataclasses import replace

from gate_robot import DT, fr3, HOME
import numpy as np
import pytest
from robot_runtime.core.brake import stop_step
from robot_runtime.core.limits import shape
from robot_runtime.core.trajectory_window import MAX_STRETCH, TrajectoryWindow
from robot_runtime.core.types import Motion

LIMITS = fr3()
TICK, DELAY, EVERY = round(DT * 1e9), 32_000_000, 20_000_000


def ramp(count, speed=0.3):
    """Return motions that gain speed as fast as the limits let them and then keep it."""
    motions = [Motion.at_rest(HOME)]
    slow = replace(LIMITS, velocity=speed * LIMITS.velocity)
    for _ in range(count):
        motions.append(shape(HOME + 9.0, motions[-1], slow, DT).motion)
    return motions


def sent(motions, late_ns=lambda n: 0, window=None):
    """Send motions through a window; return the window and each message with its time."""
    window = window or TrajectoryWindow(LIMITS, TICK, DELAY)
    messages, due = [], 0
    for n, motion in enumerate(motions):
        now = n * TICK + late_ns(n)
        window.add(motion, now)
        if now >= due:
            messages.append((now, *window.trajectory(now)))
            due = now + EVERY
    return window, messages


def at(message, time_ns):
    """Return where a controller that runs `message` is at a time: cubic between points."""
    _, due, q, v = message
    k = int(np.searchsorted(due, time_ns, side='right'))
    if k == len(due):
        return q[-1]
    h = (due[k] - due[k - 1]) / 1e9
    s = (time_ns - due[k - 1]) / 1e9 / h
    step = q[k] - q[k - 1]
    c2, c3 = 3 * step - h * (2 * v[k - 1] + v[k]), h * (v[k - 1] + v[k]) - 2 * step
    return q[k - 1] + s * (h * v[k - 1] + s * (c2 + s * c3))


def run(messages, until_ns, every_ns=1_000_000):
    """Return the path of a controller that gets each message as it is sent."""
    times = np.arange(messages[0][1][0], until_ns, every_ns)
    path = []
    for time in times:
        newest = max(k for k, message in enumerate(messages) if message[0] <= time)
        path.append(at(messages[newest], time))
    return np.array(path)


def test_a_message_holds_what_is_to_come_and_ends_at_rest_where_the_stop_ends():
    motions = ramp(60)
    _, messages = sent(motions)
    for now, due, q, v in messages[2:]:
        assert due[0] <= now < due[1]
        assert (np.diff(due) > 0).all()
        assert not v[-1].any()
        motion = motions[round((now) / TICK)]
        while motion.moves:
            motion = stop_step(motion, LIMITS, DT)
        assert np.allclose(q[-1], motion.position, atol=1e-12)
        assert len(due) < 30


def test_a_controller_runs_the_verified_points_at_their_own_times():
    motions = ramp(100)
    _, messages = sent(motions, lambda n: (n * 7919) % 3_000_000)  # each up to 3 ms late
    due = messages[-1][1]
    start = messages[0][1][0]
    for message in messages:
        for time, q in zip(message[1], message[2], strict=True):
            n = (time - start) / TICK
            if n <= message[0] // TICK:
                low = motions[int(n)].position
                most = LIMITS.velocity * DT * (1.5 + n * MAX_STRETCH)
                assert (np.abs(q - low) <= most).all()
    assert due[0] - start > 0.9 * messages[-1][0] - DELAY


def test_a_controller_does_not_notice_where_one_message_follows_another():
    motions = ramp(100)
    _, messages = sent(motions)
    whole = TrajectoryWindow(LIMITS, TICK, DELAY)
    for n, motion in enumerate(motions):
        whole.add(motion, n * TICK)
    path = run(messages, messages[-1][0] + 20_000_000)
    alone = run([(0, *whole.trajectory(0))], messages[-1][0] + 20_000_000)
    assert np.allclose(path, alone, rtol=0, atol=1e-12)
    acceleration = np.diff(path, 2, axis=0) / 1e-6
    # Within a tick in which it jumps it is twice as great, and on average what was verified.
    assert (np.abs(acceleration[8:]) <= 2.0 * LIMITS.acceleration * 1.001).all()


def test_without_a_further_message_a_controller_stops_within_the_acceleration():
    _, messages = sent(ramp(100))
    path = run(messages, messages[-1][0] + 1_000_000_000)
    acceleration = np.diff(path, 2, axis=0) / 1e-6
    # In the last tick of a joint the cubic makes up for what the tick is too long.
    assert (np.abs(acceleration[8:]) <= 2.0 * LIMITS.acceleration * 1.001).all()
    assert np.array_equal(path[-1], path[-100])
    assert np.array_equal(path[-1], messages[-1][2][-1])


def test_motions_that_come_too_slowly_are_stretched_by_one_percent_and_no_more():
    motions = ramp(600)
    slow = lambda n: n * TICK // 100  # noqa: E731 - the ticks come 1 % too slowly
    _, messages = sent(motions, slow)
    due = [time for message in messages for time in message[1][:2]]
    gaps = np.diff(sorted(set(due)))
    assert gaps.max() <= 5 * TICK * (1 + MAX_STRETCH) + 2 * TICK
    _, due, q, v = messages[-1]
    speed = np.abs(np.diff(q[:4], axis=0)) / np.diff(due[:4])[:, None] * 1e9
    share = speed / (0.3 * LIMITS.velocity)
    assert share.max() == pytest.approx(1 / (1 + MAX_STRETCH), rel=1e-3)


def test_while_it_stands_the_delay_is_won_back():
    motions = [Motion.at_rest(HOME)] * 400
    _, messages = sent(motions, lambda n: 30_000_000 if n == 100 else 0)
    now, due, _, _ = messages[-1]
    assert due[-2] - now <= DELAY + TICK
    assert messages[20][1][-2] == 100 * TICK + 30_000_000 + DELAY


def test_it_is_overtaken_once_the_controller_has_begun_the_stop_and_follows_it():
    motions = ramp(60)
    window, messages = sent(motions)
    now, due, _, _ = messages[-1]
    newest = now + DELAY  # the last verified point that was told
    assert not window.overtaken(newest - 3_000_000)
    assert window.overtaken(newest)
    motion = window.follow_tail(newest + 10_000_000)
    late = [newest + 10_000_000, *window.trajectory(newest + 10_000_000)]
    stop = motions[round(now / TICK)]
    for _ in range(4):
        stop = stop_step(stop, LIMITS, DT)
    assert np.allclose(motion.position, stop.position)
    for ms in range(10, 200):
        time = newest + ms * 1_000_000
        assert np.abs(at(messages[-1], time) - at(late, time)).max() < 1e-4


def test_at_the_end_of_the_stop_it_is_no_longer_overtaken():
    window, messages = sent(ramp(60))
    now, _, q, _ = messages[-1]
    motion = window.follow_tail(now + 2_000_000_000)
    assert not motion.velocity.any()
    assert np.allclose(motion.position, q[-1])
    assert not window.overtaken(now + 2_000_000_000)


def test_a_robot_that_stands_is_never_overtaken():
    window, messages = sent([Motion.at_rest(HOME)] * 20)
    assert not window.overtaken(messages[-1][0] + 1_000_000_000)
