"""Values that travel between the parts of the runtime; frozen, SI units, joint order fixed."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Share of the curve's deceleration with which shaper and gate count on the way along the curve:
# a parabola strictly weaker than the curve lies below it.
CURVE_SHARE = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """
    Bounds of J joints, in the order of the robot file; every field is (J,) float64.

    `velocity_offset` and `velocity_deceleration` are the published position-dependent velocity
    limit: |v| <= -offset + sqrt(2 * deceleration * (velocity_end - q)) toward the upper end and
    the mirror toward the lower one; deceleration is inf for joints without one.
    """

    lower: Floats  # [rad] or [m]
    upper: Floats
    velocity: Floats  # [rad/s], > 0
    acceleration: Floats  # [rad/s^2], > 0; speeding up and slowing down alike
    jerk: Floats  # [rad/s^3], > 0; a stop from every motion that was ever sent keeps it too
    lead: Floats  # [rad] most the command may be away from the measured position; inf: unchecked
    velocity_offset: Floats  # [rad/s]
    velocity_deceleration: Floats  # [rad/s^2]
    velocity_lower_end: Floats  # [rad] position where the curve toward the lower end is rooted
    velocity_upper_end: Floats

    @property
    def count(self) -> int:
        """Return J, the number of joints."""
        return len(self.lower)

    def part(self, joints: slice | NDArray[np.intp]) -> 'Limits':
        """Return the bounds of some of the joints."""
        return Limits(*(getattr(self, one.name)[joints] for one in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A commanded motion at one instant: position, velocity and acceleration, each (..., J)."""

    position: Floats
    velocity: Floats
    acceleration: Floats

    @property
    def moves(self) -> bool:
        """Return whether a joint has a velocity, or an acceleration that would give it one."""
        return bool(self.velocity.any() or self.acceleration.any())

    def part(self, joints: slice | NDArray[np.intp]) -> 'Motion':
        """Return the motion of some of the joints."""
        return Motion(self.position[joints], self.velocity[joints], self.acceleration[joints])

    def with_part(self, joints: slice | NDArray[np.intp], part: 'Motion') -> 'Motion':
        """Return this motion with `part` for some of the joints."""
        position, velocity, acceleration = (
            np.array(values) for values in (self.position, self.velocity, self.acceleration)
        )
        position[joints], velocity[joints] = part.position, part.velocity
        acceleration[joints] = part.acceleration
        return Motion(position, velocity, acceleration)

    def onto(self, place: Floats, dt_s: float) -> 'Motion':
        """Return the motion that comes to `place` one tick after this one."""
        velocity = (place - self.position) / dt_s
        return Motion(place, velocity, (velocity - self.velocity) / dt_s)

    def where(self, mine: NDArray[np.bool_], other: 'Motion') -> 'Motion':
        """Return the motion of joints `mine`, and that of `other` elsewhere."""
        return Motion(
            np.where(mine, self.position, other.position),
            np.where(mine, self.velocity, other.velocity),
            np.where(mine, self.acceleration, other.acceleration),
        )

    @classmethod
    def at_rest(cls, position: Floats) -> 'Motion':
        """Return the motion that stands still at `position`."""
        zero = np.zeros_like(position, dtype=np.float64)
        return cls(np.array(position, dtype=np.float64), zero, zero.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """One tick of motion for the gate: when its epoch began, which tick it is, and the motion."""

    epoch_ns: int  # ROS time at which the epoch began; constant over one engagement
    tick: int  # n >= 0: executed ticks since the epoch began; the command's time is n * dt
    motion: Motion
