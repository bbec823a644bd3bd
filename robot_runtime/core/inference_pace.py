"""Pace of inferences: when the next one begins. Knows no clock: it is told the time."""

from dataclasses import dataclass

from robot_runtime.core.observation import Inputs


@dataclass(slots=True)
class InferencePace:
    """
    A grid of `period_ns`; for 'sync' a chunk, its executed part of `period_ns`, and so on.

    Who runs the inferences has one at a time: it asks only when none is under way.
    """

    period_ns: int
    sync: bool = False
    next_ns: int = 0

    def restart(self, now_ns: int) -> None:
        """Let the next inference begin now."""
        self.next_ns = now_ns

    def due(self, now_ns: int) -> bool:
        """Return whether an inference is to begin."""
        return now_ns >= self.next_ns

    def fit(self, inputs: Inputs, reference: str) -> bool:
        """Return whether to infer from `inputs`: 'sync' waits to see what its chunk has done."""
        return not self.sync or received_ns(inputs, reference) >= self.next_ns

    def begun(self, now_ns: int) -> None:
        """Take note of an inference that begins."""
        if not self.sync:
            self.next_ns = max(self.next_ns + self.period_ns, now_ns)

    def sent(self, now_ns: int, speed: float = 1.0) -> None:
        """Take note of a chunk that is sent, to be executed at `speed`."""
        if self.sync:
            self.next_ns = now_ns + round(self.period_ns / speed)


def received_ns(inputs: Inputs, reference: str) -> int:
    """Return when what t_obs is taken from came, on our steady clock; 0 if nothing has."""
    if reference:
        image = inputs.images.get(reference)
        return 0 if image is None else image.received_ns
    return inputs.states[-1].received_ns if inputs.states else 0
