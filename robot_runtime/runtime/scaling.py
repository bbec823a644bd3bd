"""Normalization as a card writes it."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from robot_runtime.core.tensors import Normalization
from robot_runtime.runtime.config_file import Positive, Strict


class MeanStd(Strict):
    """Normalization (x - mean) / std: one figure for all elements, or one for each."""

    mean: Annotated[tuple[float, ...], Field(min_length=1)]
    std: Annotated[tuple[Positive, ...], Field(min_length=1)]


Scaling = Literal['identity'] | MeanStd


def normalization_of(scaling: Scaling | None) -> Normalization:
    """Return the map that a card asks for."""
    if scaling is None or scaling == 'identity':
        return Normalization.identity()
    return Normalization(np.array(scaling.mean), np.array(scaling.std))


def check_lengths(what: str, scaling: Scaling | None, count: int) -> None:
    """Refuse figures that are neither one for all nor one for each."""
    if isinstance(scaling, MeanStd):
        for key, values in (('mean', scaling.mean), ('std', scaling.std)):
            if len(values) not in (1, count):
                raise ValueError(
                    f'{what} has {len(values)} figures in normalization.{key}, but takes {count}'
                )
