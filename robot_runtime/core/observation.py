"""Observation: what a policy sees at one instant, or the names of what is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.memory import Memory, SECOND
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Image, Layout, Normalization
from robot_runtime.core.types import Floats

Kind = Literal[
    'joint_position', 'joint_velocity', 'joint_effort', 'objects', 'image', 'goal_index',
    'instruction', 'last_action', 'episode_time', 'phase', 'constant', 'is_init',
    'angular_velocity', 'linear_acceleration', 'projected_gravity', 'orientation',
    'base_position', 'base_orientation', 'base_linear_velocity', 'base_angular_velocity',
    'command', 'target_pose', 'tokens', 'token_mask', 'embedding',
]  # fmt: skip
Form = Literal['turn', 'sin', 'cos', 'sin_cos']
Rotation = Literal['quaternion_xyzw', 'quaternion_wxyz', 'matrix', 'none']
Stream = Literal['imu', 'odometry', 'twist', 'target']
OBJECTS = ('red', 'green', 'blue', 'tray', 'tcp')  # rows of Inputs.objects
MOST_QUOTED = 80  # characters of an instruction in a sentence
POSE = 7  # x y z qx qy qz qw


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One input of the graph, or a part of one: which measurement it is and how it is written."""

    name: str  # of the graph's input; of a part, with its number
    kind: Kind
    normalization: Normalization = field(default_factory=Normalization.identity)
    index: NDArray[np.intp] | None = None  # joints in the robot's order, or rows of the objects
    columns: int = POSE  # of an object: 3 for its position, 7 for its pose; of an action: all
    offset: Floats | None = None  # that is taken from what was measured, before all else
    clip: tuple[float, float] | None = None
    factors: Floats | None = None  # after the clip
    camera: str = ''
    width: int = 0
    height: int = 0
    layout: Layout = 'HWC'
    scale: float = 1.0  # of an image
    raw: bool = False  # an image that stays uint8
    goals: tuple[str, ...] = ()
    # what makes figures of an instruction, or says in a phrase why it does not
    text: Callable[[str], NDArray[Any] | str] | None = None
    constant: Floats = field(default_factory=lambda: np.zeros(0))
    period_s: float = 1.0  # of a clock
    phases: tuple[float, ...] = (0.0,)  # by how much of a turn each of its hands is ahead
    form: Form = 'sin_cos'
    rotation: Rotation = 'quaternion_xyzw'
    frame: Literal['base', 'world'] = 'base'  # of a velocity
    age_ns: int = 0  # that a command or a target may have


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measured joints, each (J,); velocity and effort are None where the driver sends none."""

    position: Floats
    velocity: Floats | None = None
    effort: Floats | None = None  # [N m] or [N]; NaN for a joint that comes without one


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The newest of everything; joint states and streams as a short history, oldest first."""

    states: Sequence[Sample[Measured]] = ()
    images: Mapping[str, Sample[Image]] = field(default_factory=dict)
    objects: Sample[Floats] | None = None  # (5, 7) poses in the base frame, in order of OBJECTS
    instruction: str | None = None
    streams: Mapping[Stream, Sequence[Sample[Floats]]] = field(default_factory=dict)
    views: Mapping[str, Image] = field(default_factory=dict)  # of a term, where it has its own


@dataclass(frozen=True, slots=True)
class Ages:
    """How old an input may be, and how far apart in time two of them may be."""

    joint_state_ns: int
    camera_ns: int
    objects_ns: int
    alignment_ns: int  # between t_obs and the stamp of another camera or of the objects
    memory_ns: int = SECOND  # between an observation and the one before it


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The terms of a policy, all of the instant `stamp_ns` on the sender's ROS clock."""

    stamp_ns: int
    terms: dict[str, NDArray[Any]]
    state: Measured  # at that instant
    memory: Memory  # what of it was used


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no observation: one phrase for each input that is absent, old or apart."""

    names: tuple[str, ...]


def state_at(
    states: Sequence[Sample[Measured]], stamp_ns: int, most_gap_ns: int
) -> Measured | None:
    """
    Return the joints at `stamp_ns`, linear between the two states around it.

    None when the history does not hold that instant or has a gap there: nothing is extrapolated.
    """
    after = next((i for i, s in enumerate(states) if s.stamp_ns >= stamp_ns), None)
    if after is None:
        return None
    late = states[after]
    if late.stamp_ns == stamp_ns:
        return late.value
    if after == 0:
        return None
    early = states[after - 1]
    gap_ns = late.stamp_ns - early.stamp_ns
    if gap_ns > most_gap_ns:
        return None
    weight = (stamp_ns - early.stamp_ns) / gap_ns
    a, b = early.value, late.value
    velocity = effort = None
    if a.velocity is not None and b.velocity is not None:
        velocity = a.velocity + weight * (b.velocity - a.velocity)
    if a.effort is not None and b.effort is not None:
        effort = a.effort + weight * (b.effort - a.effort)
    return Measured(a.position + weight * (b.position - a.position), velocity, effort)


def goal_of(instruction: str, goals: Sequence[str]) -> int | None:
    """Return which one of `goals` the instruction names as whole words; None: none or several."""
    words = ' '.join(words_of(instruction))
    said = [i for i, goal in enumerate(goals) if f' {" ".join(words_of(goal))} ' in f' {words} ']
    return said[0] if len(said) == 1 else None


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters; all but letters and digits parts them."""
    return ''.join(c if c.isalnum() else ' ' for c in text.casefold()).split()


def quoted(text: str | None) -> str:
    """Return a text as it may stand in a sentence, the end of a long one left out."""
    said = repr(text)
    return said if len(said) <= MOST_QUOTED else f'{said[:MOST_QUOTED]}...'
