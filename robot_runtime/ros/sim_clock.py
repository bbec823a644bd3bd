"""Simulated clock: the time of /clock, behind the protocol of the steady clock."""

from rclpy.clock import ROSClock
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from robot_runtime.ros import polling
from robot_runtime.runtime.clock import Clock, SteadyClock
from rosgraph_msgs.msg import Clock as ClockMessage

POLL_NS = 250_000
PATIENCE_NS = 100_000_000  # steady time that one sleep waits for /clock
MOST_BEHIND_NS = 50_000_000
STANDS_S = 1.0
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class SimClock:
    """
    Wakes on each /clock; one thread uses it, and no executor is needed.

    `by_grid`: it then stands at each deadline in turn up to the time that came, so that a loop
    runs all its ticks, as long as they are at most 50 ms; otherwise it goes to that time at once.
    The node's own clock, with which it stamps, is moved along.
    """

    def __init__(self, node: Node, by_grid: bool) -> None:
        """Listen to /clock."""
        self._steady, self._by_grid = SteadyClock(), by_grid
        self._ros: ROSClock = node.get_clock()
        self._topic = node.create_subscription(ClockMessage, '/clock', lambda _: None, NEWEST)
        self._now_ns = self._newest_ns = 0
        self._heard_ns = self._steady.now_ns()

    @property
    def silent_s(self) -> float:
        """Return how long ago, in steady time, /clock was last heard."""
        return (self._steady.now_ns() - self._heard_ns) / 1e9

    def now_ns(self) -> int:
        """Return the simulated time, 0 before there is one."""
        return self._now_ns

    def sleep_until(self, deadline_ns: int) -> bool:
        """
        Wait for /clock to reach `deadline_ns`; return False if it has not within 0.1 s.

        It returns True, with a time before the deadline, when the clock was set back.
        """
        end_ns = self._steady.now_ns() + PATIENCE_NS
        while not self._reached(deadline_ns):
            now_ns = self._steady.now_ns()
            if now_ns > end_ns:
                return False
            self._steady.sleep_until(now_ns + POLL_NS)
        return True

    def _reached(self, deadline_ns: int) -> bool:
        message = polling.newest(self._topic)
        if message is not None:
            self._newest_ns = message.clock.sec * 1_000_000_000 + message.clock.nanosec
            self._heard_ns = self._steady.now_ns()
        behind_ns = self._newest_ns - deadline_ns
        back = self._newest_ns < self._now_ns
        if back or behind_ns >= 0:
            stepwise = self._by_grid and 0 <= behind_ns <= MOST_BEHIND_NS
            self._now_ns = deadline_ns if stepwise else self._newest_ns
            self._ros.set_ros_time_override(Time(nanoseconds=self._now_ns))
            return True
        return False


def clock_of(node: Node, by_grid: bool = False) -> Clock:
    """Return the clock that the parameter use_sim_time of `node` asks for."""
    if node.get_parameter('use_sim_time').value:
        return SimClock(node, by_grid)
    return SteadyClock()


def silence(clock: Clock) -> str:
    """Return in a sentence that `clock` waits for /clock, '' if it does not."""
    if not isinstance(clock, SimClock) or clock.silent_s * 1e9 < PATIENCE_NS:
        return ''
    return (
        f'no /clock for {clock.silent_s:.1f} s, but use_sim_time is true: start a simulator that '
        'publishes it, or set use_sim_time to false'
    )


def stands(clock: Clock) -> bool:
    """Return whether simulated time has stopped, so that no robot moves and nothing can."""
    return isinstance(clock, SimClock) and clock.silent_s > STANDS_S
