"""Episode of an evaluation: what is asked, under which conditions, and how it went."""

from dataclasses import dataclass

from robot_runtime.core.observation import goal_of
from robot_runtime.runtime.ablation import INPUTS
from robot_runtime.sim.task import COLOURS

INSTRUCTION = 'pick up the {} cube and put it in the tray'
WORDS = ('wrong_word', 'no_instruction')  # ablations of what is said, not of what is seen
ABLATIONS = (*INPUTS, *WORDS)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One episode: the scene, the cube that belongs into the tray, and what the policy is told."""

    seed: int
    colour: str
    instruction: str

    @property
    def ends_with(self) -> frozenset[str]:
        """Return the colours of which one in the tray ends the episode: right, or as told."""
        named = (c for c in COLOURS if goal_of(self.instruction, (c,)) == 0)
        return frozenset((self.colour, *named))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all episodes of an evaluation have in common."""

    delay_ns: int = 0  # from the start of an inference to the arrival of its chunk
    speed: float = 1.0
    ablation: str = 'none'
    noise: float = 1.0
    light: float = 1.0
    time_limit_s: float = 40.0  # at full speed
    space: bool = False  # loop and gate check distances, workspace and tool speed
    witness_scale: float = 1.0  # share of the published limits that the witness judges by
    witness_space: bool = False  # it looks at the workspace and at touch, too

    @property
    def input_ablation(self) -> str:
        """Return the part of the ablation that is done to the policy's inputs."""
        return 'none' if self.ablation in WORDS else self.ablation

    @property
    def limit_s(self) -> float:
        """Return how long an episode may take at this speed."""
        return self.time_limit_s / self.speed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one episode went; `seconds` are the simulated ones from POLICY to its end."""

    assignment: Assignment
    success: bool
    seconds: float
    placed: tuple[str, ...]  # colours in the tray at the end
    violations: int
    first_violation: str = ''
    fault: str = ''
    inferences: int = 0
    missing: str = ''  # what the last inference lacked
    late_ticks: int = 0
    command_hash: str | None = None
    refused: int = 0  # in lockstep: commands, by the gate


def assignments(
    count: int, seed: int, ablation: str = 'none', instruction: str = INSTRUCTION
) -> tuple[Assignment, ...]:
    """Return `count` episodes from `seed` on; the colours take turns."""
    made = []
    for i in range(count):
        k = i % len(COLOURS)
        named = COLOURS[(k + 1) % len(COLOURS)] if ablation == 'wrong_word' else COLOURS[k]
        text = '' if ablation == 'no_instruction' else instruction.replace('{}', named)
        made.append(Assignment(seed + i, COLOURS[k], text))
    return tuple(made)
