"""Watches of the gate over what the joints do, beyond their positions."""

from dataclasses import replace

from robot_runtime.core.effort_watch import overload, strained
from robot_runtime.core.gate import stop
from robot_runtime.core.gate_state import GateConfig, GateState, Phase
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample


def sense(
    config: GateConfig, state: GateState, sample: Sample[Measured] | None, now_ns: int
) -> GateState:
    """
    Return the state after the newest joint state, as it is to be told at every tick.

    It brakes if that says so. A joint state that is old, or none, is the matter of `on_tick`.
    """
    if sample is None:
        return state
    return _efforts(config, state, sample, now_ns)


def _efforts(
    config: GateConfig, state: GateState, sample: Sample[Measured], now_ns: int
) -> GateState:
    """Return the state after a look at the efforts, which count while commands steer."""
    if config.effort is None:
        return state
    if state.state not in (Phase.PASS, Phase.COAST):
        return state if state.strain is None else replace(state, strain=None)
    strain = strained(state.strain, config.effort, sample)
    if strain is state.strain:
        return state
    problem = overload(strain, config.effort, sample, config.names)
    state = replace(state, strain=strain)
    return stop(config, state, now_ns, problem) if problem else state
