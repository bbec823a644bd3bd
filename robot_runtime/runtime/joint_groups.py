"""Joint groups of a robot file: which joints move together, by which commands, in what limits."""

from collections.abc import Mapping
import math
from typing import Annotated, Literal

from pydantic import Field, model_validator
from robot_runtime.runtime.config_file import Positive, Strict
from robot_runtime.runtime.urdf_limits import UrdfJoint

Name = Annotated[str, Field(pattern=r'^[A-Za-z][A-Za-z0-9_]*$')]
JERK_PER_ACCELERATION = 20.0  # [1/s] full acceleration takes 50 ms at least


class VelocityVsPosition(Strict):
    """Published velocity limit that shrinks toward the ends of a joint's range."""

    offset: Annotated[float, Field(ge=0.0)]  # [rad/s]
    deceleration: Positive  # [rad/s^2]
    lower_end: float  # [rad] where the curve toward the lower end is rooted
    upper_end: float


class Joint(Strict):
    """One joint and its published limits, in rad or m."""

    name: Name
    lower: float
    upper: float
    velocity: Positive
    acceleration: Positive
    jerk: Positive | None = None
    effort: Positive | None = None
    lead: Positive | None = None  # most the command may be away from the measured position
    velocity_vs_position: VelocityVsPosition | None = None

    @model_validator(mode='after')
    def _ranges(self) -> 'Joint':
        if not self.lower < self.upper:
            raise ValueError(
                f'joint {self.name} has lower {self.lower}, which must be below upper {self.upper}'
            )
        curve = self.velocity_vs_position
        if curve is not None and not (
            curve.lower_end <= self.lower and self.upper <= curve.upper_end
        ):
            raise ValueError(
                f'joint {self.name} has velocity_vs_position from {curve.lower_end} to '
                f'{curve.upper_end}, which must hold the range {self.lower} to {self.upper}'
            )
        return self


class VelocityDrive(Strict):
    """What a group that takes velocities does with them, in rad or m; figures of its drives."""

    response_s: Annotated[float, Field(ge=0.0, le=0.5)]  # behind its command, at most
    margin: Positive  # that the loop keeps from the ends of the range
    drift: Positive  # that a joint may move though it was told to stand


class Group(Strict):
    """Joints that move together and are sent together."""

    name: Name
    command: Literal['trajectory', 'velocity']
    kind: Literal['arm', 'position'] = 'arm'  # position: a gripper, which has no lead
    drive: VelocityDrive | None = None  # of a group that takes velocities
    sources: dict[str, str]  # limit -> where the figure is published
    joints: Annotated[tuple[Joint, ...], Field(min_length=1)]

    @model_validator(mode='after')
    def _complete(self) -> 'Group':
        self._check_kind()
        for joint in self.joints:
            if self.kind == 'arm' and self.command == 'trajectory' and joint.lead is None:
                raise ValueError(f'joint {joint.name} of the arm {self.name} needs a lead')
            if self.kind == 'position' and joint.lead is not None:
                raise ValueError(f'joint {joint.name} of the gripper {self.name} takes no lead')
            unsourced = sorted(_limits_given(joint) - self.sources.keys())
            if unsourced:
                raise ValueError(f'sources says nothing about {unsourced} of joint {joint.name}')
        return self

    def _check_kind(self) -> None:
        """Refuse what does not go with the kind of command."""
        if self.command == 'trajectory':
            if self.drive is not None:
                raise ValueError(f'the group {self.name} takes positions, and so no drive')
            return
        if self.kind != 'arm':
            raise ValueError(f'the gripper {self.name} takes command: trajectory, not velocity')
        if self.drive is None:
            raise ValueError(
                f'the group {self.name} takes velocities and needs a drive: '
                f'{{response_s, margin, drift}}'
            )
        for joint in self.joints:
            if joint.lead is not None:
                raise ValueError(
                    f'joint {joint.name} takes velocities, so that no position is commanded that '
                    f'could lead: leave lead out'
                )
            if not 2.0 * self.drive.margin < joint.upper - joint.lower:
                raise ValueError(
                    f'drive.margin of the group {self.name} is {self.drive.margin}, which leaves '
                    f'nothing of the range {joint.lower} to {joint.upper} of joint {joint.name}'
                )


def with_efforts(group: Group, described: Mapping[str, UrdfJoint]) -> Group:
    """
    Return an arm with the effort limits of the URDF where the robot file has none.

    A gripper is meant to push as hard as it can, so its effort is watched only if it is asked for.
    """
    if group.kind != 'arm':
        return group
    joints = []
    for joint in group.joints:
        most = described[joint.name].effort
        unsaid = joint.effort is None and 0.0 < most < math.inf
        joints.append(joint.model_copy(update={'effort': most}) if unsaid else joint)
    return group.model_copy(update={'joints': tuple(joints)})


def operating_jerk(joint: Joint, scale: float) -> float:
    """Return the operating jerk: the scaled published one, or 20 per second of acceleration."""
    most = JERK_PER_ACCELERATION * joint.acceleration * scale
    return most if joint.jerk is None else min(joint.jerk * scale, most)


def _limits_given(joint: Joint) -> set[str]:
    """Return the kinds of limit that a joint gives, as `sources` must name them."""
    given = joint.model_dump(exclude={'name', 'lower', 'upper'}, exclude_none=True)
    return {'position', *given}
