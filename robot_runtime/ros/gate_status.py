"""Gate status: what people and programs read of the gate ten times a second."""

from dataclasses import asdict
from typing import Any

from rclpy.node import Node
from robot_runtime.core.gate_state import GateConfig, GateState
from robot_runtime.core.pacing import TickStats
from robot_runtime.ros.status_out import ERROR, OK, part, StatusOut, WARN


class GateStatus:
    """Says what the gate knows of itself, by stable keys, and since when it is latched."""

    def __init__(
        self, node: Node, robot: str, config: GateConfig, real_time: bool, stats: TickStats
    ) -> None:
        """Begin with a gate that is not latched; `stats` is filled by its loop."""
        self._clock, self._config, self._stats = node.get_clock(), config, stats
        self._real_time = real_time
        self._out = StatusOut(node, 'gate', robot)
        self.clock = self.connections = ''  # a step of the clock; what the graph has wrong
        self._latched_ns = 0

    def publish(
        self, now_ns: int, state: GateState, complaint: str, **more: Any
    ) -> None:
        """Publish `state` and `more`; `complaint` is about the joint states, '' for none."""
        if not state.latched:
            self._latched_ns = 0
        elif not self._latched_ns:
            self._latched_ns = self._clock.now().nanoseconds
        values = {
            'state': state.state.name,
            'latched': int(state.latched),
            'latched_since_ns': self._latched_ns,
            'reason': state.reason,
            'blocked': state.blocked,
            **asdict(state.counters),
            'budget_ms': self._config.budget_ns / 1e6,
            'lateness_p99_us': round(self._stats.percentile(99.0) / 1e3, 1),
            'lateness_p999_us': round(self._stats.percentile(99.9) / 1e3, 1),
            'real_time': int(self._real_time),
            'clock': self.clock,
            **more,
        }
        level = ERROR if state.latched else WARN if complaint or self.clock else OK
        text = state.reason or complaint or state.state.name
        parts = (
            part('e-stop', state.blocked, ERROR), part('joint states', complaint),
            part('connections', self.connections, ERROR), part('clock', self.clock),
        )  # fmt: skip
        self._out.publish(now_ns, level, text, values, lambda: parts)
