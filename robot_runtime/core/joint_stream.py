"""Joint states of one robot, from one publisher or several; nothing is invented or carried on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Floats

JUMP_SHARE = 1.5  # of what the hardware's speed allows between two stamps
JUMP_SLACK = 0.02  # [rad], [m] of noise, and of a stamp that is not quite the moment
MOST_NAMES = 8  # of those in the messages that a sentence tells


@dataclass(frozen=True, slots=True, eq=False)
class JointBounds:
    """What a joint state must keep to, in order to be believed."""

    velocity: Floats  # (J,) [rad/s] of the hardware
    age_ns: int  # past which a state may not steer
    future_ns: int  # by which a stamp may be ahead of our ROS clock


class JointStream:
    """
    Merges joint states by name; the whole is as old as its oldest joint, its stamp the newest.

    A message may hold some of the joints, or joints of other robots. One that is a little older
    than what is known is passed over. One with a value that is not finite, a stamp in the future
    or far back, or a jump that no motor can make is refused whole: if that goes on, the state
    grows old, and whoever watches its age stops the robot. Without stamps (0) the time of arrival
    stands in.
    """

    def __init__(self, names: Sequence[str], bounds: JointBounds) -> None:
        """Begin knowing nothing of the joints `names`."""
        count = len(names)
        self._names, self._bounds = tuple(names), bounds
        self._position, self._velocity = np.zeros(count), np.zeros(count)
        self._moving = np.zeros(count, np.bool_)  # whether a velocity came with the position
        self._effort = np.full(count, np.nan)
        self._stamp_ns = np.zeros(count, np.int64)
        self._received_ns = np.zeros(count, np.int64)
        self._known = np.zeros(count, np.bool_)
        self._places: dict[tuple[str, ...], tuple[NDArray[np.intp], NDArray[np.intp]]] = {}
        self._heard: list[str] = []
        self._unsure_ns = -1  # until then stamps of two clocks may come
        self.passed_over = self.refused = 0
        self.sample: Sample[Measured] | None = None

    @property
    def position(self) -> Sample[Floats] | None:
        """Return the positions alone, (J,)."""
        known = self.sample
        if known is None:
            return None
        return Sample(known.received_ns, known.stamp_ns, known.value.position)

    def take(
        self,
        names: Sequence[str],
        position: Sequence[float],
        velocity: Sequence[float],
        stamp_ns: int,
        received_ns: int,
        ros_now_ns: int,
        effort: Sequence[float] = (),
    ) -> str | None:
        """
        Take one message; return '' when all joints are known, else why the message is no help.

        None: it holds no joint of this robot, or is older than what is known.
        """
        try:
            rows, columns = self._found(tuple(names))
            if len(position) != len(names):
                raise JointNameError(
                    f'message has {len(names)} joint names and {len(position)} values'
                )
        except JointNameError as error:
            self.refused += 1
            return str(error)
        if not len(rows):
            return None
        stamp_ns = stamp_ns or ros_now_ns
        values = np.array(position, dtype=np.float64)[columns]
        problem = self._problem(rows, values, stamp_ns, received_ns, ros_now_ns)
        if problem is not None:
            return problem
        self._position[rows], self._known[rows] = values, True
        moving = len(velocity) == len(names)
        self._moving[rows] = moving
        if moving:
            self._velocity[rows] = np.array(velocity, dtype=np.float64)[columns]
        pulling = len(effort) == len(names)
        self._effort[rows] = np.array(effort, dtype=np.float64)[columns] if pulling else np.nan
        self._stamp_ns[rows], self._received_ns[rows] = stamp_ns, received_ns
        return self._merged(received_ns)

    def clock_set(self, now_ns: int) -> None:
        """Take the order of arrival for that of the stamps for a while: our clock was set."""
        self._unsure_ns = now_ns + 2 * self._bounds.age_ns

    def _found(self, names: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which of our joints a message has, and where in it they stand."""
        found = self._places.get(names)
        if found is None:
            if len(set(names)) != len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise JointNameError(f'joints {twice} stand more than once in the message')
            rows = [k for k, name in enumerate(self._names) if name in names]
            columns = [names.index(self._names[k]) for k in rows]
            found = np.array(rows, np.intp), np.array(columns, np.intp)
            if len(self._places) < MOST_NAMES:  # a stranger must not fill the memory
                self._places[names] = found
                self._heard += [name for name in names if name not in self._heard]
        return found

    def _problem(
        self,
        rows: NDArray[np.intp],
        values: Floats,
        stamp_ns: int,
        received_ns: int,
        ros_now_ns: int,
    ) -> str | None:
        """Return why the values cannot be believed, None if they can."""
        finite = np.isfinite(values)
        if not finite.all():
            self.refused += 1
            bad = [self._names[k] for k in rows[~finite]]
            return f'joints {bad} have a position that is not finite'
        ahead_ns = stamp_ns - ros_now_ns
        if ahead_ns > self._bounds.future_ns:
            self.refused += 1
            return (
                f'stamp is {ahead_ns / 1e6:.1f} ms in the future; allowed: '
                f'{self._bounds.future_ns / 1e6:g} ms (are the clocks of both hosts in step?)'
            )
        quiet_ns = received_ns - self._received_ns[rows]
        # Twice the age at which loop and gate stop, so that neither can miss a lasting jump.
        current = self._known[rows] & (quiet_ns <= 2 * self._bounds.age_ns)
        passed_ns = stamp_ns - self._stamp_ns[rows]
        if received_ns <= self._unsure_ns:
            passed_ns = quiet_ns
        back_ns = -int(passed_ns[current].min(initial=0))
        if back_ns > self._bounds.future_ns:
            self.refused += 1
            return f'stamp went back by {back_ns / 1e6:.1f} ms (was a clock set back?)'
        if back_ns > 0:
            self.passed_over += 1
            return '' if self.sample is not None else None
        reach = JUMP_SHARE * self._bounds.velocity[rows] * passed_ns * 1e-9 + JUMP_SLACK
        moved = np.abs(values - self._position[rows])
        far = current & (moved > reach)
        if far.any():
            self.refused += 1
            k = int(np.argmax(far))
            return (
                f'joint {self._names[rows[k]]} jumped by {moved[k]:.6g} in '
                f'{passed_ns[k] / 1e6:.1f} ms; at most {reach[k]:.6g} is possible'
            )
        return None

    def _merged(self, now_ns: int) -> str:
        """Make the sample anew; return which joints have not come in time, '' for none."""
        if not self._known.all():
            return f'joints {self._late(now_ns)} have not come; the messages have {self._heard}'
        velocity = self._velocity.copy() if self._moving.all() else None
        effort = None if np.isnan(self._effort).all() else self._effort.copy()
        self.sample = Sample(
            int(self._received_ns.min()),
            int(self._stamp_ns.max()),
            Measured(self._position.copy(), velocity, effort),
        )
        return self.late(now_ns)

    def late(self, now_ns: int) -> str:
        """Return which joints have not come in time, '' for none."""
        absent = self._late(now_ns)
        if not absent or self.sample is None:
            return ''
        age_ms = (now_ns - self.sample.received_ns) / 1e6
        return f'joints {absent} have not come for {age_ms:.0f} ms'

    def _late(self, now_ns: int) -> list[str]:
        late = ~self._known | (now_ns - self._received_ns > self._bounds.age_ns)
        return [name for name, absent in zip(self._names, late, strict=True) if absent]
