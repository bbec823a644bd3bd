"""
Witness of effort commands: an independent check, over the time that they name themselves.

Like the witness of positions it shares nothing with the runtime and judges by the datasheet. What
the joints make of the efforts is judged by the witness of measured motion.
"""

import numpy as np
from robot_runtime.sim.rate_findings import note
from robot_runtime.sim.witness import ABOVE_ALL, COMMAND_TOLERANCE, Findings, Floats, GAP_NS

# Franka Research 3 datasheet, typed in again from the table: joints 1 to 7.
TAU_MAX = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)  # [N m]
DTAU_MAX = (1000.0,) * 7  # [N m/s]


class EffortWitness:
    """Checks efforts of the arm, and by how much they change."""

    def __init__(self, scale: float = 1.0) -> None:
        """Begin with a group that is not pushed; `scale` is the share to judge by."""
        self._most, self._rate = np.array(TAU_MAX) * scale, np.array(DTAU_MAX) * scale
        self.findings = Findings()
        self.reset()

    def reset(self) -> None:
        """Let the next command begin a new sequence, from no effort; the findings stay."""
        self._tau = np.zeros_like(self._most)
        self._heard_ns: int | None = None

    def command(self, tau: Floats, dt_s: float, measured: Floats, now_ns: int) -> None:
        """Check one command of efforts `tau`, due `dt_s` after the one before it."""
        found = self.findings
        found.commands += 1
        if not np.isfinite(tau).all():
            self._note('not_finite', np.where(np.isfinite(tau), 0.0, ABOVE_ALL))
            return
        if self._heard_ns is None or now_ns - self._heard_ns > GAP_NS:
            found.sequences += 1
            allowed = self._rate * dt_s * (1.0 + COMMAND_TOLERANCE)
            if (np.abs(tau - self._tau) > allowed).any():  # its driver has ended it meanwhile
                self._tau = np.zeros_like(tau)
        self._heard_ns = now_ns
        self._note('effort', np.abs(tau) / self._most)
        self._note('effort_rate', np.abs(tau - self._tau) / dt_s / self._rate)
        self._tau = tau.copy()

    def _note(self, kind: str, ratio: Floats) -> None:
        note(self.findings, kind, ratio, kind)
