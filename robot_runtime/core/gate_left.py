"""Joints of velocities or efforts, left by a gate that hung: somebody must end what they do."""

from dataclasses import replace

import numpy as np
from robot_runtime.core.brake import stop_step
from robot_runtime.core.effort_stop import damped
from robot_runtime.core.gate_state import felt_now, GateConfig, GateState
from robot_runtime.core.types import Floats, Motion


def left_over(config: GateConfig, motion: Motion) -> Motion | None:
    """
    Return what is to be ended after a hang, the velocities alone; None where there are none.

    A driver of positions stays where it stopped, and anything that is sent to it is a jump. One
    of velocities may have no time-out, and then goes on at the last one until it gets another.
    One of efforts may have ended them, so these begin at zero, and the joints are damped.
    """
    if config.efforts is not None:
        return Motion.at_rest(np.zeros_like(motion.position))
    if config.velocity is None:
        return None
    velocity = np.zeros_like(motion.velocity)
    velocity[config.velocity.index] = motion.velocity[config.velocity.index]
    return replace(Motion.at_rest(motion.position), velocity=velocity)


def running_out(state: GateState) -> str:
    """Return in words that an engagement must wait for what was left, or ''."""
    if not state.runs_out:
        return ''
    return 'what was left when the gate hung is still running out'


def run_out(
    config: GateConfig, state: GateState, now_ns: int
) -> tuple[GateState, tuple[Motion, ...]]:
    """Return the state after the step to rest that is due, then zeros for ever, and the step."""
    last = state.left
    if last is None or now_ns < state.next_emit_ns:
        return state, ()
    due_ns = max(state.next_emit_ns, now_ns - config.period_ns) + config.period_ns
    state = replace(state, sent_ns=now_ns, next_emit_ns=due_ns)
    if config.efforts is not None:
        still, measured = Motion.at_rest(last.position), felt_now(config, state, now_ns)
        motion, acts = damped(config.efforts, still, last, measured, config.dt_s)
        return replace(state, left=motion, acts=acts), (motion,)
    if state.coasting == 0:
        speed = _as_felt(config, state, last.velocity, now_ns)
        last = replace(Motion.at_rest(last.position), velocity=speed)
    motion = stop_step(last, config.limits, config.dt_s)
    return replace(state, left=motion, coasting=state.coasting + 1), (motion,)


def _as_felt(config: GateConfig, state: GateState, velocity: Floats, now_ns: int) -> Floats:
    """Return how fast the joints still are, never faster than the last command."""
    felt, joints = state.felt, config.velocity
    if felt is None or joints is None or felt.value.velocity is None:
        return velocity
    if not felt.fresh(now_ns, config.state_timeout_ns):
        return velocity
    measured = np.where(np.isfinite(felt.value.velocity), felt.value.velocity, velocity)
    along = np.clip(measured * np.sign(velocity), 0.0, np.abs(velocity))
    slower: Floats = np.copysign(along, velocity)
    return slower
