"""Tap on the gate: what it says of itself, what it last sent, and when it was last heard."""

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from robot_runtime.core.control_state import GateView
from robot_runtime.core.types import Floats, Motion
from robot_runtime.ros import conversions, polling, qos
from trajectory_msgs.msg import JointTrajectory

HELD_UP_NS = 100_000_000  # so long after our own last look its silence may be ours
GONE_NS = 10_000_000_000  # of silence, after which nobody waits for it any more


class GateTap:
    """Takes the newest of the gate's two topics."""

    def __init__(self, node: Node, names: tuple[str, ...], period_ns: int) -> None:
        """Listen to the gate of this robot."""
        self._names, self._period_ns = names, period_ns
        self._states = node.create_subscription(
            JointTrajectory, 'safety_node/state', polling.unused, qos.LATCHED
        )
        self._statuses = node.create_subscription(
            DiagnosticArray, 'safety_node/status', polling.unused, qos.STATUS
        )
        self._looked_ns = 0
        self.forget()

    def forget(self) -> None:
        """Forget what was said: time was set back."""
        self.status: dict[str, str] | None = None
        self._motion: Motion | None = None
        self._epoch_ns, self._tick, self._heard_ns = -1, -1, 0

    def take(self, now_ns: int) -> None:
        """Take what has come; who was held up himself gives the gate its time anew."""
        if now_ns - self._looked_ns > HELD_UP_NS:
            self._heard_ns = now_ns
        self._looked_ns = now_ns
        status = polling.newest(self._statuses)
        if status is not None:
            self.status, self._heard_ns = conversions.status_values(status), now_ns
        state = polling.newest(self._states)
        if state is not None:
            self._epoch_ns = conversions.nanoseconds(state.header.stamp)
            time_ns = conversions.nanoseconds(state.points[0].time_from_start)
            self._tick = time_ns // self._period_ns
            self._motion = conversions.motion_from(
                state.joint_names, state.points[0], self._names
            )

    def gone(self, now_ns: int) -> str:
        """Return in words that the gate does not come back, or ''; one not yet heard may come."""
        if self.status is None or now_ns - self._heard_ns <= GONE_NS:
            return ''
        return (
            f'safety_node has said nothing for {GONE_NS / 1e9:g} s: it hangs, and nothing that '
            'moves the robot may go on without it; see its log'
        )

    def view(self, measured: Floats | None) -> GateView | None:
        """Return it for core; the `measured` joints stand in for a motion before the first."""
        motion, status = self._motion, self.status
        if motion is None and measured is not None:
            motion = Motion.at_rest(measured)
        if motion is None or status is None:
            return None
        return GateView(
            status['state'], motion, status['latched'] == '1', status['reason'],
            self._epoch_ns, self._tick, self._heard_ns,
        )  # fmt: skip
