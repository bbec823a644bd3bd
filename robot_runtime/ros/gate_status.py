"""Gate status: what people and programs read of the gate ten times a second."""

from dataclasses import asdict
from typing import Any

from robot_runtime.core.gate_state import GateConfig, GateState
from robot_runtime.core.pacing import TickStats


def gate_values(state: GateState, config: GateConfig, stats: TickStats) -> dict[str, Any]:
    """Return the values that the gate itself knows, by their stable keys."""
    return {
        'state': state.state.name,
        'latched': int(state.latched),
        'reason': state.reason,
        **asdict(state.counters),
        'budget_ms': config.budget_ns / 1e6,
        'lateness_p99_us': round(stats.percentile(99.0) / 1e3, 1),
        'lateness_p999_us': round(stats.percentile(99.9) / 1e3, 1),
    }
