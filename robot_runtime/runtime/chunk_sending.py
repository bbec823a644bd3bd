"""Sending of chunks: when the next inference begins, and what it is to go on from."""

from collections.abc import Mapping

import numpy as np
from robot_runtime.core.inference_pace import InferencePace
from robot_runtime.core.observation import Inputs
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.runtime.inference import Proposal
from robot_runtime.runtime.policy_card import PolicyCard

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class ChunkSending:
    """What who runs a policy knows of its own chunks, live and in lockstep."""

    def __init__(self, card: PolicyCard, delay_ns: int = 0) -> None:
        """Begin with nothing sent; `delay_ns` is expected until control has measured it."""
        schedule = card.schedule
        self._pace = InferencePace(round(schedule.period_s * SECOND), schedule.kind == 'sync')
        self._reference, self._interpolation = card.reference, card.output.interpolation
        self.sent = SentChunks(delay_ns=delay_ns)

    def restart(self, now_ns: int) -> None:
        """Begin an engagement: infer now, and go on from nothing."""
        self._pace.restart(now_ns)
        self.sent = self.sent.restarted()

    def due(self, now_ns: int) -> bool:
        """Return whether an inference is to begin; there must be none under way."""
        return self._pace.due(now_ns)

    def begins(self, inputs: Inputs, now_ns: int) -> bool:
        """Return whether to infer from `inputs`; it is then taken to have begun."""
        fit = self._pace.fit(inputs, self._reference)
        if fit:
            self._pace.begun(now_ns)
        return fit

    def send(self, proposal: Proposal, now_ns: int) -> None:
        """Take note of a chunk that is sent."""
        self._pace.sent(now_ns, self.sent.speed)
        if np.isfinite(proposal.rows).all():  # any other is refused
            self.sent = self.sent.added(proposal.chunk(self._interpolation), now_ns)

    def hear(self, said: Mapping[str, str]) -> None:
        """Take from the status of control what it executes, how late that comes, how fast."""
        delay_ns = round(float(said.get('chunk_delay_p95_ms', 0.0)) * MILLISECOND)
        speed = float(said.get('speed', self.sent.speed))
        self.heard(int(said.get('chunk_ns', 0)), delay_ns, speed)

    def heard(self, taken_ns: int, delay_ns: int, speed: float) -> None:
        """Take what is executed by its stamp, how late that comes, and how fast it runs."""
        self.sent = self.sent.heard(taken_ns, delay_ns, speed)
