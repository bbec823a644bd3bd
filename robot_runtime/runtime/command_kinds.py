"""Command kinds of a robot: which of its joints take velocities, as loop and gate need it."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Limits
from robot_runtime.core.velocity_joints import narrowed, opened, VelocityJoints
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000


def velocity_joints(robot: RobotFile, speed: float = 1.0) -> VelocityJoints | None:
    """Return the joints that take velocities, None if none does; `speed` as in the limits."""
    places, groups = list[int](), list[slice]()
    margins, drifts, responses = list[float](), list[float](), list[float]()
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        if group.drive is None:
            continue
        count = joints.stop - joints.start
        groups.append(slice(len(places), len(places) + count))
        places += range(joints.start, joints.stop)
        margins += [group.drive.margin] * count
        drifts += [group.drive.drift] * count
        responses.append(group.drive.response_s)
    if not places:
        return None
    index = np.array(places, dtype=np.intp)
    limits = robot.limits(speed).part(index)
    return VelocityJoints(
        index=index,
        limits=limits,
        kept=narrowed(limits, np.array(margins)),
        groups=tuple(groups),
        response_ns=round(max(responses) * SECOND),
        drift=np.array(drifts),
    )


def rates_of(robot: RobotFile) -> NDArray[np.intp] | None:
    """Return which joints take velocities, (K,), None if none does."""
    joints = velocity_joints(robot)
    return None if joints is None else joints.index


def velocity_names(robot: RobotFile) -> tuple[str, ...]:
    """Return the names of the joints that take velocities."""
    index = rates_of(robot)
    return () if index is None else tuple(robot.joint_names[k] for k in index)


def command_limits(robot: RobotFile, speed: float = 1.0, space: bool = False) -> Limits:
    """Return the limits of what is commanded: a sum of velocities has no range of its own."""
    joints, limits = velocity_joints(robot, speed), robot.limits(speed)
    if joints is None:
        return limits
    if space:
        name = robot.joint_names[joints.index[0]]
        raise ConfigError(
            f'the checks in space need commanded positions, but joint {name} of the robot '
            f'{robot.name} takes velocities: start it without --space'
        )
    return opened(limits, joints.index)
