"""ROS time of a node, and by how much it was set."""

from rclpy.node import Node
from robot_runtime.core.clock_step import ClockSteps, stepped
from robot_runtime.runtime.clock import Clock, SteadyClock

TOLD_NS = 10_000_000_000  # for how long a step is told in /diagnostics


class RosTime:
    """
    Reads the ROS clock between two looks at the steady one; simulated time has no steps.

    A step is for the status to tell: to log it here would hold up a loop by some ticks.
    """

    def __init__(self, node: Node, clock: Clock) -> None:
        """Take the clock that the loop of `node` lives by."""
        self._ros = node.get_clock()
        self._steady = clock if isinstance(clock, SteadyClock) else None
        self._watch = ClockSteps()
        self._said, self._said_ns = '', 0
        self.steps = 0

    def read(self) -> tuple[int, int]:
        """Return the ROS time [ns], and by how much it was set since the last reading, or 0."""
        if self._steady is None:
            return int(self._ros.now().nanoseconds), 0
        before_ns = self._steady.now_ns()
        now_ns = int(self._ros.now().nanoseconds)
        after_ns = self._steady.now_ns()
        step_ns = self._watch.read(before_ns, now_ns, after_ns)
        if step_ns:
            self.steps += 1
            self._said, self._said_ns = stepped(step_ns), after_ns
        return now_ns, step_ns

    def said(self) -> str:
        """Return in words the last step, '' once it is a while ago."""
        if self._steady is None or self._steady.now_ns() - self._said_ns > TOLD_NS:
            return ''
        return self._said
