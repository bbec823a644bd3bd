"""Ablation: one of a policy's inputs taken away, to see whether the policy needs it."""

from dataclasses import replace

import numpy as np
from robot_runtime.core.observation import Inputs, Measured
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.config_file import ConfigError

INPUTS = ('none', 'blank_images', 'blank_front', 'blank_wrist', 'frozen_state')


class Ablation:
    """
    Takes away the inputs that `kind` names, and leaves their times as they are.

    Blank images are black. A frozen state stays what it was at the first inference.
    """

    def __init__(self, kind: str = 'none') -> None:
        """Refuse a kind that is not one of INPUTS."""
        if kind not in INPUTS:
            raise ConfigError(f'ablation is {kind!r}; allowed: {", ".join(INPUTS)}')
        self._kind = kind
        self._first: Measured | None = None

    def restart(self) -> None:
        """Begin an episode: freeze the state anew."""
        self._first = None

    def apply(self, inputs: Inputs) -> Inputs:
        """Return what the policy is let know of `inputs`."""
        if self._kind == 'frozen_state':
            return self._frozen(inputs)
        if not self._kind.startswith('blank_'):
            return inputs
        which = self._kind.removeprefix('blank_')
        images = {
            name: replace(sample, value=np.zeros_like(sample.value))
            if which in (name, 'images')
            else sample
            for name, sample in inputs.images.items()
        }
        return replace(inputs, images=images)

    def _frozen(self, inputs: Inputs) -> Inputs:
        if self._first is None and inputs.states:
            last = inputs.states[-1].value
            still = None if last.velocity is None else np.zeros_like(last.velocity)
            self._first = Measured(last.position, still)
        if self._first is None:
            return inputs
        states = [Sample(s.received_ns, s.stamp_ns, self._first) for s in inputs.states]
        return replace(inputs, states=states)
