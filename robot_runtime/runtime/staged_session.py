"""Staged graphs: one sees, another denoises; the steps between are taken here, and guided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import onnxruntime as ort
from robot_runtime.core.rtc import guided
from robot_runtime.core.types import Floats
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.policy_card import PolicyCard, SAMPLED, Sampler

FLOATS = {'tensor(float)': np.float32, 'tensor(double)': np.float64}


@dataclass(frozen=True, slots=True)
class Given:
    """An input that no graph has: the sampler takes it. Described as ONNX Runtime does it."""

    name: str
    shape: tuple[int, ...]
    type: str = 'tensor(double)'  # noqa: A003


class StagedSession:
    """Two sessions that answer as one, whose output is a chunk in the space of the graph."""

    def __init__(
        self, card: PolicyCard, sampler: Sampler, encode: ort.InferenceSession,
        denoise: ort.InferenceSession,
    ) -> None:  # fmt: skip
        """Refuse graphs that do not fit together."""
        who = f'card {card.name}: sampler.graph'
        self._sampler, self._encode, self._denoise = sampler, encode, denoise
        self._output = card.output.name
        self._size = (card.output.rows, len(card.output.joints))
        self._names: dict[str, str] = {item.term: item.name for item in card.prefix}
        inputs = {value.name: value for value in denoise.get_inputs()}
        for name in (sampler.x, sampler.time):
            if name not in inputs or inputs[name].type not in FLOATS:
                raise ConfigError(f'{who} has no input {name} of floats; it has {sorted(inputs)}')
        self._x, self._time = inputs.pop(sampler.x), inputs.pop(sampler.time)
        self._context = sorted(inputs)
        seen = [value.name for value in encode.get_outputs()]
        unknown = [name for name in self._context if name not in seen]
        if unknown:
            raise ConfigError(f'{who} needs {unknown}, but graph gives {seen}')

    def get_inputs(self) -> list[Any]:
        """Return the inputs of the first graph, and what the sampler takes."""
        rows, joints = self._size
        tails = dict.fromkeys(SAMPLED, (rows, joints)) | {'prefix_weights': (rows,)}
        given = [Given(self._names[term], tail) for term, tail in tails.items()]
        return [*self._encode.get_inputs(), *given]

    def get_outputs(self) -> list[Any]:
        """Return the outputs of the second graph: a velocity has the shape of a chunk."""
        outputs: list[Any] = self._denoise.get_outputs()
        return outputs

    def get_modelmeta(self) -> Any:
        """Return the metadata of the first graph."""
        return self._encode.get_modelmeta()

    def run(self, _: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Return the chunk, alone in a list."""
        sampler = self._sampler
        noise, leftover, weights = (
            feed[self._names[term]] for term in SAMPLED
        )
        seen = {name: value for name, value in feed.items() if name not in self._names.values()}
        context = dict(zip(self._context, self._encode.run(self._context, seen), strict=True))

        def velocity(x: Floats, time: float) -> Floats:
            at = 1.0 - time if sampler.time_from == 1 else time
            asked = context | {
                sampler.x: _as(self._x, x), sampler.time: _as(self._time, at)
            }
            v = np.asarray(self._denoise.run([self._output], asked)[0], dtype=np.float64)
            v = v.reshape(self._size)
            return -v if sampler.time_from == 1 else v

        return [guided(velocity, noise, leftover, weights, sampler.steps, sampler.guidance)]


def _as(value: Any, content: Floats | float) -> NDArray[Any]:
    """Return a tensor of the type and shape that the graph declares; an open dimension is 1."""
    shape = [size if isinstance(size, int) else 1 for size in value.shape]
    return np.asarray(content, dtype=FLOATS[value.type]).reshape(shape)
