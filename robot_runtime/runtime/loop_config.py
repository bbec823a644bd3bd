"""Configuration of the loop, from the files of a robot and a policy."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.control_state import ControlConfig
from robot_runtime.core.ensemble import Mixing, ratio_of
from robot_runtime.core.kinds import Kinds
from robot_runtime.core.schedule import KINDS
from robot_runtime.core.start_envelope import StartEnvelope
from robot_runtime.core.types import Floats
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.command_kinds import (
    command_limits,
    effort_joints,
    packed,
    setpoint_joints,
    velocity_joints,
)
from robot_runtime.runtime.policy_card import Output, PolicyCard
from robot_runtime.runtime.practice import practise
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000


def control_config(
    robot: RobotFile,
    card: PolicyCard,
    period_ns: int,
    speed: float = 1.0,
    *,
    start_envelope: bool = True,
    step: bool = False,
    space: bool = False,
    teleop_timeout_s: float = 0.2,
) -> ControlConfig:
    """Return what the loop needs; `speed` scales the chunk's clock and the bounds together."""
    limits, groups = command_limits(robot, speed, space), robot.groups()
    body = load_body(robot) if space else None
    practise(body, limits, groups, period_ns / SECOND, robot.home_position)
    return ControlConfig(
        limits=limits,
        groups=groups,
        period_ns=period_ns,
        state_timeout_ns=round(robot.timeouts.joint_state_s * SECOND),
        schedule_kind=card.schedule.kind if card.schedule.kind in KINDS else 'latest',  # rtc_*
        blend_ns=round(card.schedule.blend_s * SECOND),
        executed_ns=round(card.schedule.period_s * SECOND / speed),
        mixing=mixing_of(robot, card),
        silence_ns=max(2 * SECOND, round(3 * card.schedule.period_s * SECOND)),
        speed=speed,
        names=robot.joint_names,
        teleop_timeout_ns=round(teleop_timeout_s * SECOND),
        start=start_of(robot, card) if start_envelope else None,
        step=step,
        body=body,
        kinds=kinds_of(robot, speed),
        setpoints=setpoint_joints(robot),
        efforts=effort_joints(robot, speed),
        bad_chunks=robot.timeouts.bad_chunks,
        stamped=card.output.anchor == 'observation',
        gate_timeout_ns=round(robot.timeouts.gate_s * SECOND),
    )


def mixing_of(robot: RobotFile, card: PolicyCard) -> Mixing:
    """Return how several chunks of the policy are put together."""
    schedule = card.schedule

    def named(joints: tuple[str, ...]) -> NDArray[np.bool_] | None:
        mask = np.array([name in joints for name in robot.joint_names])
        return mask if mask.any() else None

    return Mixing(ratio_of(schedule.m), named(schedule.angles), named(schedule.discrete))


def kinds_of(robot: RobotFile, speed: float = 1.0) -> Kinds | None:
    """Return what the loop needs where some joints take velocities, None if none does."""
    velocity = velocity_joints(robot, speed)
    if velocity is None:
        return None
    index, groups = packed(robot, rates=False)
    return Kinds(velocity, index, robot.limits(speed).part(index), groups)


def start_of(robot: RobotFile, card: PolicyCard) -> StartEnvelope | None:
    """Return the pose around which the policy may begin; None: its card has none."""
    if card.start is None:
        return None
    named = np.array([name in card.start.position for name in robot.joint_names])
    tolerance = np.where(named, card.start.tolerance, np.inf)
    return StartEnvelope(home_of(robot, card), tolerance, card.name)


def home_of(robot: RobotFile, card: PolicyCard) -> Floats:
    """Return where HOME goes, (J,): the card's start pose; the robot's home where it has none."""
    given = card.start.position if card.start else {}
    return np.array([given.get(name, robot.home[name]) for name in robot.joint_names])


def placed(chunk: Chunk, output: Output, now_ns: int) -> Chunk:
    """Return the chunk as its card anchors it, when it arrives at `now_ns`."""
    start_ns = now_ns if output.anchor == 'arrival' else chunk.start_ns
    return replace(
        chunk, start_ns=start_ns, interpolation=output.interpolation, observed_ns=chunk.start_ns
    )
