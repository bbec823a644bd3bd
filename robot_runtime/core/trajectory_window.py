"""Trajectory window: what a trajectory controller has still to run, and a stop as its tail."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.brake import stop_step
from robot_runtime.core.stop_path import StopPath
from robot_runtime.core.types import Floats, Limits, Motion

MAX_STRETCH = 0.01  # of the time between two points, to win back what a late motion has lost
STRETCH_STEP = 0.00002  # change of it from one point to the next: 0.1 % of the acceleration
SET_BACK_NS = 500_000_000  # no motion comes so early: the clock was set back
KNOT_TICKS, MOST_KNOTS = 4, 20  # of the tail: from one point to the next, and at most
TRANSIT_NS = 2_000_000  # from here to the controller


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A motion, and when the controller shall be there, on the ROS clock."""

    due_ns: int
    motion: Motion


class TrajectoryWindow:
    """
    Verified motions of one joint group on the controller's clock.

    Each is due one nominal period after the one before it, so that its own time is what was
    verified, and the first one `delay_ns` after it came. While the joints stand, the delay is
    set anew; while they move, motions that come too slowly are stretched by 1 % at most, and
    never pressed together.
    """

    def __init__(self, limits: Limits, period_ns: int, delay_ns: int) -> None:
        """Begin with nothing to run; the limits are those of the stop."""
        self._limits, self._period_ns = limits, period_ns
        self._delay_ns = delay_ns
        self._points: deque[Point] = deque()
        self._stretch = 0.0
        self._told: Point | None = None

    def add(self, motion: Motion, now_ns: int) -> None:
        """Append a motion that is one period after the last one, in the time that it names."""
        wish_ns = now_ns + self._delay_ns
        if self._points and self._points[-1].due_ns > wish_ns + SET_BACK_NS:
            self._points.clear()
        if not self._points:
            self._points.append(Point(wish_ns, motion))
            return
        newest = self._points[-1]
        due_ns = newest.due_ns + self._period_ns
        if motion.moves or newest.motion.moves:
            wish = MAX_STRETCH if due_ns < wish_ns else 0.0
            change = min(max(wish - self._stretch, -STRETCH_STEP), STRETCH_STEP)
            self._stretch += change
            due_ns += round(self._stretch * self._period_ns)
        else:
            self._stretch = 0.0
            due_ns = max(newest.due_ns + self._period_ns // 2, wish_ns)
        self._points.append(Point(due_ns, motion))

    def trajectory(self, now_ns: int) -> tuple[list[int], Floats, Floats]:
        """
        Return when (N,) the controller shall be where (N, J), and how fast it then is (N, J).

        The first point is not after `now_ns`, so that the controller runs between points only,
        and never from where it happens to be.
        """
        points = self._points
        while len(points) > 2 and points[2].due_ns <= now_ns:
            points.popleft()
        self._told = newest = points[-1]
        dt_s, last = self._period_ns / 1e9, newest.motion
        stop = StopPath(last, self._limits, dt_s)
        ticks = _knots(stop.ticks)
        tail = stop.after(ticks)
        due_ns = [point.due_ns for point in points]
        due_ns += [newest.due_ns + int(tick) * self._period_ns for tick in ticks]
        position = np.vstack([point.motion.position for point in points] + [tail])
        velocity = _knot_velocity(np.array(due_ns, dtype=np.int64), position)
        velocity[0], verified = points[0].motion.velocity, len(points) - 1
        # The mean of the steps before and after it; at the end it stands.
        first = (stop.after(np.ones(1))[0] - last.position) / dt_s
        velocity[verified] = 0.5 * (last.velocity + first)
        around = stop.after(ticks + 1.0) - stop.after(ticks - 1.0)
        velocity[verified + 1:] = around / (2.0 * dt_s)
        velocity[-1] = 0.0
        first = int(len(points) > 1 and points[1].due_ns <= now_ns)
        return due_ns[first:], position[first:], velocity[first:]

    def overtaken(self, now_ns: int) -> bool:
        """Return whether the controller has begun the tail before it could be told to go on."""
        told = self._told
        if told is None or not told.motion.moves:
            return False
        return now_ns + TRANSIT_NS > told.due_ns

    def follow_tail(self, now_ns: int) -> Motion:
        """Forget what was not told, and return where on the tail the next motion begins."""
        assert self._told is not None
        motion, due_ns = self._told.motion, self._told.due_ns
        self._points.clear()
        self._points.append(self._told)
        while due_ns <= now_ns + TRANSIT_NS and motion.moves:
            motion = stop_step(motion, self._limits, self._period_ns / 1e9)
            due_ns += self._period_ns
            self._points.append(Point(due_ns, motion))
        if not motion.moves:  # it stands, or will by itself: there is nothing to follow
            self._told = self._points[-1]
        return motion


def _knots(ticks: int) -> Floats:
    """Return the ticks (K,) at which the tail of a stop of `ticks` has its points."""
    every = max(KNOT_TICKS, -(-ticks // MOST_KNOTS))
    return np.append(np.arange(every, ticks, every, dtype=np.float64), max(ticks, 1.0))


def _knot_velocity(due_ns: NDArray[np.int64], position: Floats) -> Floats:
    """
    Return the velocity at each inner point of the parabola through it and its two neighbours.

    Cubics with these have the acceleration of the points wherever it lasts for two periods, and
    within a period in which it jumps at most twice the greater one.
    """
    span = np.diff(due_ns)[:, np.newaxis] / 1e9
    mean = np.diff(position, axis=0) / span
    velocity = np.zeros_like(position)
    velocity[1:-1] = (mean[:-1] * span[1:] + mean[1:] * span[:-1]) / (span[1:] + span[:-1])
    return velocity
