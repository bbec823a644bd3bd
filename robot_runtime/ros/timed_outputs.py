"""Timed outputs: controllers that go by the ROS clock, and what the gate does of lost time."""

from collections.abc import Sequence
from dataclasses import replace

from robot_runtime.core import gate
from robot_runtime.core.clock_step import stepped
from robot_runtime.core.gate_hang import slept
from robot_runtime.core.gate_state import GateConfig, GateState, Phase
from robot_runtime.ros.adapters import Output


def overtaken(
    config: GateConfig, state: GateState, outputs: Sequence[Output], now_ns: int, ros_now_ns: int
) -> GateState:
    """Return the state that brakes from where a controller is that began to brake by itself."""
    for output in outputs:
        if state.motion is None or not output.overtaken(ros_now_ns):
            continue
        if state.state in (Phase.PASS, Phase.COAST):
            why = slept(state, now_ns, f'{output.topic} began to brake')
            state = gate.stop(config, state, now_ns, why)
        state = replace(state, motion=output.follow(state.motion, ros_now_ns))
    return state


def clock_set(
    config: GateConfig, state: GateState, outputs: Sequence[Output], step_ns: int, now_ns: int
) -> GateState:
    """Return the state after the ROS clock was set: a controller that goes by it has jumped."""
    timed = [output.topic for output in outputs if output.timed]
    if not timed or state.motion is None:
        return state
    return gate.stop(config, state, now_ns, f'{stepped(step_ns)}, by which {timed[0]} goes')
