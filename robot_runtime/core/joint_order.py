"""Joint values by name: the order of a message is never trusted, and no joint is invented."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class JointNameError(ValueError):
    """A joint that is needed is not in the message, or a name stands there twice."""


def joint_index(have: Sequence[str], want: Sequence[str]) -> NDArray[np.intp]:
    """Return where each of `want` sits in `have`, so that `values[index]` is in our order."""
    if len(set(have)) != len(have):
        twice = sorted({name for name in have if list(have).count(name) > 1})
        raise JointNameError(f'joints {twice} stand more than once in the message {list(have)}')
    missing = [name for name in want if name not in have]
    if missing:
        raise JointNameError(f'joints {missing} are not in the message, which has {list(have)}')
    return np.array([have.index(name) for name in want], dtype=np.intp)
