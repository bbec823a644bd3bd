"""Home profile: the way from the commanded motion to the home position, as rows on the clock."""

from typing import Any

import numpy as np
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.limits import braking
from robot_runtime.core.types import Floats, Limits, Motion

SHARE = 0.5  # of the operating limits: nobody chose this motion, and somebody may stand there
MOST_ROWS = 4096


class HomeError(RuntimeError):
    """There is no way home; the text is one sentence."""


class HomeProfile:
    """
    Plans with ruckig, which core/ does not import; what comes out is shaped and verified.

    Made once, because to load a library takes longer than a tick; `problem` says why it cannot
    plan, if so.
    """

    def __init__(
        self, goal: Floats, limits: Limits, period_ns: int, names: tuple[str, ...]
    ) -> None:
        """Load the library; `goal` is taken back to where the loop itself can come to rest."""
        _, lower, upper = braking(limits, period_ns / 1e9)
        self._goal = np.clip(goal, lower, upper)
        self._limits, self._period_ns, self._names = limits, period_ns, names
        self._library, self.problem = _library()
        if self._library is not None:
            self.plan(Motion.at_rest(self._goal))  # the first plan takes longer than the others

    def plan(self, motion: Motion) -> Chunk:
        """Return the way home from `motion`, due from now on; a HomeError says why not."""
        ruckig = self._library
        if ruckig is None:
            raise HomeError(self.problem)
        limits, joints = self._limits, self._limits.count
        velocity, acceleration = SHARE * limits.velocity, SHARE * limits.acceleration
        wanted = ruckig.InputParameter(joints)
        wanted.current_position = motion.position.tolist()
        wanted.current_velocity = np.clip(motion.velocity, -velocity, velocity).tolist()
        wanted.current_acceleration = [0.0] * joints
        wanted.target_position = self._goal.tolist()
        wanted.target_velocity = wanted.target_acceleration = [0.0] * joints
        wanted.max_velocity, wanted.max_acceleration = velocity.tolist(), acceleration.tolist()
        wanted.max_jerk = (SHARE * limits.jerk).tolist()
        way = ruckig.Trajectory(joints)
        try:
            result = ruckig.Ruckig(joints).calculate(wanted, way)
        except ruckig.RuckigError as error:
            raise HomeError(f'no way home: {" ".join(str(error).split())}') from error
        if result != ruckig.Result.Working:
            raise HomeError(f'no way home: ruckig says {result}')
        return self._sampled(way)

    def _sampled(self, way: Any) -> Chunk:
        """Return the samples of the way, one a period; of a very slow one, fewer."""
        period_ns, duration_ns = self._period_ns, round(way.duration * 1e9)
        periods = -(-duration_ns // period_ns)
        step_ns = period_ns * max(1, -(-periods // MOST_ROWS))
        count = -(-duration_ns // step_ns) + 1
        rows = np.array([way.at_time(i * step_ns / 1e9)[0] for i in range(count)])
        rows[-1] = self._goal  # the last sample may lie past the end
        return Chunk(0, step_ns, rows, 0)


def _library() -> tuple[Any, str]:
    """Return ruckig and '', or None and why it is not there."""
    try:
        import ruckig
    except ImportError:
        return None, 'HOME needs the library ruckig, which is not installed: pip install ruckig'
    return ruckig, ''
