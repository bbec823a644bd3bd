"""Control status: what people and programs read of the loop ten times a second."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rclpy.node import Node
from robot_runtime.core import limits
from robot_runtime.core.control_state import (
    ControlConfig,
    ControlReport,
    ControlState,
)
from robot_runtime.core.delays import Delays
from robot_runtime.core.mode import LATCHED, Mode
from robot_runtime.core.pacing import TickStats
from robot_runtime.core.setpoint_shape import EFFORT
from robot_runtime.core.types import Floats
from robot_runtime.ros.status_out import ERROR, OK, Part, part, StatusOut, WARN
from robot_runtime.ros.teleop_tap import PREFIX
from robot_runtime.runtime.robot_file import RobotFile

STATUS_NS = 100_000_000
LIMITS = {
    limits.POSITION: 'position', limits.VELOCITY: 'velocity',
    limits.ACCELERATION: 'acceleration', limits.BRAKE: 'braking', limits.INFEASIBLE: 'infeasible',
    EFFORT: 'effort',
}  # fmt: skip


class ControlStatus:
    """Counts what the ticks did and says it: ten times a second and when the mode changes."""

    def __init__(
        self, node: Node, robot: RobotFile, config: ControlConfig, real_time: bool,
        stats: TickStats,
    ) -> None:  # fmt: skip
        """Begin with nothing counted; `stats` is filled by the loop."""
        self._config, self._stats, self._real_time = config, stats, real_time
        self._out = StatusOut(node, 'loop', robot.name)
        self._names, self._mode = robot.joint_names, Mode.IDLE
        self.joints = ''  # complaint about the joint states, 'ok' once they came
        self.teleop = 'none yet'
        self.chunks = self.chunks_refused = 0
        self.clock = self.trouble = ''  # a step of the clock; what a detector outside says
        self.clock_steps = 0
        self._told = (0, '', False)
        self._commands = self._late = 0
        self.notice = ''
        self._active = 0
        self._flags = np.zeros(config.limits.count, dtype=np.uint8)  # since /diagnostics
        self._at_ns = 0

    def restart(self) -> None:
        """Forget what was heard, and publish at the next tick: time was set back."""
        self.joints, self.teleop, self._at_ns = '', 'none yet', 0

    def tick(self, report: ControlReport, sent: bool) -> None:
        """Count one tick."""
        self._commands += sent
        self._late += report.late
        told = (self.clock_steps, self.trouble, report.late)
        if told != self._told:  # a change is told at once
            self._told, self._at_ns = told, 0
        self._active = int((report.active != 0).sum())
        self._flags |= report.active
        for sentence in report.refused:
            if not sentence.startswith(PREFIX):  # those of teleop have a place of their own
                self.notice = sentence

    def publish_if_due(self, now_ns: int, state: ControlState, active: bool) -> None:
        """Publish where the mode has changed or it is time to."""
        if state.mode is not self._mode or not 0 <= now_ns - self._at_ns < STATUS_NS:
            self.publish(now_ns, state, active)

    def publish(self, now_ns: int, state: ControlState, active: bool) -> None:
        """Publish what is known; `active` is the state of the node's life cycle."""
        self._at_ns, self._mode = now_ns, state.mode
        complaint = '' if self.joints == 'ok' else self.joints
        complaint = self.trouble or complaint
        text = state.fault or complaint or state.mode.name
        level = ERROR if state.mode in LATCHED else WARN if complaint or self.clock else OK
        values = self._values(state) | {'active': int(active)}
        self._out.publish(now_ns, level, text, values, self._parts)

    def _values(self, state: ControlState) -> dict[str, Any]:
        stats = self._stats
        values = {
            'mode': state.mode.name,
            'since_ns': state.since_ros_ns,
            'fault': state.fault,
            'epoch_ns': state.epoch_ns,
            'policy_since_ns': state.policy_since_ns,
            'ticks': stats.ticks,
            'commands': self._commands,
            'ticks_missed': stats.missed,
            'rate_hz': 1e9 / self._config.period_ns,
            'speed': self._config.speed,
            'lateness_p50_us': round(stats.percentile(50.0) / 1e3, 1),
            'lateness_p99_us': round(stats.percentile(99.0) / 1e3, 1),
            'lateness_p999_us': round(stats.percentile(99.9) / 1e3, 1),
            'late_chunks': self._late,
            'chunks': self.chunks,
            'chunks_refused': self.chunks_refused,
            'bad_chunks': state.bad_chunks,
            'chunk_ns': max((chunk.stamp_ns for chunk in state.schedule.chunks), default=0),
            **self._delays(state.delays),
            'clock': self.clock,
            'clock_steps': self.clock_steps,
            'trouble': self.trouble,
            'notice': self.notice,
            'active_limits': self._active,
            'real_time': int(self._real_time),
            'joint_states': self.joints or 'none yet',
            'teleop': self.teleop,
            'step': stepping_word(self._config, state),
        }
        if state.shadow is not None:
            values['shadow_ticks'] = state.shadow.count
            values['shadow_rms'] = self._by_joint(state.shadow.rms)
            values['shadow_max'] = self._by_joint(state.shadow.worst)
        return values

    def _delays(self, delays: Delays) -> dict[str, float]:
        """Return what passed from observations to their chunks, in whole ticks."""
        tick_ms = self._config.period_ns / 1e6
        shares = {'p50': 0.5, 'p95': 0.95, 'max': 1.0}
        return {f'chunk_delay_{name}_ms': round(delays.quantile(share) * tick_ms, 3)
                for name, share in shares.items()}

    def _by_joint(self, figures: Floats) -> str:
        """Return figures as 'name=0.0123 name=...'."""
        pairs = zip(self._names, figures.tolist(), strict=True)
        return ' '.join(f'{name}={figure:.6f}' for name, figure in pairs)

    def _parts(self) -> Iterator[Part]:
        """Yield what /diagnostics has beside the status: limits since the last time, inputs."""
        held = []
        for name, flags in zip(self._names, self._flags.tolist(), strict=True):
            kinds = [word for flag, word in LIMITS.items() if flags & flag]
            held += [f'{name}: {", ".join(kinds)}'] if kinds else []
        infeasible = bool((self._flags & limits.INFEASIBLE).any())
        self._flags[:] = 0
        yield 'limits', WARN if infeasible else OK, '; '.join(held) or 'none active'
        yield part('joint states', '' if self.joints == 'ok' else self.joints or 'none yet')
        yield part('connections', self.trouble, ERROR)
        yield part('clock', self.clock)
        yield part('teleop', '' if self.teleop in ('ok', 'none yet') else self.teleop)


def stepping_word(config: ControlConfig, state: ControlState) -> str:
    """Return in words what a chunk waits for, when each is to be confirmed."""
    if not config.step:
        return 'off'
    if state.mode is not Mode.POLICY:
        return 'on'
    pending = state.stepping.pending
    if pending is not None:
        seconds = len(pending.rows) * pending.step_ns / 1e9
        return f'a chunk of {len(pending.rows)} rows, {seconds:g} s, waits for mode/step'
    moves = state.motion is not None and state.motion.moves
    return 'replaying' if moves else 'waiting for a chunk'
