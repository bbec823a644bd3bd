"""
Witness of velocity commands: an independent check, over the time that they name themselves.

Like the witness of positions it shares nothing with the runtime and judges by the datasheet.
"""

import numpy as np
from robot_runtime.sim.rate_findings import note
from robot_runtime.sim.witness import (
    ABOVE_ALL,
    COMMAND_TOLERANCE,
    Datasheet,
    Findings,
    Floats,
    GAP_NS,
)


class VelocityWitness:
    """Checks velocities, what they change by, and what is allowed where a joint is measured."""

    def __init__(self, sheet: Datasheet) -> None:
        """Begin with a group that stands."""
        self._sheet = sheet
        self.findings = Findings()
        self.reset()

    def reset(self) -> None:
        """Let the next command begin a new sequence, from rest; the findings stay."""
        self._dq = np.zeros_like(self._sheet.q_min)
        self._ddq = np.zeros_like(self._sheet.q_min)
        self._heard_ns: int | None = None

    def command(self, dq: Floats, dt_s: float, measured: Floats, now_ns: int) -> None:
        """Check one command of velocities `dq`, due `dt_s` after the one before it."""
        found, sheet = self.findings, self._sheet
        found.commands += 1
        if not np.isfinite(dq).all():
            self._note('not_finite', np.where(np.isfinite(dq), 0.0, ABOVE_ALL))
            return
        if self._heard_ns is None or now_ns - self._heard_ns > GAP_NS:
            found.sequences += 1
            if not self._continues(dq, dt_s):  # its driver has stopped it meanwhile
                self._dq, self._ddq = np.zeros_like(dq), np.zeros_like(dq)
        self._heard_ns = now_ns
        ddq = (dq - self._dq) / dt_s
        self._note('velocity', np.abs(dq) / sheet.dq_max)
        down, up = sheet.allowed_velocity(measured)
        bound = np.where(dq >= 0.0, up, down)
        speed = np.where(np.abs(dq) <= 1e-9, 0.0, np.abs(dq))  # standing is allowed everywhere
        slow = np.full_like(speed, ABOVE_ALL)
        ratio = np.divide(speed, bound, out=slow, where=bound > 0.0)
        self._note('curve', np.where(speed > 0.0, ratio, 0.0))
        self._note('acceleration', np.abs(ddq) / sheet.ddq_max)
        self._note('jerk', np.abs(ddq - self._ddq) / dt_s / sheet.dddq_max)
        found.peak_acceleration = max(found.peak_acceleration, float(np.abs(ddq).max()))
        self._dq, self._ddq = dq.copy(), ddq

    def _continues(self, dq: Floats, dt_s: float) -> bool:
        allowed = self._sheet.ddq_max * dt_s * (1.0 + COMMAND_TOLERANCE)
        return bool((np.abs(dq - self._dq) <= allowed).all())

    def _note(self, kind: str, ratio: Floats) -> None:
        note(self.findings, kind, ratio, f'{kind} of velocity')
