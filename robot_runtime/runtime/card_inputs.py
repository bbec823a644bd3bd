"""Inputs of a policy card, and what core assembles of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from robot_runtime.core.observation import OBJECTS, Term
from robot_runtime.core.stacking import Entry
from robot_runtime.runtime.card_terms import (
    check_scaling,
    COMPONENTS,
    figures_of,
    HISTORY,
    normalization_of,
    TermFields,
)
from robot_runtime.runtime.images import View

# inputs of their own
NOT_IN_A_LIST = ('image', 'instruction', 'goal_index', 'is_init', 'tokens', 'token_mask')
Read = Callable[[str], NDArray[Any] | str]  # of an instruction; core says what it returns
OF_THE_WHOLE = {'name', 'shape', 'dtype', 'terms', 'normalization', 'clip', *HISTORY}


class Part(TermFields):
    """One of several terms that lie in an input one after the other."""


class Input(TermFields):
    """One input of the graph: a measurement, or several in a list of terms."""

    name: str
    shape: tuple[Annotated[int, Field(gt=0)], ...] | None = None
    dtype: Literal['float32', 'float64', 'int64', 'int32', 'uint8', 'bool', 'string'] | None = None
    terms: tuple[Part, ...] = ()

    @model_validator(mode='after')
    def _complete(self) -> 'Input':
        who = f'input {self.name}'
        if not self.terms:
            self.check(who, whole=False)
            if self.dtype == 'uint8' and (self.scale, self.normalization) != (1.0, 'identity'):
                raise ValueError(
                    f'{who} has dtype: uint8, so its pixels stay as they are: scale 1.0 and '
                    'normalization: identity'
                )
            return self
        extra = sorted(self.model_fields_set - OF_THE_WHOLE)
        if extra:
            raise ValueError(
                f'{who} has a list of terms, and beside it the field {extra[0]}, which belongs '
                f'to one of them; allowed: {", ".join(sorted(OF_THE_WHOLE))}'
            )
        for k, part in enumerate(self.terms):
            if part.term in NOT_IN_A_LIST:
                raise ValueError(f'{who} has the term {part.term} in a list; it stands alone')
            part.check(f'{who}.terms[{k}]', whole=self.normalization is not None)
        return self

    def parts(self) -> tuple[tuple[str, TermFields], ...]:
        """Return the terms, each with a name of its own."""
        if not self.terms:
            return ((self.name, self),)
        return tuple((f'{self.name}.terms[{k}]', part) for k, part in enumerate(self.terms))

    def elements(self, actions: int) -> int:
        """Return how many elements the graph's input has; `actions`: of the output."""
        if not self.terms:
            return self.size(actions) * self.history
        return self.frame_size(actions) * self.history

    def frame_size(self, actions: int) -> int:
        """Return how many elements one observation has in the input."""
        return sum(part.size(actions) * part.history for part in self.terms)

    def check_sizes(self, actions: int) -> None:
        """Refuse lists of figures of another length than what they belong to."""
        for name, part in self.parts():
            part.check_lengths(f'input {name}', actions)
        if self.terms:
            check_scaling(f'input {self.name}', self.normalization, self.frame_size(actions))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the terms that lie in it, by name."""
        return tuple(part.term or '' for _, part in self.parts())

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Return the joints that its terms are about."""
        return tuple(name for _, part in self.parts() for name in part.joints)


def entry_of(
    item: Input, joint_names: Sequence[str], actions: Sequence[str], columns: int,
    texts: Mapping[str, Read],
) -> Entry:  # fmt: skip
    """Return an input of a checked card as core assembles it; an action has `columns`."""
    raw = item.dtype == 'uint8'
    terms = tuple(
        replace(_term(name, part, joint_names, actions, columns), raw=raw, text=texts.get(name))
        for name, part in item.parts()
    )
    if not item.terms:
        return Entry(item.name, terms, (item.stacking(),))
    return Entry(
        item.name, terms, tuple(part.stacking() for part in item.terms), item.stacking(),
        None if item.normalization is None else normalization_of(item.normalization),
        item.clip.pair() if item.clip else None,
    )  # fmt: skip


def view_of(item: Input) -> View:
    """Return what an input takes of its camera's image."""
    crop = item.crop
    window = None if crop is None else (crop.left, crop.top, crop.width, crop.height)
    return View(item.width or 0, item.height or 0, item.resize, window, item.colour == 'bgr')


def _term(
    name: str, part: TermFields, joint_names: Sequence[str], actions: Sequence[str], columns: int
) -> Term:
    """Return a term for core; a last action is in the order of the graph's output."""
    assert part.term is not None
    index: Any = None
    of_action = part.term == 'last_action'
    if part.joints:
        order = actions if of_action else joint_names
        index = np.array([order.index(name) for name in part.joints], dtype=np.intp)
    elif part.term == 'command':
        index = np.array([COMPONENTS.index(name) for name in part.components], dtype=np.intp)
    elif part.term == 'objects':
        index = np.array([OBJECTS.index(name) for name in part.objects], dtype=np.intp)
    of_object = 3 if part.fields == 'position' else 7
    image = part.term == 'image'
    return Term(
        name, part.term, normalization_of(part.normalization), index,
        columns=columns if of_action else of_object,
        offset=figures_of(part.offset, 0.0), clip=part.clip.pair() if part.clip else None,
        factors=None if image else figures_of(part.scale, 1.0),
        camera=part.camera or '', width=part.width or 0, height=part.height or 0,
        layout=part.layout or 'HWC', scale=part.scale if isinstance(part.scale, float) else 1.0,
        goals=part.goals, constant=np.array(part.values, dtype=np.float64),
        period_s=part.period_s or 1.0, phases=part.phases, form=part.form,
        rotation=part.rotation or 'none', frame=part.frame, age_ns=round(part.max_age_s * 1e9),
    )  # fmt: skip
