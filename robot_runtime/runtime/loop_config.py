"""Configuration of the loop and the gate, from the files of a robot and a policy."""

from dataclasses import replace

from robot_runtime.core.body import Body
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.control import ControlConfig
from robot_runtime.core.gate_state import GateConfig
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.policy_card import Output, PolicyCard
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


def control_config(
    robot: RobotFile, card: PolicyCard, period_ns: int, speed: float = 1.0
) -> ControlConfig:
    """Return what the loop needs; `speed` scales the chunk's clock and the bounds together."""
    return ControlConfig(
        limits=robot.limits(speed),
        groups=robot.groups(),
        period_ns=period_ns,
        state_timeout_ns=round(robot.timeouts.joint_state_s * SECOND),
        schedule_kind=card.schedule.kind,
        blend_ns=round(card.schedule.blend_s * SECOND),
        silence_ns=max(2 * SECOND, round(3 * card.schedule.period_s * SECOND)),
        speed=speed,
        body=load_body(robot),
    )


def gate_config(
    robot: RobotFile, period_ns: int, fifo: bool, speed: float = 1.0, body: Body | None = None
) -> GateConfig:
    """
    Return what the gate needs; without a real-time class it waits longer for a command.

    The robot's shape is loaded unless `body` is given.
    """
    budget_ns = max(3 * period_ns, 10 * MILLISECOND)
    return GateConfig(
        limits=robot.limits(speed),
        names=robot.joint_names,
        period_ns=period_ns,
        budget_ns=budget_ns if fifo else 60 * MILLISECOND,
        state_timeout_ns=round(robot.timeouts.joint_state_s * SECOND),
        estop_required=robot.estop.required,
        body=load_body(robot) if body is None else body,
    )


def placed(chunk: Chunk, output: Output, now_ns: int) -> Chunk:
    """Return the chunk as its card anchors it, when it arrives at `now_ns`."""
    start_ns = now_ns if output.anchor == 'arrival' else chunk.start_ns
    return replace(chunk, start_ns=start_ns, interpolation=output.interpolation)
