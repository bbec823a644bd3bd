"""Inputs of a graph: terms one after the other, and each with those of the steps before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.memory import Frames
from robot_runtime.core.observation import Term
from robot_runtime.core.tensors import Normalization


@dataclass(frozen=True, slots=True)
class History:
    """How many observations an input holds, the newest included, and how they lie in it."""

    steps: int = 1
    newest_first: bool = False
    by_element: bool = False  # all steps of the first element, then those of the second

    def push(self, past: Sequence[NDArray[Any]], value: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return the frames with `value` as the newest; what is not there yet is the oldest."""
        frames = (*past, value)[-self.steps:]
        return (frames[0],) * (self.steps - len(frames)) + frames

    def lay(self, frames: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return frames as one array whose first dimension is the step (the last: by element)."""
        if self.steps == 1:
            return frames[-1]
        ordered = frames[::-1] if self.newest_first else frames
        return np.stack(ordered, axis=-1 if self.by_element else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One input of the graph: a term, or several one after the other."""

    name: str
    terms: tuple[Term, ...]
    histories: tuple[History, ...]  # of each term
    history: History = History()  # of all terms together
    normalization: Normalization | None = None  # of all terms together
    clip: tuple[float, float] | None = None


def feed_of(
    entries: Sequence[Entry], values: Mapping[str, NDArray[Any]], past: Frames
) -> tuple[dict[str, NDArray[Any]], dict[str, tuple[NDArray[Any], ...]]]:
    """Return the graph's inputs, made of the terms' `values`, and the frames to keep."""
    kept: dict[str, tuple[NDArray[Any], ...]] = {}

    def laid(name: str, history: History, value: NDArray[Any]) -> NDArray[Any]:
        if history.steps == 1:
            return value
        kept[name] = history.push(past.get(name, ()), value)
        return history.lay(kept[name])

    feed = {}
    for entry in entries:
        parts = [
            laid(term.name, history, values[term.name])
            for term, history in zip(entry.terms, entry.histories, strict=True)
        ]
        whole = parts[0]
        if len(parts) > 1:
            whole = np.concatenate([np.ravel(part) for part in parts])
        if entry.normalization is not None:
            whole = entry.normalization.apply(np.ravel(whole))
        if entry.clip is not None:
            whole = np.clip(whole, *entry.clip)
        feed[entry.name] = laid(f'{entry.name}/*', entry.history, whole)
    return feed, kept
