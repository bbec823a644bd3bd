"""Prefix terms: inputs of a graph that makes its chunk go on from what is being executed."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from robot_runtime.core.rtc import Decay, prefix_weights
from robot_runtime.core.sent_chunks import Leftover, reanchored, SentChunks
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_terms import normalization_of, Scaling
from robot_runtime.runtime.config_file import Strict

PrefixTerm = Literal[
    'action_prefix', 'prefix_weights', 'prefix_mask', 'prefix_length', 'delay',
    'execution_horizon', 'guidance_weight', 'noise',
]  # fmt: skip
TABLES = ('action_prefix', 'noise')
ROWS = ('prefix_weights', 'prefix_mask')


class PrefixInput(Strict):
    """
    One input of the graph that is no measurement.

    `action_prefix`: what is executed at the times of the new rows, in their order of joints.
    `prefix_mask`: 1 for rows that will have passed. `prefix_weights`: as guidance has them.
    `prefix_length`, `delay`, `execution_horizon`: rows that are left, that will have passed, and
    that pass from one inference to the next. `noise`: normal, the same for the same observation.
    """

    name: str
    term: PrefixTerm
    normalization: Scaling | None = None  # of `action_prefix`, required
    reference: Literal['absolute', 'state'] = 'absolute'  # state: ways from the joints at t_obs
    decay: Decay = 'exp'  # of `prefix_weights`
    value: Annotated[float, Field(gt=0.0)] | None = None  # of `guidance_weight`, required

    @model_validator(mode='after')
    def _complete(self) -> 'PrefixInput':
        for term, field in (('action_prefix', 'normalization'), ('guidance_weight', 'value')):
            if self.term == term and getattr(self, field) is None:
                raise ValueError(f'input {self.name} of term {term} needs the field {field}')
        return self

    def tail(self, rows: int, joints: int) -> tuple[int, ...]:
        """Return the last dimensions that the graph must have for the term."""
        return (rows, joints) if self.term in TABLES else (rows,) if self.term in ROWS else (1,)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Return the types that the graph may have for the term."""
        floats, whole = ('float32', 'float64'), ('int64', 'int32')
        if self.term in ('action_prefix', 'prefix_weights', 'guidance_weight', 'noise'):
            return floats
        return (*floats, *whole, 'bool') if self.term == 'prefix_mask' else (*floats, *whole)


class PrefixTerms:
    """The prefix inputs of a card as tensors."""

    def __init__(
        self, inputs: Sequence[PrefixInput], rows: int, executed: int, order: NDArray[np.intp],
        most_delay: int | None = None,
    ) -> None:  # fmt: skip
        """
        Take what the card asks for; `executed` rows pass from one inference to the next.

        `order` says where each joint of the graph's rows sits in the robot's; None of more than
        `most_delay` rows is ever said to have passed.
        """
        self._inputs, self._rows, self._executed = tuple(inputs), rows, executed
        self._order, self._most = order, rows if most_delay is None else most_delay

    def __bool__(self) -> bool:
        """Return whether the graph has such inputs."""
        return bool(self._inputs)

    def tensors(
        self, sent: SentChunks, stamp_ns: int, now_ns: int, place: Floats, rest: Floats
    ) -> dict[str, NDArray[Any]]:
        """
        Return the tensors for an observation at `stamp_ns` with the joints at `place`, (J,).

        Where nothing is executed, the graph is told so, and is shown the row `rest` throughout.
        """
        left = sent.leftover(stamp_ns, now_ns, self._rows)
        if left is None:
            left = Leftover(np.tile(rest, (self._rows, 1)), 0, 0)
        delay = min(left.delay, self._most)
        return {
            item.name: self._tensor(item, left, delay, stamp_ns, place) for item in self._inputs
        }

    def _tensor(
        self, item: PrefixInput, left: Leftover, delay: int, stamp_ns: int, place: Floats
    ) -> NDArray[Any]:
        if item.term == 'action_prefix':
            rows = left.rows if item.reference == 'absolute' else reanchored(left.rows, place)
            return normalization_of(item.normalization).apply(rows[:, self._order])
        if item.term == 'noise':
            # A seed of its own for each observation, so that a replay draws the same.
            generator = np.random.default_rng(stamp_ns)
            return generator.standard_normal((self._rows, len(self._order)))
        if item.term == 'prefix_mask':
            return np.arange(self._rows) < delay
        if item.term == 'prefix_weights':
            end = min(left.length, max(self._rows - self._executed, delay))
            return prefix_weights(item.decay, delay, end, self._rows)
        if item.term == 'guidance_weight':
            return np.array([item.value])
        counts = {'prefix_length': left.length, 'delay': delay}
        return np.array([counts.get(item.term, self._executed)])
