"""Conventions of a policy's actions in its card, and what core makes of them."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from robot_runtime.core.actions import Actions, Grip
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_terms import (
    check_figures,
    check_scaling,
    Figures,
    figures_of,
    Interval,
    normalization_of,
    Scaling,
)
from robot_runtime.runtime.config_file import Strict
from robot_runtime.runtime.joint_groups import Name

TURNS = ('rotation_vector', 'none')  # that can be a small one


class Gripper(Strict):
    """What the graph says for a closed and for an open hand, and where the joint then is."""

    closed: float
    opened: Annotated[float, Field(alias='open')]
    closed_at: float  # [m] or [rad]
    open_at: float
    binary: bool = False  # past the middle it is open, or else closed

    @model_validator(mode='after')
    def _two_ends(self) -> 'Gripper':
        if self.closed == self.opened:
            raise ValueError(f'a gripper has closed and open at {self.opened}; they must differ')
        return self


class Tool(Strict):
    """A tool whose poses a graph gives: in each row its place [m], how it is turned, the rest."""

    frame: str  # of the URDF
    joints: Annotated[tuple[Name, ...], Field(min_length=1)]  # that move it
    rotation: Literal['quaternion_xyzw', 'quaternion_wxyz', 'rotation_vector', 'none']
    deltas_in: Literal['base', 'tool'] = 'base'  # whose directions those of ee_delta are

    @property
    def columns(self) -> int:
        """Return how many figures of a row are about the tool."""
        return 3 + {'rotation_vector': 3, 'none': 0}.get(self.rotation, 4)


class ActionFields(Strict):
    """How figures become targets: clip, normalization, then offset + scale * figure."""

    joints: Annotated[tuple[Name, ...], Field(min_length=1)]
    rows: Annotated[int, Field(ge=1, le=1000)]
    normalization: Scaling
    clip: Interval | None = None
    scale: Figures = 1.0
    offset: Figures = 0.0
    tool: Tool | None = None  # of ee_pose and ee_delta, required there
    delta_of: Literal['observation', 'row_before'] | None = None  # of deltas, required there
    absolute_joints: tuple[Name, ...] = ()  # of joint_delta: those that are no deltas
    grippers: dict[Name, Gripper] = Field(default_factory=dict)

    def check(self, who: str, action: str) -> None:
        """Refuse conventions that contradict each other."""
        check_scaling(who, self.normalization, self.columns)
        for key in ('scale', 'offset'):
            check_figures(who, key, getattr(self, key), self.columns)
        deltas = action in ('joint_delta', 'ee_delta')
        if deltas != (self.delta_of is not None) or (
            self.absolute_joints and action != 'joint_delta'
        ):
            raise ValueError(
                f'{who} has action: {action}, delta_of: {self.delta_of} and absolute_joints: '
                f'{list(self.absolute_joints)}; deltas need delta_of: observation or row_before, '
                'only joint_delta may have absolute_joints, and no other action has a use for them'
            )
        if (self.tool is not None) != (action in ('ee_pose', 'ee_delta')):
            raise ValueError(
                f'{who} has action: {action} and {"no" if self.tool is None else "a"} tool; '
                'ee_pose and ee_delta need one, and no other action has a use for it'
            )
        if action == 'ee_delta' and self.tool and self.tool.rotation not in TURNS:
            raise ValueError(
                f'{who} has tool.rotation: {self.tool.rotation}; allowed for ee_delta: '
                f'{", ".join(TURNS)}'
            )
        self._check_joints(who)

    def _check_joints(self, who: str) -> None:
        """Refuse names of joints that the output does not have."""
        for key, names, have in (
            ('absolute_joints', self.absolute_joints, self.joints),
            ('tool.joints', self.tool.joints if self.tool else (), self.joints),
            ('grippers', tuple(self.grippers), self.other_joints),
        ):
            unknown = [name for name in names if name not in have]
            if unknown:
                raise ValueError(f'{who} names {unknown} in {key}; allowed: {list(have)}')

    @property
    def other_joints(self) -> tuple[str, ...]:
        """Return the joints that have a column of their own: all, or those that move no tool."""
        moves = self.tool.joints if self.tool else ()
        return tuple(name for name in self.joints if name not in moves)

    @property
    def columns(self) -> int:
        """Return how many figures a row of the graph has."""
        return (self.tool.columns if self.tool else 0) + len(self.other_joints)

    def affine(self) -> tuple[Floats, Floats]:
        """Return scale and offset by which a figure of the graph becomes a target."""
        normalization = normalization_of(self.normalization)
        scale = np.array(self.scale)
        return scale * normalization.std, np.array(self.offset) + scale * normalization.mean

    def actions(self) -> Actions:
        """Return the conventions for core."""
        relative = None
        if self.delta_of is not None and self.tool is None:
            moved = {*self.joints} - {*self.absolute_joints} - {*self.grippers}
            relative = np.array([name in moved for name in self.joints])
        first = self.tool.columns if self.tool else 0
        grips = tuple(
            Grip(
                first + self.other_joints.index(name), g.closed, g.opened, g.closed_at,
                g.open_at, g.binary,
            )  # fmt: skip
            for name, g in self.grippers.items()
        )
        return Actions(
            self.rows, normalization_of(self.normalization),
            self.clip.pair() if self.clip else None, figures_of(self.scale, 1.0),
            figures_of(self.offset, 0.0), relative, self.delta_of == 'row_before', grips,
        )  # fmt: skip
