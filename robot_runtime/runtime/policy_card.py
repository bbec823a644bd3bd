"""Policy card: what a model folder promises about its graph."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from robot_runtime.core.observation import Stream
from robot_runtime.core.stacking import Entry
from robot_runtime.core.stream_terms import STREAM_OF
from robot_runtime.runtime.card_actions import ActionFields
from robot_runtime.runtime.card_inputs import entry_of, Input, Read
from robot_runtime.runtime.card_terms import check_scaling, FileName
from robot_runtime.runtime.config_file import ConfigError, load, Positive, Strict
from robot_runtime.runtime.joint_groups import Name
from robot_runtime.runtime.prefix_terms import PrefixInput
from robot_runtime.runtime.robot_file import RobotFile

CARD = 'card.yaml'
Sha256 = Annotated[str, Field(pattern=r'^[0-9a-f]{64}$')]
SAMPLED = ('noise', 'action_prefix', 'prefix_weights')  # what a sampler takes


class Output(ActionFields):
    """
    The graph's output: rows of joint targets on the clock.

    `joint_velocity` is for robots whose arms take velocities, `effort` (N m, or N) for those whose
    arms take efforts; their grippers take positions. `joint_delta` is added to where the joints
    were observed, or to the row before. `ee_pose` and `ee_delta` are about a tool, whose joints
    are found by `runtime/tool_ik.py`.
    """

    name: str
    action: Literal[
        'joint_position', 'joint_velocity', 'effort', 'joint_delta', 'ee_pose', 'ee_delta'
    ]
    dt_s: Annotated[float, Field(ge=0.001, le=1.0)]
    interpolation: Literal['linear', 'zoh']
    anchor: Literal['observation', 'arrival']

    @model_validator(mode='after')
    def _complete(self) -> 'Output':
        self.check(f'output {self.name}', self.action)
        return self


class Schedule(Strict):
    """How chunks follow one another."""

    kind: Literal['latest', 'blend', 'sync', 'ensemble', 'rtc_prefix', 'rtc_guided']
    period_s: Positive  # from one inference to the next; of a chunk, what is executed
    blend_s: Annotated[float, Field(ge=0.0)] = 0.0
    m: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.01  # ensemble: weights exp(-m i), 0 the oldest
    most_delay: Annotated[int, Field(ge=0)] | None = None  # rtc: rows that a policy can be late
    angles: tuple[Name, ...] = ()  # joints at the same place a turn further
    discrete: tuple[Name, ...] = ()  # joints whose targets are choices, such as open and closed


class Start(Strict):
    """Pose around which the policy may be started."""

    position: dict[Name, float]
    tolerance: Positive


class Graph(Strict):
    """The graph's file, its weights outside of it, and their hashes."""

    file: FileName
    sha256: Sha256
    external_data: dict[FileName, Sha256] = Field(default_factory=dict)
    metadata: Literal['checked', 'ignored'] = 'checked'  # joint names and scales in the graph


class Sampler(Strict):
    """
    A second graph that denoises what the first one has seen, in steps that the runtime takes.

    Its other inputs are outputs of the first graph, and its output is named in `output`: the
    velocity of the actions in flow time, which runs from noise at `time_from`.
    """

    graph: Graph
    x: str  # its input for the actions on their way
    time: str  # its input for the flow time
    time_from: Literal[0, 1] = 0
    steps: Annotated[int, Field(ge=1, le=100)] = 10
    guidance: Positive = 5.0  # the most of it in a step


class Golden(Strict):
    """Pairs of inputs and output that the graph must still give."""

    file: FileName
    tolerance: Positive
    sequence: bool = False  # one run of a recurrent graph: its state begins at zero, is fed back


class StatePair(Strict):
    """State of a recurrent graph: what it puts out is its input at the next observation."""

    feeds: Annotated[str, Field(alias='input')]
    output: str


class PolicyCard(Strict):
    """All that the runtime knows of one policy."""

    version: Annotated[Literal[1], Field(alias='format')]
    name: Annotated[str, Field(pattern=r'^[A-Za-z0-9_.-]+$')]
    licence: str
    description: str = ''
    graph: Graph
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    prefix: tuple[PrefixInput, ...] = ()
    sampler: Sampler | None = None
    output: Output
    state: tuple[StatePair, ...] = ()
    reference_camera: Name | None = None
    schedule: Schedule
    start: Start | None = None
    max_episode_s: Positive | None = None
    golden: Golden | None = None

    @model_validator(mode='after')
    def _consistent(self) -> 'PolicyCard':
        names = [item.name for item in self.inputs] + [item.name for item in self.prefix]
        names += [pair.feeds for pair in self.state]
        if len(set(names)) != len(names):
            raise ValueError(f'inputs, prefix and state have a name more than once: {names}')
        if self.golden and self.golden.sequence and not self.state:
            raise ValueError('golden.sequence is true, but the card has no state to feed back')
        for item in self.inputs:
            item.check_sizes(self.output.columns)
            if self.output.tool and any(
                part.joints for _, part in item.parts() if part.term == 'last_action'
            ):
                raise ValueError(
                    f'input {item.name} has a last_action with joints, but an action of '
                    f'{self.output.action} is about a tool'
                )
            if 'last_action' in item.kinds and self.output.rows > 1:
                raise ValueError(
                    f'input {item.name} has the term last_action, but output.rows is '
                    f'{self.output.rows}; allowed: 1'
                )
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
        self._check_schedule(horizon_s)
        return self

    def _check_schedule(self, horizon_s: float) -> None:
        schedule, anchor = self.schedule, self.output.anchor
        for field in ('angles', 'discrete'):
            unknown = sorted({*getattr(schedule, field)} - {*self.output.joints})
            if unknown:
                raise ValueError(f'schedule.{field} names {unknown}, which output.joints has not')
        count = len(self.output.joints)
        for item in self.prefix:
            check_scaling(f'input {item.name}', item.normalization, count)
        terms = [item.term for item in self.prefix]
        if self.prefix and self.output.tool:
            raise ValueError(
                f'prefix is of joints, but an action of {self.output.action} is about a tool'
            )
        if self.sampler is not None and self.state:
            raise ValueError('sampler and state are in one card; allowed: one of them')
        if self.sampler is not None and sorted(terms) != sorted(SAMPLED):
            raise ValueError(
                f'sampler needs in prefix one input each of {list(SAMPLED)}, not {terms}'
            )
        if schedule.kind.startswith('rtc_') and 'action_prefix' not in terms:
            raise ValueError(
                f'schedule.kind {schedule.kind} needs a graph that is told what is executed: '
                f'prefix has no input of term action_prefix'
            )
        if self.prefix and anchor != 'observation':
            raise ValueError(
                f'output.anchor is {anchor}, but a prefix goes with the time of the observation'
            )
        if schedule.kind != 'sync':
            return
        if anchor != 'arrival':
            raise ValueError(
                f'output.anchor is {anchor} with schedule.kind sync, which needs arrival: the '
                f'robot stands while a chunk is inferred, and then plays it from its first row'
            )
        if schedule.period_s > horizon_s:
            raise ValueError(
                f'schedule.period_s is {schedule.period_s}, but a chunk to be executed that long '
                f'has {horizon_s:g} s'
            )

    @property
    def cameras(self) -> list[str]:
        """Return the cameras the policy looks at, in the order of its inputs."""
        return list(dict.fromkeys(item.camera for item in self.inputs if item.camera))

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Return what the policy looks at beside joints and cameras."""
        kinds = [kind for item in self.inputs for kind in item.kinds if kind in STREAM_OF]
        return tuple(dict.fromkeys(STREAM_OF[kind] for kind in kinds))

    @property
    def files(self) -> set[str]:
        """Return the names of all files of the model folder but the card."""
        more = {part.file for item in self.inputs for _, part in item.parts() if part.file}
        golden = {self.golden.file} if self.golden else set()
        graphs = [self.graph] if self.sampler is None else [self.graph, self.sampler.graph]
        theirs = {name for one in graphs for name in (one.file, *one.external_data)}
        return {*theirs, *golden, *more}

    @property
    def reference(self) -> str:
        """Return the camera whose stamp is the time of the observation; '' without cameras."""
        return self.reference_camera or next(iter(self.cameras), '')


def load_card(folder: Path) -> PolicyCard:
    """Return the card in a model folder."""
    if not folder.is_dir():
        raise ConfigError(f'the model folder {folder} does not exist')
    return load(PolicyCard, folder / CARD)


def entries_of(
    card: PolicyCard, robot: RobotFile, texts: Mapping[str, Read]
) -> tuple[Entry, ...]:
    """Return the inputs of a checked card as what core assembles; `texts` read instructions."""
    output = card.output
    return tuple(
        entry_of(item, robot.joint_names, output.joints, output.columns, texts)
        for item in card.inputs
    )
