"""Observation: what a policy sees at one instant, or the names of what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.stream import Sample
from robot_runtime.core.tensors import Image, image_tensor, Layout, Normalization
from robot_runtime.core.types import Floats

Kind = Literal['joint_position', 'joint_velocity', 'objects', 'image', 'goal_index', 'instruction']
OBJECTS = ('red', 'green', 'blue', 'tray', 'tcp')  # rows of Inputs.objects
MOST_QUOTED = 80  # characters of an instruction in a sentence
POSE = 7  # x y z qx qy qz qw
FAR_S = 0.3  # between an image and the newest joint state, past which their clocks differ


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One input of the graph: which measurement it is and how it is written."""

    name: str  # of the graph's input
    kind: Kind
    normalization: Normalization = field(default_factory=Normalization.identity)
    index: NDArray[np.intp] | None = None  # joints in the robot's order, or rows of the objects
    columns: int = POSE  # of an object: 3 for its position, 7 for its pose
    camera: str = ''
    width: int = 0
    height: int = 0
    layout: Layout = 'HWC'
    scale: float = 1.0
    goals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measured joints, each (J,); velocity and effort are None where the driver sends none."""

    position: Floats
    velocity: Floats | None = None
    effort: Floats | None = None  # [N m] or [N]; NaN for a joint that comes without one


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The newest of every stream; joint states as a short history, oldest first."""

    states: Sequence[Sample[Measured]] = ()
    images: Mapping[str, Sample[Image]] = field(default_factory=dict)
    objects: Sample[Floats] | None = None  # (5, 7) poses in the base frame, in order of OBJECTS
    instruction: str | None = None


@dataclass(frozen=True, slots=True)
class Ages:
    """How old an input may be, and how far apart in time two of them may be."""

    joint_state_ns: int
    camera_ns: int
    objects_ns: int
    alignment_ns: int  # between t_obs and the stamp of another camera or of the objects


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The graph's inputs, all of the instant `stamp_ns` on the sender's ROS clock."""

    stamp_ns: int
    terms: dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no observation: one phrase for each input that is absent, old or apart."""

    names: tuple[str, ...]


def assemble(
    terms: Sequence[Term], reference: str, inputs: Inputs, ages: Ages, now_ns: int
) -> Observation | Missing:
    """
    Return the observation at t_obs, or what is missing for it.

    t_obs is the stamp of the camera `reference`, and of the newest joint state when that is ''.
    Joint states are interpolated to it, everything else must be within the alignment.
    """
    missing = _stale(terms, reference, inputs, ages, now_ns)
    if missing:
        return Missing(tuple(dict.fromkeys(missing)))
    stamp_ns = inputs.images[reference].stamp_ns if reference else inputs.states[-1].stamp_ns
    state = state_at(inputs.states, stamp_ns, ages.joint_state_ns)
    if state is None:
        return Missing((_apart(inputs.states[-1].stamp_ns, stamp_ns),))
    values: dict[str, NDArray[Any]] = {}
    for term in terms:
        value = _value(term, state, inputs, stamp_ns, ages.alignment_ns)
        if isinstance(value, str):
            missing.append(value)
        else:
            values[term.name] = value
    return Missing(tuple(dict.fromkeys(missing))) if missing else Observation(stamp_ns, values)


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
    velocity = None
    if a.velocity is not None and b.velocity is not None:
        velocity = a.velocity + weight * (b.velocity - a.velocity)
    return Measured(a.position + weight * (b.position - a.position), velocity)


def _apart(state_ns: int, stamp_ns: int) -> str:
    """Return the phrase for an image that no joint state is near to, and how far off it is."""
    phrase, away_s = 'joint_states around the time of the image', (stamp_ns - state_ns) / 1e9
    if abs(away_s) < FAR_S:  # its states are about to come, or have just been left out
        return phrase
    way = 'before' if away_s < 0.0 else 'after'
    return f'{phrase} (it is {abs(away_s):.1f} s {way} the newest: are both clocks in step?)'


def goal_of(instruction: str, goals: Sequence[str]) -> int | None:
    """Return which one of `goals` the instruction names as whole words; None: none or several."""
    words = ' '.join(_letters(instruction).split())
    said = [i for i, g in enumerate(goals) if f' {" ".join(_letters(g).split())} ' in f' {words} ']
    return said[0] if len(said) == 1 else None


def _letters(text: str) -> str:
    return ''.join(c if c.isalnum() else ' ' for c in text.casefold())


def _stale(
    terms: Sequence[Term], reference: str, inputs: Inputs, ages: Ages, now_ns: int
) -> list[str]:
    """Return what is needed and absent or too old on our steady clock."""
    missing = []
    cameras = dict.fromkeys([t.camera for t in terms if t.kind == 'image'])
    if reference:
        cameras[reference] = None
    if not inputs.states or not inputs.states[-1].fresh(now_ns, ages.joint_state_ns):
        missing.append('joint_states')
    for camera in cameras:
        image = inputs.images.get(camera)
        if image is None or not image.fresh(now_ns, ages.camera_ns):
            missing.append(f'camera {camera}')
    if any(term.kind == 'objects' for term in terms) and (
        inputs.objects is None or not inputs.objects.fresh(now_ns, ages.objects_ns)
    ):
        missing.append('objects')
    if inputs.instruction is None and any(t.kind in ('goal_index', 'instruction') for t in terms):
        missing.append('instruction')
    return missing


def _value(
    term: Term, state: Measured, inputs: Inputs, stamp_ns: int, alignment_ns: int
) -> NDArray[Any] | str:
    """Return the tensor of one term, or the phrase that says why there is none."""
    if term.kind == 'image':
        sample = inputs.images[term.camera]
        if abs(sample.stamp_ns - stamp_ns) > alignment_ns:
            return f'camera {term.camera} near the time of the reference'
        if sample.value.shape != (term.height, term.width, 3):
            return f'camera {term.camera} of {term.width}x{term.height} pixels'
        return image_tensor(sample.value, term.layout, term.scale, term.normalization)
    if term.kind == 'objects':
        return _objects(term, inputs, stamp_ns, alignment_ns)
    if term.kind == 'goal_index':
        goal = goal_of(inputs.instruction or '', term.goals)
        if goal is None:
            said = repr(inputs.instruction)
            said = said if len(said) <= MOST_QUOTED else f'{said[:MOST_QUOTED]}...'
            return f'instruction that names one of {", ".join(term.goals)} (it is {said})'
        return np.array([goal], dtype=np.int64)
    if term.kind == 'instruction':
        return np.array([inputs.instruction], dtype=np.object_)
    joints = state.position if term.kind == 'joint_position' else state.velocity
    if joints is None:
        return 'velocities in joint_states'
    values = joints if term.index is None else joints[term.index]
    if not np.isfinite(values).all():
        return f'finite {term.kind}'
    return term.normalization.apply(values)


def _objects(term: Term, inputs: Inputs, stamp_ns: int, alignment_ns: int) -> NDArray[Any] | str:
    """Return the poses of the objects a term asks for, flat, or why there are none."""
    sample = inputs.objects
    if sample is None or abs(sample.stamp_ns - stamp_ns) > alignment_ns:
        return 'objects near the time of the observation'
    rows = np.arange(len(OBJECTS)) if term.index is None else term.index
    if sample.value.shape != (len(OBJECTS), POSE):
        return f'objects as {len(OBJECTS)} poses'
    values = sample.value[rows, : term.columns].reshape(-1)
    if not np.isfinite(values).all():
        return 'finite objects'
    return term.normalization.apply(values)
