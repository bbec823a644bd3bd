"""Watches of the gate over what the joints do, beyond their positions."""

from dataclasses import replace

from robot_runtime.core.drift import DRIFT, drifted, stood
from robot_runtime.core.effort_guard import GRACE_PERIODS
from robot_runtime.core.effort_watch import overload, strained
from robot_runtime.core.gate import stop
from robot_runtime.core.gate_state import GateConfig, GateState, Phase
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.trail import Trail


def sense(
    config: GateConfig, state: GateState, sample: Sample[Measured] | None, now_ns: int
) -> GateState:
    """
    Return the state after the newest joint state, as it is to be told at every tick.

    It brakes if that says so. A joint state that is old, or none, is the matter of `on_tick`.
    """
    if sample is None:
        return state
    if config.setpoints is not None:
        state = replace(state, felt=sample)
    if config.efforts is not None:
        since_ns = now_ns - GRACE_PERIODS * config.period_ns
        known = state.felts if sample is state.felt else (*state.felts, sample)
        felts = tuple(one for one in known if one is sample or one.received_ns >= since_ns)
        state = replace(state, felt=sample, felts=felts)
    return _velocities(config, _efforts(config, state, sample, now_ns), sample, now_ns)


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


def _velocities(
    config: GateConfig, state: GateState, sample: Sample[Measured], now_ns: int
) -> GateState:
    """Return the state after a look at whether joints stand that were told to."""
    joints = config.velocity
    if joints is None:
        return state
    standing = stood(state.standing, joints, state.motion, state.latched, sample, now_ns)
    trail = None
    if state.motion is not None:
        place, keep_ns = state.motion.position[joints.index], config.state_timeout_ns
        trail = Trail.begun(now_ns, place) if state.trail is None else (
            state.trail.added(now_ns, place, keep_ns + joints.response_ns)
        )
    state = replace(state, felt=sample, trail=trail, standing=standing)
    problem = drifted(standing, joints, sample, config.names)
    if not problem:
        return state
    if state.latched and DRIFT not in state.reason:  # who reads why it stopped must know it
        return replace(state, reason=f'{state.reason}; {problem}')
    return stop(config, state, now_ns, problem)
