"""Robot file: the joints, limits, cameras and topics of one robot, checked before use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from robot_runtime.core.types import Floats, Limits
from robot_runtime.runtime import resources
from robot_runtime.runtime.body_file import Collision, ToolSpeed, Workspace
from robot_runtime.runtime.config_file import ConfigError, load, Positive, Strict
from robot_runtime.runtime.joint_groups import (
    Group,
    Joint,
    Name,
    operating_jerk,
    with_efforts,
)
from robot_runtime.runtime.permit_file import PermitFile
from robot_runtime.runtime.timeouts_file import Timeouts
from robot_runtime.runtime.urdf_limits import read_urdf, UrdfJoint

Topic = Annotated[str, Field(pattern=r'^/?[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*$')]
INF = float('inf')
TAKES = {'velocity': 'velocities', 'setpoint': 'setpoints', 'effort': 'efforts'}
LEAST_PERIODS = 3  # of the robot, within which no drive obeys what was made of a measurement
LOOSER = 1e-9  # of a limit: how far two ways to write one figure may be apart


class Camera(Strict):
    """One camera: rgb8 images of one size."""

    name: Name
    topic: Topic
    width: Annotated[int, Field(gt=0, le=8192)]
    height: Annotated[int, Field(gt=0, le=8192)]
    fps: Positive
    frozen_check: Literal['motion', 'always', 'off'] = 'motion'  # when equal frames are a fault


class Output(Strict):
    """Where a group's commands go, and as which message."""

    topic: Topic
    adapter: Literal['float64_multi_array', 'joint_trajectory']


class Topics(Strict):
    """Topics of the robot's driver; relative names, so that a namespace may be given."""

    joint_states: Topic
    imu: Topic | None = None  # of the base, in its frame
    odometry: Topic | None = None
    command: dict[str, Output]


class EmergencyStop(Strict):
    """Topic of the e-stop button; when required, its absence is a stop."""

    topic: Topic
    required: bool


class RobotFile(Strict):
    """All that the runtime knows of one robot."""

    name: Name
    source: str
    urdf: str | None = None
    period_s: Annotated[float, Field(ge=0.0005, le=0.1)]
    operating_scale: Annotated[float, Field(gt=0.0, le=1.0)]
    groups_of_joints: Annotated[tuple[Group, ...], Field(alias='groups', min_length=1)]
    cameras: tuple[Camera, ...] = ()
    topics: Topics
    home: dict[str, float]
    timeouts: Timeouts
    estop: EmergencyStop
    permits: tuple[PermitFile, ...] = ()  # beside the e-stop: deadman, heartbeat, driver
    workspace: Workspace | None = None
    tool_speed: ToolSpeed | None = None
    collision: Collision | None = None
    policy: Annotated[str, Field(pattern=r'^[A-Za-z0-9_.-]+@[0-9a-f]{64}$')] | None = None

    @model_validator(mode='after')
    def _consistent(self) -> 'RobotFile':
        group_names = [group.name for group in self.groups_of_joints]
        _unique('joints', self.joint_names)
        _unique('groups', group_names)
        _unique('cameras', [camera.name for camera in self.cameras])
        _same('topics.command', 'groups', list(self.topics.command), group_names)
        _same('home', 'joints', list(self.home), self.joint_names)
        for group in self.groups_of_joints:
            adapter = self.topics.command[group.name].adapter
            if group.command != 'trajectory' and adapter != 'float64_multi_array':
                takes = TAKES[group.command]
                raise ValueError(
                    f'topics.command.{group.name} has the adapter {adapter}, but a group that '
                    f'takes {takes} needs float64_multi_array'
                )
            if group.push is not None and group.push.response_s < LEAST_PERIODS * self.period_s:
                raise ValueError(
                    f'push.response_s of the group {group.name} is {group.push.response_s}, less '
                    f'than {LEAST_PERIODS} periods of {self.period_s}: an effort is judged by '
                    f'what was measured up to two periods before'
                )
        kinds = sorted({group.command for group in self.groups_of_joints} & TAKES.keys())
        if len(kinds) > 1:
            raise ValueError(
                f'one robot cannot have groups of command: {kinds[1]} and of {kinds[0]}'
            )
        if self.urdf is None and (self.workspace or self.tool_speed or self.collision):
            raise ValueError('workspace, tool_speed and collision need a urdf')
        for joint in self.joints:
            place = self.home[joint.name]
            if not joint.lower <= place <= joint.upper:
                raise ValueError(
                    f'home.{joint.name} is {place}, which is outside its range '
                    f'{joint.lower} to {joint.upper}'
                )
        return self

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Return all joints, in the order of every array of the runtime."""
        return tuple(joint for group in self.groups_of_joints for joint in group.joints)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Return the names of the joints, in the order of every array of the runtime."""
        return tuple(joint.name for joint in self.joints)

    @property
    def home_position(self) -> Floats:
        """Return the home pose, (J,)."""
        return np.array([self.home[name] for name in self.joint_names], dtype=np.float64)

    @property
    def watched_effort(self) -> Floats | None:
        """Return the most effort to be measured, (J,), inf for any; None: there is no limit."""
        limits = _floats([joint.effort or INF for joint in self.joints])
        return limits if np.isfinite(limits).any() else None

    def groups(self) -> tuple[slice, ...]:
        """Return where each group sits in an array of all joints."""
        ends = np.cumsum([len(group.joints) for group in self.groups_of_joints]).tolist()
        return tuple(slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))

    def published_limits(self) -> Limits:
        """Return the limits as published; the jerk is 20 per second of acceleration at most."""
        return self._limits(1.0)

    def limits(self, speed: float = 1.0) -> Limits:
        """
        Return the operating limits: velocity, acceleration and jerk scaled, all else published.

        `speed` is the operator's own scale, above 0 and at most 1, on top of the robot's. It
        scales the three alike, so that full acceleration takes as long as at full speed.
        """
        return self._limits(self.operating_scale * speed)

    def _limits(self, scale: float) -> Limits:
        curves = [joint.velocity_vs_position for joint in self.joints]
        pairs = list(zip(curves, self.joints, strict=True))
        return Limits(
            lower=_floats([joint.lower for joint in self.joints]),
            upper=_floats([joint.upper for joint in self.joints]),
            velocity=_floats([joint.velocity * scale for joint in self.joints]),
            acceleration=_floats([joint.acceleration * scale for joint in self.joints]),
            jerk=_floats([operating_jerk(joint, scale) for joint in self.joints]),
            lead=_floats([joint.lead or INF for joint in self.joints]),
            velocity_offset=_floats([c.offset if c else 0.0 for c in curves]),
            velocity_deceleration=_floats([c.deceleration if c else INF for c in curves]),
            velocity_lower_end=_floats([c.lower_end if c else j.lower for c, j in pairs]),
            velocity_upper_end=_floats([c.upper_end if c else j.upper for c, j in pairs]),
        )


def load_robot(path_or_name: str | Path) -> RobotFile:
    """Return the robot of a file, or of a name such as `fr3` that ships in config/robots."""
    text = str(path_or_name)
    if isinstance(path_or_name, Path) or '/' in text or text.endswith(('.yaml', '.yml')):
        return _checked(load(RobotFile, Path(path_or_name)), Path(path_or_name))
    found = resources.find(f'config/robots/{text}.yaml')
    if found is None:
        have = ', '.join(resources.names('config/robots', '*.yaml')) or 'none'
        raise ConfigError(f'no robot is named {text!r}; there are: {have} (or give a .yaml file)')
    return _checked(load(RobotFile, found), found)


def _checked(robot: RobotFile, path: Path) -> RobotFile:
    """Return `robot` if its URDF, when it names one, has its joints with limits as wide."""
    if robot.urdf is None:
        return robot
    beside = path.parent / robot.urdf
    shipped = resources.find(f'config/robots/{robot.urdf}')
    urdf = beside if beside.is_file() or shipped is None else shipped
    described = read_urdf(urdf)
    for joint in robot.joints:
        if joint.name not in described:
            raise ConfigError(
                f'{path}: joint {joint.name} is not in {urdf}, which moves {sorted(described)}'
            )
        _check_within(joint, described[joint.name], f'{path}: joint {joint.name}', urdf)
    groups = tuple(with_efforts(group, described) for group in robot.groups_of_joints)
    return robot.model_copy(update={'urdf': str(urdf), 'groups_of_joints': groups})


def _check_within(joint: Joint, described: UrdfJoint, who: str, urdf: Path) -> None:
    """Refuse a limit that is looser than that of the URDF."""
    pairs = [
        ('lower', -joint.lower, -described.lower),
        ('upper', joint.upper, described.upper),
        ('velocity', joint.velocity, described.velocity),
        ('effort', joint.effort or 0.0, described.effort),
    ]
    for name, ours, theirs in pairs:
        if ours > theirs + LOOSER * abs(theirs):
            sign = -1.0 if name == 'lower' else 1.0
            raise ConfigError(
                f'{who} has {name} {sign * ours:g}, which is looser than the {sign * theirs:g} '
                f'of {urdf}'
            )


def _floats(values: Sequence[float]) -> Floats:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _unique(what: str, values: Sequence[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f'the {what} {twice} stand more than once')


def _same(field: str, of: str, have: Sequence[str], want: Sequence[str]) -> None:
    missing = [name for name in want if name not in have]
    unknown = [name for name in have if name not in want]
    if missing or unknown:
        raise ValueError(
            f'{field} must name each of the {of} once: missing {missing}, unknown {unknown}'
        )
