"""Assembly of an observation: all of its terms at one instant, or what is missing for it."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import (
    Ages,
    Inputs,
    Missing,
    Observation,
    state_at,
    Term,
)
from robot_runtime.core.stream_terms import stale_streams, STREAM_OF, stream_value
from robot_runtime.core.term_values import Seen, VALUES

SAID = ('goal_index', 'instruction', 'tokens', 'token_mask', 'embedding')
FAR_S = 0.3  # between an image and the newest joint state, past which their clocks differ


def assemble(
    terms: Sequence[Term],
    reference: str,
    inputs: Inputs,
    ages: Ages,
    now_ns: int,
    memory: Memory | None = None,
) -> Observation | Missing:
    """
    Return the observation at t_obs, or what is missing for it.

    t_obs is the stamp of the camera `reference`, and of the newest joint state when that is ''.
    Joint states are interpolated to it, everything else must be within the alignment. `memory`
    is that of the observation before, None at the beginning of an engagement.
    """
    missing = _stale(terms, reference, inputs, ages, now_ns)
    if missing:
        return Missing(tuple(dict.fromkeys(missing)))
    stamp_ns = inputs.images[reference].stamp_ns if reference else inputs.states[-1].stamp_ns
    state = state_at(inputs.states, stamp_ns, ages.joint_state_ns)
    if state is None:
        return Missing((_apart(inputs.states[-1].stamp_ns, stamp_ns),))
    values: dict[str, NDArray[Any]] = {}
    known = (memory or Memory()).at(stamp_ns, ages.memory_ns)
    seen = Seen(state, inputs, stamp_ns, ages.alignment_ns, ages.joint_state_ns, known)
    for term in terms:
        find = stream_value if term.kind in STREAM_OF else VALUES[term.kind]
        value = find(term, seen)
        if isinstance(value, str):
            missing.append(value)
        else:
            values[term.name] = value
    if missing:
        return Missing(tuple(dict.fromkeys(missing)))
    return Observation(stamp_ns, values, state, known)


def _apart(state_ns: int, stamp_ns: int) -> str:
    """Return the phrase for an image that no joint state is near to, and how far off it is."""
    phrase, away_s = 'joint_states around the time of the image', (stamp_ns - state_ns) / 1e9
    if abs(away_s) < FAR_S:  # its states are about to come, or have just been left out
        return phrase
    way = 'before' if away_s < 0.0 else 'after'
    return f'{phrase} (it is {abs(away_s):.1f} s {way} the newest: are both clocks in step?)'


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
    if inputs.instruction is None and any(term.kind in SAID for term in terms):
        missing.append('instruction')
    return [*missing, *stale_streams(terms, inputs, ages, now_ns)]
