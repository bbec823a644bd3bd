"""Values of the terms of an observation, each a pure function of what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import (
    goal_of,
    Inputs,
    Measured,
    OBJECTS,
    POSE,
    quoted,
    Term,
)
from robot_runtime.core.tensors import image_tensor, laid_out
from robot_runtime.core.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a term may look at: one instant, and what went before it."""

    state: Measured  # at `stamp_ns`
    inputs: Inputs
    stamp_ns: int
    alignment_ns: int  # of an image or the objects
    measured_ns: int  # of a measurement that comes as often as the joints
    memory: Memory


Value = NDArray[Any] | str  # a string says in a phrase why there is no value


def written(term: Term, values: Floats) -> Value:
    """Return measured `values` as the graph takes them: offset, clip, scale, normalization."""
    if not np.isfinite(values).all():
        return f'finite {term.kind}'
    if term.offset is not None:
        values = values - term.offset
    if term.clip is not None:
        values = np.clip(values, *term.clip)
    if term.factors is not None:
        values = values * term.factors
    return term.normalization.apply(values)


def _picked(term: Term, joints: Floats) -> Value:
    return written(term, joints if term.index is None else joints[term.index])


def _position(term: Term, seen: Seen) -> Value:
    return _picked(term, seen.state.position)


def _velocity(term: Term, seen: Seen) -> Value:
    if seen.state.velocity is None:
        return 'velocities in joint_states'
    return _picked(term, seen.state.velocity)


def _effort(term: Term, seen: Seen) -> Value:
    if seen.state.effort is None:
        return 'efforts in joint_states'
    return _picked(term, seen.state.effort)


def _image(term: Term, seen: Seen) -> Value:
    sample = seen.inputs.images[term.camera]
    if abs(sample.stamp_ns - seen.stamp_ns) > seen.alignment_ns:
        return f'camera {term.camera} near the time of the reference'
    image = seen.inputs.views.get(term.name, sample.value)
    if image.shape != (term.height, term.width, 3):
        return f'camera {term.camera} of {term.width}x{term.height} pixels'
    if term.raw:
        return laid_out(image, term.layout)
    return image_tensor(image, term.layout, term.scale, term.normalization)


def _objects(term: Term, seen: Seen) -> Value:
    """Return the poses of the objects a term asks for, flat."""
    sample = seen.inputs.objects
    if sample is None or abs(sample.stamp_ns - seen.stamp_ns) > seen.alignment_ns:
        return 'objects near the time of the observation'
    if sample.value.shape != (len(OBJECTS), POSE):
        return f'objects as {len(OBJECTS)} poses'
    rows = np.arange(len(OBJECTS)) if term.index is None else term.index
    return written(term, sample.value[rows, : term.columns].reshape(-1))


def _goal(term: Term, seen: Seen) -> Value:
    instruction = seen.inputs.instruction
    goal = goal_of(instruction or '', term.goals)
    if goal is None:
        said = quoted(instruction)
        return f'instruction that names one of {", ".join(term.goals)} (it is {said})'
    return np.array([goal], dtype=np.int64)


def _instruction(term: Term, seen: Seen) -> Value:
    return np.array([seen.inputs.instruction], dtype=np.object_)


def _text(term: Term, seen: Seen) -> Value:
    """Return the tokens or the embedding of the instruction."""
    assert term.text is not None
    found = term.text(seen.inputs.instruction or '')
    if isinstance(found, str) or term.kind != 'embedding':
        return found
    return written(term, found)


def _last_action(term: Term, seen: Seen) -> Value:
    """Return the graph's last row as it gave it; zeros before the first, as in training."""
    action = seen.memory.action
    return _picked(term, np.zeros(term.columns) if action is None else action)


def _episode_time(term: Term, seen: Seen) -> Value:
    return written(term, np.array([seen.memory.time_s(seen.stamp_ns)]))


def _phase(term: Term, seen: Seen) -> Value:
    """Return a clock that goes round once in `period_s`, once for each of its `phases`."""
    time_s = seen.memory.time_s(seen.stamp_ns)
    turns = [math.fmod(time_s / term.period_s + phase, 1.0) for phase in term.phases]
    sines = [math.sin(2.0 * math.pi * turn) for turn in turns]
    cosines = [math.cos(2.0 * math.pi * turn) for turn in turns]
    forms = {'turn': turns, 'sin': sines, 'cos': cosines, 'sin_cos': sines + cosines}
    return written(term, np.array(forms[term.form]))


def _constant(term: Term, seen: Seen) -> Value:
    return written(term, term.constant)


def _is_init(term: Term, seen: Seen) -> Value:
    return np.array([seen.memory.steps == 0])


VALUES: dict[str, Callable[[Term, Seen], Value]] = {
    'joint_position': _position,
    'joint_velocity': _velocity,
    'joint_effort': _effort,
    'objects': _objects,
    'image': _image,
    'goal_index': _goal,
    'instruction': _instruction,
    'tokens': _text,
    'token_mask': _text,
    'embedding': _text,
    'last_action': _last_action,
    'episode_time': _episode_time,
    'phase': _phase,
    'constant': _constant,
    'is_init': _is_init,
}
