"""Joint groups of a robot file: which joints move together, by which commands, in what limits."""

from collections.abc import Mapping
import math
from typing import Annotated, Literal

from pydantic import Field, model_validator
from robot_runtime.runtime.config_file import Strict
from robot_runtime.runtime.urdf_limits import UrdfJoint

Positive = Annotated[float, Field(gt=0.0)]
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


class Group(Strict):
    """Joints that move together and are sent together."""

    name: Name
    command: Literal['trajectory']
    kind: Literal['arm', 'position'] = 'arm'  # position: a gripper, which has no lead
    sources: dict[str, str]  # limit -> where the figure is published
    joints: Annotated[tuple[Joint, ...], Field(min_length=1)]

    @model_validator(mode='after')
    def _complete(self) -> 'Group':
        for joint in self.joints:
            if self.kind == 'arm' and joint.lead is None:
                raise ValueError(f'joint {joint.name} of the arm {self.name} needs a lead')
            if self.kind == 'position' and joint.lead is not None:
                raise ValueError(f'joint {joint.name} of the gripper {self.name} takes no lead')
            unsourced = sorted(_limits_given(joint) - self.sources.keys())
            if unsourced:
                raise ValueError(f'sources says nothing about {unsourced} of joint {joint.name}')
        return self


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
