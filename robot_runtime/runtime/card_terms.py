"""Terms of a policy card: what each is measured by, and which fields it may have."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from robot_runtime.core.observation import Form, Kind, OBJECTS, Rotation
from robot_runtime.core.stacking import History
from robot_runtime.core.stream_terms import STREAM_OF
from robot_runtime.core.tensors import Layout, Normalization
from robot_runtime.core.types import Floats
from robot_runtime.runtime.config_file import Positive, Strict
from robot_runtime.runtime.images import Rule
from robot_runtime.runtime.joint_groups import Name

ObjectName = Literal['red', 'green', 'blue', 'tray', 'tcp']
Figures = float | Annotated[tuple[float, ...], Field(min_length=1)]  # one for all, or each its own
HISTORY = ('history', 'order', 'by')
SHAPING = ('offset', 'clip', 'scale', 'normalization')
# What a term needs, and what else it may have. Those with SHAPING are numeric.
NEEDS: dict[str, tuple[str, ...]] = {
    'joint_position': ('joints',), 'joint_velocity': ('joints',), 'joint_effort': ('joints',),
    'objects': ('objects',), 'image': ('camera', 'width', 'height', 'layout'),
    'goal_index': ('goals',), 'phase': ('period_s',), 'constant': ('values',),
    'tokens': ('file', 'length'), 'token_mask': ('file', 'length'),
    'embedding': ('file', 'length'),
    'orientation': ('rotation',), 'base_orientation': ('rotation',), 'target_pose': ('rotation',),
}  # fmt: skip
MAY: dict[str, tuple[str, ...]] = {
    'joint_position': SHAPING, 'joint_velocity': SHAPING, 'joint_effort': SHAPING,
    'objects': ('fields', *SHAPING),
    'tokens': ('pad',), 'embedding': SHAPING,
    'image': ('scale', 'normalization', 'crop', 'resize', 'colour'),
    'last_action': ('joints', *SHAPING), 'episode_time': SHAPING,
    'phase': ('phases', 'form', *SHAPING), 'constant': SHAPING,
    'angular_velocity': SHAPING, 'linear_acceleration': SHAPING, 'projected_gravity': SHAPING,
    'orientation': SHAPING, 'base_position': SHAPING, 'base_orientation': SHAPING,
    'base_linear_velocity': ('frame', *SHAPING), 'base_angular_velocity': SHAPING,
    'command': ('components', 'max_age_s', *SHAPING), 'target_pose': ('max_age_s', *SHAPING),
}  # fmt: skip
ROTATIONS = {'quaternion_xyzw': 4, 'quaternion_wxyz': 4, 'matrix': 9, 'none': 0}
COMPONENTS = ('linear.x', 'linear.y', 'linear.z', 'angular.x', 'angular.y', 'angular.z')
PLANAR: tuple['Component', ...] = ('linear.x', 'linear.y', 'angular.z')
Component = Literal['linear.x', 'linear.y', 'linear.z', 'angular.x', 'angular.y', 'angular.z']
NO_HISTORY = ('goal_index', 'instruction', 'is_init', 'tokens', 'token_mask')
FileName = Annotated[str, Field(pattern=r'^[A-Za-z0-9_][A-Za-z0-9_.-]*$')]


class MeanStd(Strict):
    """Normalization (x - mean) / std: one figure for all elements, or one for each."""

    mean: Annotated[tuple[float, ...], Field(min_length=1)]
    std: Annotated[tuple[Positive, ...], Field(min_length=1)]


Scaling = Literal['identity'] | MeanStd


class Stacked(Strict):
    """How many observations lie in one input, the newest included, and in which order."""

    history: Annotated[int, Field(ge=1, le=1000)] = 1
    order: Literal['oldest_first', 'newest_first'] = 'oldest_first'
    by: Literal['step', 'element'] = 'step'  # element: all steps of one figure, then of the next

    def stacking(self) -> History:
        """Return it for core."""
        return History(self.history, self.order == 'newest_first', self.by == 'element')


class Interval(Strict):
    """Bounds of a figure."""

    least: float
    most: float

    @model_validator(mode='after')
    def _holds_something(self) -> 'Interval':
        if not self.least < self.most:
            raise ValueError(f'clip.least is {self.least}, which must be below most, {self.most}')
        return self

    def pair(self) -> tuple[float, float]:
        """Return it for core."""
        return self.least, self.most


class Window(Strict):
    """Part of an image [pixels]."""

    left: Annotated[int, Field(ge=0)]
    top: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class TermFields(Stacked):
    """What one measurement is, and how it is written: (x - offset), clip, scale, normalization."""

    term: Kind | None = None
    normalization: Scaling | None = None  # required where the term is numeric
    offset: Figures | None = None
    clip: Interval | None = None
    scale: Figures = 1.0
    joints: tuple[Name, ...] = ()
    objects: tuple[ObjectName, ...] = ('red', 'green', 'blue', 'tray', 'tcp')
    fields: Literal['position', 'pose'] = 'pose'
    camera: Name | None = None
    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    layout: Layout | None = None
    crop: Window | None = None  # of the camera's image, before it is resized
    resize: Rule = 'stretch'
    colour: Literal['rgb', 'bgr'] = 'rgb'
    goals: tuple[str, ...] = OBJECTS[:3]  # what an instruction may name, in the graph's order
    file: FileName | None = None  # tokenizer or embeddings, in the model folder
    length: Annotated[int, Field(ge=1, le=65536)] | None = None  # tokens, or figures of a vector
    pad: int = 0  # token that fills the rest
    values: tuple[float, ...] = ()  # of a constant: an embedding, a command that never changes
    period_s: Positive | None = None  # of a phase
    phases: Annotated[tuple[float, ...], Field(min_length=1)] = (0.0,)  # [turns] ahead
    form: Form = 'sin_cos'  # of a phase; sin_cos: all sines, then all cosines
    rotation: Rotation | None = None  # a matrix is row by row, from the base to the world
    frame: Literal['base', 'world'] = 'base'  # of base_linear_velocity
    components: Annotated[tuple[Component, ...], Field(min_length=1)] = PLANAR  # of a command
    max_age_s: Annotated[float, Field(gt=0.0, le=3600.0)] = 0.5  # of a command or a target

    def check(self, who: str, whole: bool) -> None:
        """Refuse a term that lacks a field or has one too many; `whole`: normalised elsewhere."""
        if self.term is None:
            raise ValueError(f'{who} needs the field term, or a list of terms')
        needs = NEEDS.get(self.term, ())
        for key in needs:
            if not getattr(self, key):
                raise ValueError(f'{who} of term {self.term} needs the field {key}')
        history = () if self.term in NO_HISTORY else HISTORY
        allowed = {'term', 'name', 'shape', 'dtype', *needs, *MAY.get(self.term, ()), *history}
        extra = sorted(self.model_fields_set - allowed)
        if extra:
            raise ValueError(
                f'{who} has the field {extra[0]}, for which the term {self.term} has no use; '
                f'allowed: {", ".join(sorted(allowed - {"name", "shape", "dtype"}))}'
            )
        if self.numeric and self.normalization is None and not whole:
            raise ValueError(f"{who} needs a normalization: mean and std, or the word 'identity'")
        if self.term == 'image' and not (isinstance(self.scale, float) and self.scale > 0.0):
            raise ValueError(f'{who} has the scale {self.scale}; that of an image is one above 0')
        if self.rotation == 'none' and self.term != 'target_pose':
            raise ValueError(
                f'{who} has rotation: none; allowed for the term {self.term}: quaternion_xyzw, '
                'quaternion_wxyz, matrix'
            )
        if self.image_history_by_element:
            raise ValueError(f'{who} has by: element; images are stacked by: step')

    @property
    def image_history_by_element(self) -> bool:
        """Return whether pixels would be stacked one by one, which no policy is known to take."""
        return self.term == 'image' and self.by == 'element'

    @property
    def numeric(self) -> bool:
        """Return whether the term is a measurement that may be normalised."""
        return 'normalization' in MAY.get(self.term or '', ())

    def size(self, actions: int) -> int:
        """Return how many elements one observation of the term has; `actions`: of the output."""
        if self.term == 'image':
            return 3 * (self.width or 0) * (self.height or 0)
        if self.term == 'objects':
            return len(self.objects) * (3 if self.fields == 'position' else 7)
        if self.term == 'last_action':
            return len(self.joints) or actions
        if self.term == 'phase':
            return len(self.phases) * (2 if self.form == 'sin_cos' else 1)
        if self.term in ('orientation', 'base_orientation'):
            return ROTATIONS[self.rotation or 'none']
        if self.term == 'target_pose':
            return 3 + ROTATIONS[self.rotation or 'none']
        if self.term == 'command':
            return len(self.components)
        if self.term in STREAM_OF:
            return 3
        if self.length is not None:
            return self.length
        return len(self.joints) or len(self.values) or 1

    def check_lengths(self, who: str, actions: int) -> None:
        """Refuse lists of figures of another length than the term has elements."""
        count = 3 if self.term == 'image' else self.size(actions)
        check_scaling(who, self.normalization, count)
        for key in ('offset', 'scale'):
            check_figures(who, key, getattr(self, key), count)


def normalization_of(scaling: Scaling | None) -> Normalization:
    """Return the map that a card asks for."""
    if scaling is None or scaling == 'identity':
        return Normalization.identity()
    return Normalization(np.array(scaling.mean), np.array(scaling.std))


def figures_of(figures: Figures | None, neutral: float) -> Floats | None:
    """Return one figure or several for core; None where they would change nothing."""
    if figures is None or figures == neutral:
        return None
    return np.atleast_1d(np.array(figures, dtype=np.float64))


def check_scaling(who: str, scaling: Scaling | None, count: int) -> None:
    """Refuse a normalization that is neither one figure for all elements nor one for each."""
    if isinstance(scaling, MeanStd):
        for key in ('mean', 'std'):
            check_figures(who, f'normalization.{key}', getattr(scaling, key), count)


def check_figures(who: str, key: str, figures: Figures | None, count: int) -> None:
    """Refuse figures that are neither one for all elements nor one for each."""
    if isinstance(figures, tuple) and len(figures) not in (1, count):
        raise ValueError(f'{who} has {len(figures)} figures in {key}, but takes {count}')
