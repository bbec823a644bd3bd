"""Policy card: what a model folder promises about its graph."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator
from robot_runtime.core.observation import Kind, OBJECTS, Term
from robot_runtime.core.tensors import Layout, Normalization
from robot_runtime.runtime.config_file import ConfigError, load, Positive, Strict
from robot_runtime.runtime.joint_groups import Name
from robot_runtime.runtime.robot_file import RobotFile

CARD = 'card.yaml'
Sha256 = Annotated[str, Field(pattern=r'^[0-9a-f]{64}$')]
FileName = Annotated[str, Field(pattern=r'^[A-Za-z0-9_][A-Za-z0-9_.-]*$')]
ObjectName = Literal['red', 'green', 'blue', 'tray', 'tcp']
NUMERIC = ('joint_position', 'joint_velocity', 'objects', 'image')


class MeanStd(Strict):
    """Normalization (x - mean) / std: one figure for all elements, or one for each."""

    mean: Annotated[tuple[float, ...], Field(min_length=1)]
    std: Annotated[tuple[Positive, ...], Field(min_length=1)]


Scaling = Literal['identity'] | MeanStd


class Input(Strict):
    """One input of the graph and the measurement it takes."""

    name: str
    term: Kind
    shape: tuple[Annotated[int, Field(gt=0)], ...] | None = None
    dtype: Literal['float32', 'float64', 'int64', 'int32', 'uint8', 'string'] | None = None
    normalization: Scaling | None = None  # required where the term is numeric
    joints: tuple[Name, ...] = ()
    objects: tuple[ObjectName, ...] = ('red', 'green', 'blue', 'tray', 'tcp')
    fields: Literal['position', 'pose'] = 'pose'
    camera: Name | None = None
    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    layout: Layout | None = None
    scale: Positive = 1.0
    goals: tuple[str, ...] = OBJECTS[:3]  # what an instruction may name, in the graph's order

    @model_validator(mode='after')
    def _complete(self) -> 'Input':
        needed: dict[str, tuple[str, ...]] = {
            'joint_position': ('joints',), 'joint_velocity': ('joints',), 'objects': ('objects',),
            'image': ('camera', 'width', 'height', 'layout'), 'goal_index': ('goals',),
            'instruction': (),
        }  # fmt: skip
        for key in needed[self.term]:
            if not getattr(self, key):
                raise ValueError(f'input {self.name} of term {self.term} needs the field {key}')
        if self.term in NUMERIC and self.normalization is None:
            raise ValueError(
                f"input {self.name} needs a normalization: mean and std, or the word 'identity'"
            )
        count = 3 if self.term == 'image' else self.size
        _check_lengths(f'input {self.name}', self.normalization, count)
        return self

    @property
    def size(self) -> int:
        """Return how many elements the term has."""
        if self.term == 'image':
            return 3 * (self.width or 0) * (self.height or 0)
        if self.term == 'objects':
            return len(self.objects) * (3 if self.fields == 'position' else 7)
        return len(self.joints) or 1


class Output(Strict):
    """
    The graph's output: rows of joint targets on the clock.

    `joint_velocity` is for robots whose arms take velocities, `effort` (N m, or N) for those whose
    arms take efforts; their grippers take positions.
    """

    name: str
    action: Literal['joint_position', 'joint_velocity', 'effort']
    joints: Annotated[tuple[Name, ...], Field(min_length=1)]
    rows: Annotated[int, Field(ge=1, le=1000)]
    dt_s: Annotated[float, Field(ge=0.001, le=1.0)]
    interpolation: Literal['linear', 'zoh']
    anchor: Literal['observation', 'arrival']
    normalization: Scaling

    @model_validator(mode='after')
    def _complete(self) -> 'Output':
        _check_lengths(f'output {self.name}', self.normalization, len(self.joints))
        return self


class Schedule(Strict):
    """How chunks follow one another."""

    kind: Literal['latest', 'blend']
    period_s: Positive  # from one inference to the next
    blend_s: Annotated[float, Field(ge=0.0)] = 0.0


class Start(Strict):
    """Pose around which the policy may be started."""

    position: dict[Name, float]
    tolerance: Positive


class Graph(Strict):
    """The graph's file, its weights outside of it, and their hashes."""

    file: FileName
    sha256: Sha256
    external_data: dict[FileName, Sha256] = Field(default_factory=dict)


class Golden(Strict):
    """Pairs of inputs and output that the graph must still give."""

    file: FileName
    tolerance: Positive


class PolicyCard(Strict):
    """All that the runtime knows of one policy."""

    version: Annotated[Literal[1], Field(alias='format')]
    name: Annotated[str, Field(pattern=r'^[A-Za-z0-9_.-]+$')]
    licence: str
    description: str = ''
    graph: Graph
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    output: Output
    reference_camera: Name | None = None
    schedule: Schedule
    start: Start | None = None
    max_episode_s: Positive | None = None
    golden: Golden | None = None

    @model_validator(mode='after')
    def _consistent(self) -> 'PolicyCard':
        names = [item.name for item in self.inputs]
        if len(set(names)) != len(names):
            raise ValueError(f'inputs has a name more than once: {names}')
        cameras = self.cameras
        if self.reference_camera is None and len(cameras) > 1:
            raise ValueError(f'reference_camera is missing and there are several: {cameras}')
        if self.reference_camera is not None and self.reference_camera not in cameras:
            raise ValueError(f'reference_camera is {self.reference_camera}, not one of {cameras}')
        horizon_s = self.output.rows * self.output.dt_s
        if self.schedule.blend_s > horizon_s:
            raise ValueError(
                f'schedule.blend_s is {self.schedule.blend_s}, more than a chunk of {horizon_s} s'
            )
        return self

    @property
    def cameras(self) -> list[str]:
        """Return the cameras the policy looks at, in the order of its inputs."""
        return list(dict.fromkeys(item.camera for item in self.inputs if item.camera))

    @property
    def reference(self) -> str:
        """Return the camera whose stamp is the time of the observation; '' without cameras."""
        return self.reference_camera or next(iter(self.cameras), '')


def load_card(folder: Path) -> PolicyCard:
    """Return the card in a model folder."""
    if not folder.is_dir():
        raise ConfigError(f'the model folder {folder} does not exist')
    return load(PolicyCard, folder / CARD)


def terms_of(card: PolicyCard, robot: RobotFile) -> tuple[Term, ...]:
    """Return the inputs of a checked card as what core assembles."""
    return tuple(_term(item, robot.joint_names) for item in card.inputs)


def normalization_of(scaling: Scaling | None) -> Normalization:
    """Return the map that a card asks for."""
    if scaling is None or scaling == 'identity':
        return Normalization.identity()
    return Normalization(np.array(scaling.mean), np.array(scaling.std))


def _term(item: Input, joint_names: Sequence[str]) -> Term:
    index: Any = None
    if item.joints:
        index = np.array([joint_names.index(name) for name in item.joints], dtype=np.intp)
    elif item.term == 'objects':
        index = np.array([OBJECTS.index(name) for name in item.objects], dtype=np.intp)
    return Term(
        item.name, item.term, normalization_of(item.normalization), index,
        columns=3 if item.fields == 'position' else 7, camera=item.camera or '',
        width=item.width or 0, height=item.height or 0, layout=item.layout or 'HWC',
        scale=item.scale, goals=item.goals,
    )  # fmt: skip


def _check_lengths(what: str, scaling: Scaling | None, count: int) -> None:
    if isinstance(scaling, MeanStd):
        for key, values in (('mean', scaling.mean), ('std', scaling.std)):
            if len(values) not in (1, count):
                raise ValueError(
                    f'{what} has {len(values)} figures in normalization.{key}, but takes {count}'
                )
