"""Verdict on a command as the gate's state stands: seed of an engagement, or its next motion."""

import numpy as np
from robot_runtime.core.effort_guard import overdriven
from robot_runtime.core.gate_state import GateConfig, GateState, Phase
from robot_runtime.core.guard import MAX_TICKS, Refusal, TOLERANCE, Verdict, verify
from robot_runtime.core.setpoint_guard import overload
from robot_runtime.core.types import Command, Floats, Motion
from robot_runtime.core.velocity_guard import overrun

SEED_TOLERANCE = 1e-9


def seeded(config: GateConfig, state: GateState, motion: Motion, measured: Floats) -> Verdict:
    """
    Return whether `motion` is the seed: the last one sent, or at first activation the measured.

    What the drives of setpoints would make of it must be allowed as well, and no effort where
    joints take efforts.
    """
    if config.efforts is not None:
        measured = config.efforts.seed(measured)
    verdict, joints = _seed(config, state.motion, motion, measured), config.setpoints
    if verdict.ok and joints is not None:
        verdict = overload(joints, motion, None, state.felt, config.names)
    if verdict.ok and config.efforts is not None:
        verdict = overdriven(
            config.efforts, motion, None, state.felts, config.names, config.dt_s
        )
    return verdict


def _seed(config: GateConfig, last: Motion | None, motion: Motion, measured: Floats) -> Verdict:
    """
    Return what `seeded` does, by the places alone.

    Without a lead (gripper) the measured joint may have moved as far as its speed lets it while
    the state was not yet too old. A joint measured outside its range may stand there.
    """
    limits = config.limits
    speed = np.maximum(np.abs(motion.velocity), np.abs(motion.acceleration))
    if last is not None:
        error = np.abs(motion.position - last.position)
        away = np.maximum(np.maximum(error, speed), np.abs(last.velocity))
        return _start(away, np.full(limits.count, SEED_TOLERANCE))
    moving = _start(speed, np.full(limits.count, SEED_TOLERANCE))
    if not moving.ok:
        return moving
    aged = limits.velocity * config.state_timeout_ns * 1e-9
    near = np.where(np.isfinite(limits.lead), limits.lead * (1.0 + TOLERANCE), aged)
    if config.efforts is not None:
        near[config.efforts.index] = SEED_TOLERANCE
    verdict = _start(np.abs(motion.position - measured), near)
    if not verdict.ok:
        return verdict
    out = np.maximum(limits.lower - motion.position, motion.position - limits.upper)
    out_measured = np.maximum(limits.lower - measured, measured - limits.upper)
    slack = np.where(out_measured > 0.0, limits.velocity * config.dt_s, 0.0)
    return _start(np.maximum(out, 0.0), np.maximum(out_measured, 0.0) + slack)


def _start(value: Floats, allowed: Floats) -> Verdict:
    kept = value <= allowed
    if kept.all():
        return Verdict(Refusal.NONE, -1, 0.0, 0.0)
    joint = int(np.argmin(kept))
    return Verdict(Refusal.EPOCH_START, joint, float(value[joint]), float(allowed[joint]))


def judge(
    config: GateConfig, state: GateState, motion: Motion, ticks: int, measured: Floats
) -> tuple[Verdict, bool, Motion]:
    """
    Return the verdict on a command of the current epoch, whether it has parted, and its motion.

    Joints that take velocities are judged by where they are measured as well, and setpoints and
    efforts by what is measured of their joints; so are those of ticks that were lost on the way.
    """
    said = motion
    verdict, parted, motion = _by_commands(config, state, motion, ticks, measured)
    joints, last = config.velocity, state.motion
    if verdict.ok and joints is not None and last is not None:
        verdict = overrun(
            joints, state.trail, motion, last, state.felt, config.names, config.dt_s
        )
    if verdict.ok and config.setpoints is not None:
        for step in (*filled(config, state, said, ticks), motion):
            if verdict.ok:
                verdict = overload(config.setpoints, step, last, state.felt, config.names)
    if verdict.ok and config.efforts is not None:
        for step in (*filled(config, state, said, ticks), motion):
            if verdict.ok:
                verdict = overdriven(
                    config.efforts, step, last, state.felts, config.names, config.dt_s
                )
            last = step
    return verdict, parted, motion


def _by_commands(
    config: GateConfig, state: GateState, motion: Motion, ticks: int, measured: Floats
) -> tuple[Verdict, bool, Motion]:
    """
    Return what `judge` does, by what was commanded alone.

    While coasting, what the command says of itself must be allowed, and so must the motion that
    its position makes of the positions that the gate sent; and so twice more, until the last
    three positions are the sender's own. Ticks that were lost on the way are filled in, and each
    of them must be allowed. Returned is the motion that the positions sent amount to.
    """
    limits, dt_s, last = config.limits, config.dt_s, state.motion
    assert last is not None
    if state.state is Phase.PASS:
        told = last if state.told is None else state.told
        verdict = verify(motion, told, ticks, measured, limits, dt_s)
    else:
        here = Motion.at_rest(motion.position)  # for the shape and the finite numbers
        verdict = verify(motion, here, 1, None, limits, dt_s)
        if verdict.refusal not in (Refusal.NAMES, Refusal.NOT_FINITE):
            with np.errstate(all='ignore'):
                before = motion.velocity - motion.acceleration * dt_s
                past = Motion(
                    motion.position - motion.velocity * dt_s, before, motion.acceleration
                )
            verdict = verify(motion, past, 1, measured, limits, dt_s)
    parted = has_parted(state)
    if not verdict.ok or (ticks == 1 and not parted):
        return verdict, False, motion
    for step in filled(config, state, motion, ticks):
        verdict = verify(step, last, 1, None, limits, dt_s)
        if not verdict.ok:
            return verdict, parted, motion
        last = step
    truth = realised(motion, last, 1, dt_s) if parted else motion
    return verify(truth, last, 1, measured, limits, dt_s), parted, truth


def has_parted(state: GateState) -> bool:
    """Return whether what the gate sent last is not all of it what the sender told."""
    return state.state is Phase.COAST or state.told is not None


def lost(config: GateConfig, before: GateState, command: Command) -> tuple[Motion, ...]:
    """Return what to send ahead of a command that passed the gate in state `before`."""
    if command.epoch_ns != before.epoch_ns:
        return ()
    return filled(config, before, command.motion, command.tick - before.tick)


def filled(
    config: GateConfig, state: GateState, motion: Motion, ticks: int
) -> tuple[Motion, ...]:
    """
    Return the motions of the lost ticks between the last one sent and `motion`, none if none is.

    A controller takes its commands one period apart, so a step over lost ticks would be several
    times as fast. A command tells by its velocity and acceleration where its sender was in the
    two ticks before; from a motion that has parted from the sender's, it is a way of one jerk.
    """
    last, dt_s = state.motion, config.dt_s
    if last is None or not 1 < ticks <= MAX_TICKS:
        return ()
    if has_parted(state):
        speed, gain = last.velocity * dt_s, last.acceleration * (dt_s * dt_s)
        way = [last.position + n * speed + 0.5 * n * (n + 1) * gain for n in range(1, ticks + 1)]
        rest = (motion.position - way.pop()) / (ticks * (ticks + 1) * (ticks + 2))
        way = [q + n * (n + 1) * (n + 2) * rest for n, q in enumerate(way, start=1)]
    else:
        one = motion.position - motion.velocity * dt_s
        two = one - (motion.velocity - motion.acceleration * dt_s) * dt_s
        way = [two, one] if ticks == MAX_TICKS else [one]
    motions = []
    for position in way:
        last = realised(Motion(position, last.velocity, last.acceleration), last, 1, dt_s)
        motions.append(last)
    return tuple(motions)


def realised(motion: Motion, last: Motion, ticks: int, dt_s: float) -> Motion:
    """Return the motion that the position of `motion` is, when it follows `last`."""
    velocity = (motion.position - last.position) / (ticks * dt_s)
    return Motion(motion.position, velocity, (velocity - last.velocity) / (ticks * dt_s))
