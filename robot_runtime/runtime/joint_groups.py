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
    stiffness: Positive | None = None  # [N m/rad] or [N/m] of a drive that takes setpoints
    damping: Annotated[float, Field(ge=0.0)] | None = None  # [N m s/rad] or [N s/m]
    effort_rate: Positive | None = None  # [N m/s] or [N/s] of a joint that takes efforts
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


class Impedance(Strict):
    """What a group does whose drives have a PD of their own: effort, and how it stops."""

    on_stop: Literal['brake_hold', 'default_pose', 'damping']
    pose_rate: Positive | None = None  # [rad/s] or [m/s] on the way to the pose: home
    effort_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.8  # which the loop uses

    @model_validator(mode='after')
    def _paced(self) -> 'Impedance':
        if (self.pose_rate is not None) != (self.on_stop == 'default_pose'):
            raise ValueError(
                f'pose_rate is {self.pose_rate} with on_stop: {self.on_stop}; default_pose needs '
                f'it, and nothing else has a use for it'
            )
        return self


class Push(Strict):
    """What a group that takes efforts does: how quickly it obeys, and how it stops."""

    on_stop: Literal['damping'] | None = None
    on_fault_controller: str | None = None  # to be switched to; not built
    response_s: Annotated[float, Field(gt=0.0, le=0.5)]  # from measurement to obeying drive
    settle_s: Annotated[float, Field(gt=0.0, le=5.0)]  # way of a stop by damping, per speed
    margin: Positive  # that the loop keeps from the ends of the range

    @model_validator(mode='after')
    def _stops(self) -> 'Push':
        if self.on_fault_controller is not None:
            raise ValueError(
                f'on_fault_controller is {self.on_fault_controller}, but the gate cannot switch '
                f'controllers yet: declare on_stop: damping'
            )
        if self.on_stop is None:
            raise ValueError('it says nothing about a stop: declare on_stop: damping')
        return self


class Group(Strict):
    """Joints that move together and are sent together."""

    name: Name
    command: Literal['trajectory', 'velocity', 'setpoint', 'effort']
    kind: Literal['arm', 'position'] = 'arm'  # position: a gripper, which has no lead
    drive: VelocityDrive | None = None  # of a group that takes velocities
    impedance: Impedance | None = None  # of a group that takes setpoints
    push: Push | None = None  # of a group that takes efforts
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
        if self.command != 'velocity' and self.drive is not None:
            takes = 'efforts' if self.command == 'effort' else 'positions'
            raise ValueError(f'the group {self.name} takes {takes}, and so no drive')
        if self.command != 'setpoint':
            self._check_no_gains()
        if self.command != 'effort':
            self._check_no_push()
        if self.command == 'trajectory':
            return
        if self.kind != 'arm':
            raise ValueError(
                f'the gripper {self.name} takes command: trajectory, not {self.command}'
            )
        if self.command == 'setpoint':
            self._check_setpoints()
            return
        if self.command == 'effort':
            self._check_efforts()
            return
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

    def _check_no_gains(self) -> None:
        """Refuse gains where no command goes by them."""
        damped = self.command == 'effort'
        given = [
            joint.name for joint in self.joints
            if joint.stiffness is not None or (joint.damping is not None and not damped)
        ]
        if self.impedance is not None or given:
            what = f'stiffness or damping of {given}' if given else 'impedance'
            raise ValueError(
                f'the group {self.name} has {what}, but only command: setpoint goes by it'
            )

    def _check_no_push(self) -> None:
        """Refuse what only efforts go by."""
        given = [joint.name for joint in self.joints if joint.effort_rate is not None]
        if self.push is not None or given:
            what = f'effort_rate of {given}' if given else 'push'
            raise ValueError(
                f'the group {self.name} has {what}, but only command: effort goes by it'
            )

    def _check_efforts(self) -> None:
        """Refuse efforts without bounds, or that nobody could end."""
        if self.push is None:
            raise ValueError(
                f'the group {self.name} takes efforts and needs a push: '
                f'{{on_stop: damping, response_s, settle_s, margin}}'
            )
        for joint in self.joints:
            for name in ('effort', 'effort_rate', 'damping'):
                if not getattr(joint, name):
                    raise ValueError(
                        f'joint {joint.name} takes efforts and needs its {name}, above 0'
                    )
            _refuse_unchecked(joint, 'efforts')
            if not 2.0 * self.push.margin < joint.upper - joint.lower:
                raise ValueError(
                    f'push.margin of the group {self.name} is {self.push.margin}, which leaves '
                    f'nothing of the range {joint.lower} to {joint.upper} of joint {joint.name}'
                )

    def _check_setpoints(self) -> None:
        """Refuse setpoints whose effort nobody can tell, and limits that nobody would keep."""
        if self.impedance is None:
            raise ValueError(
                f'the group {self.name} takes setpoints and needs an impedance: '
                f'{{on_stop, pose_rate, effort_share}}'
            )
        for joint in self.joints:
            for name in ('stiffness', 'damping', 'effort'):
                if getattr(joint, name) is None:
                    raise ValueError(f'joint {joint.name} takes setpoints and needs its {name}')
            _refuse_unchecked(joint, 'setpoints')


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


def _refuse_unchecked(joint: Joint, takes: str) -> None:
    """Refuse bounds of a joint that nobody would keep, by what it takes."""
    for name in ('lead', 'velocity_vs_position', 'jerk'):
        if getattr(joint, name) is not None:
            raise ValueError(
                f'joint {joint.name} takes {takes}, for which no {name} is checked: leave it out'
            )
