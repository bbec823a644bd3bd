"""Configuration of the gate, from the file of a robot; nothing of the loop is imported for it."""

import numpy as np
from robot_runtime.core.body import Body
from robot_runtime.core.fence import breach
from robot_runtime.core.gate_state import GateConfig
from robot_runtime.core.tokens import burst_of
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.command_kinds import (
    command_limits,
    effort_joints,
    setpoint_joints,
    velocity_joints,
)
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000
TICKS = 40  # of practice
PUSH = 0.5  # of the acceleration


def gate_config(
    robot: RobotFile, period_ns: int, fifo: bool, speed: float = 1.0, space: bool = False
) -> GateConfig:
    """
    Return what the gate needs; without a real-time class it waits longer for a command.

    With `space` the robot's shape is loaded and checked against its surroundings.
    """
    times = robot.timeouts
    limits = command_limits(robot, speed, space)
    body = load_body(robot) if space else None
    practise(body, limits, period_ns / SECOND, robot.home_position)
    patience_ns = budget_ns(robot, period_ns, fifo)
    return GateConfig(
        limits=limits,
        names=robot.joint_names,
        period_ns=period_ns,
        budget_ns=patience_ns,
        burst=burst_of(patience_ns, period_ns),
        state_timeout_ns=round(times.joint_state_s * SECOND),
        estop_required=robot.estop.required,
        estop_timeout_ns=round(times.estop_s * SECOND),
        body=body,
        effort=robot.watched_effort,
        velocity=velocity_joints(robot, speed),
        setpoints=setpoint_joints(robot),
        efforts=effort_joints(robot, speed),
    )


def budget_ns(robot: RobotFile, period_ns: int, fifo: bool) -> int:
    """Return how long the gate waits for a command: longer without a real-time class."""
    times = robot.timeouts
    silence_s = times.command_realtime_s if fifo else times.command_s
    return max(3 * period_ns, round(silence_s * SECOND))


def practise(body: Body | None, limits: Limits, dt_s: float, home: Floats) -> None:
    """
    Let the gate judge a motion that nobody sees, which speeds up from `home` (J,).

    The first look at distances on the way took 8 ms, two ticks of 250 Hz; later ones 0.5 ms.
    """
    if body is None:
        return
    last = Motion.at_rest(np.clip(home, limits.lower, limits.upper))
    middle = 0.5 * (limits.lower + limits.upper)
    gain = PUSH * np.copysign(limits.acceleration, middle - home)
    for _ in range(TICKS):
        velocity = last.velocity + gain * dt_s
        motion = Motion(last.position + velocity * dt_s, velocity, gain)
        breach(body, motion, last, limits, dt_s)
        last = motion
