"""
Witness of commands and of measured motion: an independent check of the whole chain.

Written from the datasheet and deliberately sharing nothing with the runtime: it imports nothing
of ours, has its own numbers and its own formulas, and judges commands over their own time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Franka Research 3 datasheet, typed in again from the table: joints 1 to 7.
Q_MIN = (-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159)
Q_MAX = (2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159)
DQ_MAX = (2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26)
DDQ_MAX = (10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0)
DDDQ_MAX = (5000.0, 5000.0, 5000.0, 5000.0, 5000.0, 5000.0, 5000.0)
DDDQ_PER_DDQ = 20.0  # [1/s] promised beyond the datasheet: 50 ms to full acceleration at least
# dq <= -offset + sqrt(slope * (end - q)), slope being twice a deceleration; lower: mirrored.
CURVE_OFFSET = (0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35)
CURVE_SLOPE = (12.0, 5.17, 7.00, 8.00, 34.0, 11.0, 34.0)
CURVE_END_UP = (2.75010, 1.79180, 2.90650, -0.1458, 2.81010, 4.52050, 3.01960)
CURVE_END_DOWN = (-2.75010, -1.79180, -2.90650, -3.04810, -2.81010, 0.54092, -3.01960)

# Of the tool in the cell, in the base frame [m], typed in again from the robot file.
WORKSPACE_LOW = (-0.6, -0.7, 0.003)
WORKSPACE_HIGH = (0.8, 0.7, 1.2)

COMMAND_TOLERANCE = 1e-6  # relative
MEASURED_TOLERANCE = 0.002  # relative to the range; the joint stops of the simulation are springs
GAP_NS = 50_000_000  # after so long a silence a sequence may begin anew
JUMP_ARM = 0.2  # [rad] most that a new sequence may begin away from the measured position
JUMP_FINGER = 0.05  # [m] more than the whole range: a gripper may be opened from anywhere
KINDS = (
    'not_finite', 'position', 'velocity', 'curve', 'acceleration', 'jerk', 'jump', 'workspace',
    'effort', 'effort_rate',
)  # fmt: skip
ABOVE_ALL = 1e9  # ratio that stands for a division by zero


@dataclass(frozen=True, slots=True, eq=False)
class Datasheet:
    """Published limits of J joints; the derivatives already times the scale wished."""

    q_min: Floats
    q_max: Floats
    dq_max: Floats
    ddq_max: Floats
    dddq_max: Floats
    offset: Floats
    slope: Floats  # inf: no limit that depends on position
    end_up: Floats
    end_down: Floats
    jump: Floats

    def allowed_velocity(self, q: Floats) -> tuple[Floats, Floats]:
        """Return the greatest velocity down and up at `q` by the curve alone, both >= 0."""
        up = np.sqrt(np.maximum(0.0, self.slope * (self.end_up - q))) - self.offset
        down = np.sqrt(np.maximum(0.0, self.slope * (q - self.end_down))) - self.offset
        return np.maximum(0.0, down), np.maximum(0.0, up)


def arm_datasheet(scale: float = 1.0) -> Datasheet:
    """Return the limits of the arm; `scale` below 1 checks against operating limits."""
    ddq, dq = np.array(DDQ_MAX) * scale, np.array(DQ_MAX) * scale
    curve = (np.array(v) for v in (CURVE_OFFSET, CURVE_SLOPE, CURVE_END_UP, CURVE_END_DOWN))
    dddq = np.minimum(np.array(DDDQ_MAX) * scale, DDDQ_PER_DDQ * ddq)
    ends = (np.array(Q_MIN), np.array(Q_MAX))
    return Datasheet(*ends, dq, ddq, dddq, *curve, np.full(7, JUMP_ARM))


def setpoint_datasheet(scale: float = 1.0) -> Datasheet:
    """Return what an arm keeps whose setpoints have a range and a rate, and no more."""
    free, ends = np.full(7, np.inf), (np.array(Q_MIN), np.array(Q_MAX))
    return Datasheet(
        *ends, np.array(DQ_MAX) * scale, free, free, np.zeros(7), free, ends[1] + 1.0,
        ends[0] - 1.0, np.full(7, JUMP_ARM),
    )  # fmt: skip


def finger_datasheet(scale: float = 1.0) -> Datasheet:
    """Return the limits of the gripper joint: 0 to 40 mm, 0.2 m/s, 2 m/s^2, no curve."""
    one = np.ones(1)
    ends = (one * 0.04, one * 0.0)
    return Datasheet(
        one * 0.0, one * 0.04, one * 0.2 * scale, one * 2.0 * scale,
        one * DDDQ_PER_DDQ * 2.0 * scale,
        one * 0.0, one * np.inf, ends[0] + 1.0, ends[1] - 1.0, one * JUMP_FINGER,
    )  # fmt: skip


@dataclass(slots=True)
class Findings:
    """What one witness saw so far."""

    commands: int = 0
    sequences: int = 0
    violations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    worst: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    peak_acceleration: float = 0.0
    first: str = ''  # the first violation, in words

    @property
    def total(self) -> int:
        """Return the number of violations of all kinds."""
        return sum(self.violations.values())


class CommandWitness:
    """
    Checks one controller's commands as they arrive, over the time that they name themselves.

    A sequence begins at rest. It ends with a reset, or with a silence after which the next
    command does not continue it; the first command of the next one must lie near the robot.
    """

    def __init__(
        self, sheet: Datasheet, tool: Callable[[Floats], Floats] | None = None
    ) -> None:
        """Take limits, and what says where the tool is; None: the workspace is not judged."""
        self._sheet, self._tool = sheet, tool
        self.findings = Findings()
        self.reset()

    def reset(self) -> None:
        """Let the next command begin a new sequence; the findings stay."""
        self._q: Floats | None = None
        self._dq = np.zeros_like(self._sheet.q_min)
        self._ddq = np.zeros_like(self._sheet.q_min)
        self._dt_s = self._dt_before_s = 0.0
        self._heard_ns = 0
        self._played_s = 0.0
        self._tail: tuple[Floats, Floats] | None = None  # times [s] on the stamp's clock, points

    def command(self, q: Floats, dt_s: float, measured: Floats, now_ns: int) -> None:
        """Check one command of positions `q`, due `dt_s` after the one before it."""
        silent = self._q is None or now_ns - self._heard_ns > GAP_NS
        self._heard_ns = now_ns
        self.findings.commands += 1
        if not np.isfinite(q).all():
            self._blame('not_finite', ~np.isfinite(q), np.full(len(q), ABOVE_ALL))
            return
        if silent and not (self._q is not None and self._continues(q, dt_s)):
            self._begin(q, measured, dt_s)
            return
        assert self._q is not None
        dq = (q - self._q) / dt_s
        ddq, jerk = self._steps(dq, dt_s)
        self._judge(q, dq, ddq)
        self._note('jerk', np.abs(jerk) / self._sheet.dddq_max)
        self._q, self._dq, self._ddq = q.copy(), dq, ddq
        self._dt_before_s, self._dt_s = self._dt_s, dt_s

    def trajectory(
        self, times_s: Floats, q: Floats, start_s: float | None, measured: Floats, now_ns: int
    ) -> None:
        """
        Check points (T, J) at `times_s` from the start; they replace what of the last is to come.

        `start_s` is the stamp; None means "now", and then the first point follows the last one
        received: that is what a stream of single points says.
        """
        base = now_ns / 1e9 if start_s is None else start_s
        self._play_tail(
            base + float(times_s[0]) if start_s is not None else base, measured, now_ns
        )
        before = 0.0 if start_s is None or self._tail is None else self._played_s - base
        for time, point in zip(times_s[:1], q[:1], strict=True):
            step_s = float(time) - before
            if step_s > 0.0 or self._q is None:
                self.command(point, step_s if step_s > 0.0 else 1e-3, measured, now_ns)
        self._played_s = base + float(times_s[0])
        self._tail = (base + times_s[1:], q[1:])

    def finish(self, measured: Floats, now_ns: int) -> None:
        """Check what is left of the last trajectory: it will be run to its end."""
        self._play_tail(np.inf, measured, now_ns)

    def _play_tail(self, until_s: float, measured: Floats, now_ns: int) -> None:
        if self._tail is None:
            return
        times, points = self._tail
        for time, point in zip(times, points, strict=True):
            if time >= until_s - 1e-9:
                break
            self._heard_ns = now_ns  # no silence: this was announced
            self.command(point, float(time) - self._played_s, measured, now_ns)
            self._played_s = float(time)

    def _continues(self, q: Floats, dt_s: float) -> bool:
        assert self._q is not None
        ddq, jerk = self._steps((q - self._q) / dt_s, dt_s)
        slack = 1.0 + COMMAND_TOLERANCE
        gentle = np.abs(ddq) <= self._sheet.ddq_max * slack
        return bool((gentle & (np.abs(jerk) <= self._sheet.dddq_max * slack)).all())

    def _steps(self, dq: Floats, dt_s: float) -> tuple[Floats, Floats]:
        """Return acceleration and jerk of a step of `dt_s` at the velocity `dq`."""
        # The two velocities belong to the middles of their steps.
        ddq = (dq - self._dq) / (0.5 * (dt_s + self._dt_s))
        # Of a cubic, each acceleration is that at the mean of its three times.
        apart_s = (dt_s + self._dt_s + self._dt_before_s) / 3.0
        return ddq, (ddq - self._ddq) / apart_s

    def _begin(self, q: Floats, measured: Floats, dt_s: float) -> None:
        self.findings.sequences += 1
        away = np.abs(q - measured) / self._sheet.jump
        self._note('jump', away)
        self._q, self._dq = q.copy(), np.zeros_like(q)
        self._dt_s = self._dt_before_s = dt_s
        self._ddq = np.zeros_like(q)
        self._judge(q, self._dq, self._dq)

    def _judge(self, q: Floats, dq: Floats, ddq: Floats) -> None:
        sheet = self._sheet
        middle, half = 0.5 * (sheet.q_max + sheet.q_min), 0.5 * (sheet.q_max - sheet.q_min)
        self._note('position', np.abs(q - middle) / half, 2.0 * COMMAND_TOLERANCE)  # of the range
        self._note('velocity', np.abs(dq) / sheet.dq_max)
        down, up = sheet.allowed_velocity(q)
        bound = np.where(dq >= 0.0, up, down)
        speed = np.abs(dq)
        still = speed <= 1e-9  # standing is allowed everywhere
        ratio = np.divide(speed, bound, out=np.full_like(speed, ABOVE_ALL), where=bound > 0.0)
        self._note('curve', np.where(still, 0.0, ratio))
        self._note('acceleration', np.abs(ddq) / sheet.ddq_max)
        if self._tool is not None:
            low, high = np.array(WORKSPACE_LOW), np.array(WORKSPACE_HIGH)
            self._note('workspace', np.abs(2.0 * self._tool(q) - high - low) / (high - low))
        peak = float(np.abs(ddq).max())
        self.findings.peak_acceleration = max(self.findings.peak_acceleration, peak)

    def _note(self, kind: str, ratio: Floats, slack: float = COMMAND_TOLERANCE) -> None:
        worst = float(ratio.max())
        if worst > self.findings.worst[kind]:
            self.findings.worst[kind] = worst
        if not worst <= 1.0 + slack:
            self._blame(kind, ~(ratio <= 1.0 + slack), ratio)

    def _blame(self, kind: str, bad: NDArray[np.bool_], ratio: Floats) -> None:
        found = self.findings
        found.violations[kind] += 1
        if not found.first:
            joint = int(np.argmax(bad))
            what = 'axis' if kind == 'workspace' else 'joint'
            found.first = (
                f'command {found.commands}: {kind} of {what} {joint + 1} is '
                f'{float(ratio[joint]):.6f} times its limit'
            )


class MeasuredWitness:
    """Counts physics steps at which a joint was outside the hardware's position or velocity."""

    def __init__(self, *sheets: Datasheet) -> None:
        low = np.concatenate([sheet.q_min for sheet in sheets])
        high = np.concatenate([sheet.q_max for sheet in sheets])
        slack = MEASURED_TOLERANCE * (high - low)
        self._middle, self._half = 0.5 * (low + high), 0.5 * (high - low) + slack
        self._dq_max = np.concatenate([sheet.dq_max for sheet in sheets])
        self._dq_max = self._dq_max * (1.0 + MEASURED_TOLERANCE)
        self.steps = 0
        self.violations = 0
        self.peak_velocity_ratio = 0.0
        self.first = ''  # the first violation, in words
        self._excused_until, self._excused = 0, slice(0)

    def excuse(self, joints: slice, steps: int) -> None:
        """
        Do not judge the speed of `joints` for some steps.

        A reset of the scene takes away, by no physics, what a gripper holds, and its fingers snap
        shut at a speed that no motor gave them.
        """
        self._excused_until, self._excused = self.steps + steps, joints

    def step(self, q: Floats, dq: Floats) -> bool:
        """Check one physics step; return whether it was inside."""
        self.steps += 1
        speed = np.abs(dq) / self._dq_max
        if self.steps <= self._excused_until:
            speed[self._excused] = 0.0
        place = np.abs(q - self._middle) / self._half
        self.peak_velocity_ratio = max(self.peak_velocity_ratio, float(speed.max()))
        inside = bool((speed <= 1.0).all() and (place <= 1.0).all())
        self.violations += not inside
        if not inside and not self.first:
            kind, ratio = ('velocity', speed) if speed.max() > 1.0 else ('position', place)
            joint = int(np.argmax(ratio))
            self.first = (
                f'step {self.steps}: measured {kind} of joint {joint + 1} is '
                f'{float(ratio[joint]):.6f} times its limit'
            )
        return inside
