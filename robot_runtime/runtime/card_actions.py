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


class ActionFields(Strict):
    """How figures become targets: clip, normalization, then offset + scale * figure."""

    joints: Annotated[tuple[Name, ...], Field(min_length=1)]
    rows: Annotated[int, Field(ge=1, le=1000)]
    normalization: Scaling
    clip: Interval | None = None
    scale: Figures = 1.0
    offset: Figures = 0.0
    delta_of: Literal['observation', 'row_before'] | None = None  # of joint_delta, required there
    absolute_joints: tuple[Name, ...] = ()  # of joint_delta: those that are no deltas
    grippers: dict[Name, Gripper] = Field(default_factory=dict)

    def check(self, who: str, action: str) -> None:
        """Refuse conventions that contradict each other."""
        check_scaling(who, self.normalization, len(self.joints))
        for key in ('scale', 'offset'):
            check_figures(who, key, getattr(self, key), len(self.joints))
        deltas = action == 'joint_delta'
        if deltas != (self.delta_of is not None) or (self.absolute_joints and not deltas):
            raise ValueError(
                f'{who} has action: {action}, delta_of: {self.delta_of} and absolute_joints: '
                f'{list(self.absolute_joints)}; joint_delta needs delta_of: observation or '
                'row_before, and no other action has a use for either'
            )
        for key, names in (
            ('absolute_joints', self.absolute_joints), ('grippers', tuple(self.grippers)),
        ):  # fmt: skip
            unknown = [name for name in names if name not in self.joints]
            if unknown:
                raise ValueError(
                    f'{who} names {unknown} in {key}, but has the joints {list(self.joints)}'
                )

    def affine(self) -> tuple[Floats, Floats]:
        """Return scale and offset by which a figure of the graph becomes a target."""
        normalization = normalization_of(self.normalization)
        scale = np.array(self.scale)
        return scale * normalization.std, np.array(self.offset) + scale * normalization.mean

    def actions(self) -> Actions:
        """Return the conventions for core."""
        relative = None
        if self.delta_of is not None:
            moved = {*self.joints} - {*self.absolute_joints} - {*self.grippers}
            relative = np.array([name in moved for name in self.joints])
        grips = tuple(
            Grip(self.joints.index(name), g.closed, g.opened, g.closed_at, g.open_at, g.binary)
            for name, g in self.grippers.items()
        )
        return Actions(
            self.rows, normalization_of(self.normalization),
            self.clip.pair() if self.clip else None, figures_of(self.scale, 1.0),
            figures_of(self.offset, 0.0), relative, self.delta_of == 'row_before', grips,
        )  # fmt: skip
