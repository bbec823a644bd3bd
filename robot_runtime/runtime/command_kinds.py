"""Command kinds of a robot: which joints take velocities, setpoints or efforts."""

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.core.setpoint_joints import freed, SetpointJoints
from robot_runtime.core.types import Limits
from robot_runtime.core.velocity_joints import narrowed, opened, VelocityJoints
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.joint_groups import Push
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000


def velocity_joints(robot: RobotFile, speed: float = 1.0) -> VelocityJoints | None:
    """Return the joints that take velocities, None if none does; `speed` as in the limits."""
    drives = [group.drive for group in robot.groups_of_joints if group.drive is not None]
    if not drives:
        return None
    index, groups = packed(robot, rates=True)
    counts = [group.stop - group.start for group in groups]
    limits = robot.limits(speed).part(index)
    return VelocityJoints(
        index=index,
        limits=limits,
        kept=narrowed(limits, np.repeat([drive.margin for drive in drives], counts)),
        groups=groups,
        response_ns=round(max(drive.response_s for drive in drives) * SECOND),
        drift=np.repeat([drive.drift for drive in drives], counts),
    )


def packed(robot: RobotFile, rates: bool) -> tuple[NDArray[np.intp], tuple[slice, ...]]:
    """Return which joints take velocities, or do not, (K,), and where among them each group is."""
    places, groups = list[int](), list[slice]()
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        if (group.drive is not None) == rates:
            begin = len(places)
            places += range(joints.start, joints.stop)
            groups.append(slice(begin, len(places)))
    return np.array(places, dtype=np.intp), tuple(groups)


def rates_of(robot: RobotFile) -> NDArray[np.intp] | None:
    """Return which joints take velocities, (K,), None if none does."""
    joints = velocity_joints(robot)
    return None if joints is None else joints.index


def velocity_names(robot: RobotFile) -> tuple[str, ...]:
    """Return the names of the joints that take velocities."""
    index = rates_of(robot)
    return () if index is None else tuple(robot.joint_names[k] for k in index)


def setpoint_joints(robot: RobotFile) -> SetpointJoints | None:
    """Return the joints that take positions for a PD of their own, None if none does."""
    places, rows, follows = list[int](), list[tuple[float, ...]](), list[bool]()
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        if group.impedance is None:
            continue
        share, pace = group.impedance.effort_share, group.impedance.pose_rate
        for place, joint in zip(range(joints.start, joints.stop), group.joints, strict=True):
            pose = np.nan if pace is None else robot.home[joint.name]
            gains = (joint.stiffness or 0.0, joint.damping or 0.0, joint.effort or 0.0)
            places.append(place)
            rows.append((*gains, share, pose, pace or 0.0))
            follows.append(group.impedance.on_stop == 'damping')
    if not places:
        return None
    stiffness, damping, effort, shares, poses, paces = np.array(rows).T
    return SetpointJoints(
        np.array(places, dtype=np.intp), stiffness, damping, effort, shares, poses, paces,
        np.array(follows),
    )  # fmt: skip


def setpoint_names(robot: RobotFile) -> tuple[str, ...]:
    """Return the names of the joints that take setpoints."""
    joints = setpoint_joints(robot)
    return () if joints is None else tuple(robot.joint_names[k] for k in joints.index)


def effort_joints(robot: RobotFile, speed: float = 1.0) -> EffortJoints | None:
    """
    Return the joints that take efforts, None if none does.

    Effort and its rate are the robot's operating share of the published ones; `speed` scales
    how fast the joints may be, and neither of these.
    """
    places, rows, pushes = list[int](), list[tuple[float, ...]](), list[Push]()
    scale = robot.operating_scale
    for group, joints in zip(robot.groups_of_joints, robot.groups(), strict=True):
        if group.push is None:
            continue
        pushes.append(group.push)
        for place, joint in zip(range(joints.start, joints.stop), group.joints, strict=True):
            push, rate = scale * (joint.effort or 0.0), scale * (joint.effort_rate or 0.0)
            fastest, gain = scale * speed * joint.velocity, scale * joint.acceleration
            ends = joint.lower, joint.upper
            places.append(place)
            rows.append(
                (push, rate, joint.damping or 0.0, *ends, fastest, gain, group.push.margin)
            )
    if not places:
        return None
    most, rates, damping, lower, upper, speeds, gains, margins = np.array(rows).T
    return EffortJoints(
        np.array(places, dtype=np.intp), most, rates, damping, lower, upper, speeds, gains,
        response_s=max(push.response_s for push in pushes),
        settle_s=max(push.settle_s for push in pushes),
        margin=margins,
    )  # fmt: skip


def effort_names(robot: RobotFile) -> tuple[str, ...]:
    """Return the names of the joints that take efforts."""
    joints = effort_joints(robot)
    return () if joints is None else tuple(robot.joint_names[k] for k in joints.index)


def apart_of(robot: RobotFile) -> tuple[NDArray[np.intp] | None, str]:
    """Return which joints take no positions, None if all do, and where in a chunk theirs stand."""
    efforts = effort_joints(robot)
    return (rates_of(robot), 'velocities') if efforts is None else (efforts.index, 'effort')


def promises(robot: RobotFile) -> tuple[str, ...]:
    """Return one line for each group of which less is checked than of a trajectory."""
    less = {
        'setpoint': 'takes setpoints, so less is checked: finite numbers, range, rate and the '
        'effort of its drives; not acceleration, jerk, lead or where the joints end up',
        'effort': 'takes efforts, so less is checked: finite numbers, effort and its rate, and by '
        'what is measured the range and the speed of its joints; a stop is damping, which holds '
        'no pose, and its driver must carry the weight of the arm',
    }
    return tuple(
        f'group {group.name} {less[group.command]}'
        for group in robot.groups_of_joints if group.command in less
    )  # fmt: skip


def command_limits(robot: RobotFile, speed: float = 1.0, space: bool = False) -> Limits:
    """
    Return the limits of what is commanded.

    A sum of velocities has no range of its own, and of a setpoint only range and rate are bound.
    Of joints that take efforts these are the effort and its rate.
    """
    limits = robot.limits(speed)
    rates, setpoints = velocity_joints(robot, speed), setpoint_joints(robot)
    efforts = effort_joints(robot, speed)
    for joints, what in ((rates, 'velocities'), (setpoints, 'setpoints'), (efforts, 'efforts')):
        if space and joints is not None:
            name = robot.joint_names[joints.index[0]]
            raise ConfigError(
                f'the checks in space need commanded positions, but joint {name} of the robot '
                f'{robot.name} takes {what}: start it without --space'
            )
    if rates is not None:
        return opened(limits, rates.index)
    if efforts is not None:
        return efforts.torques(limits)
    return limits if setpoints is None else freed(limits, setpoints.index)
