"""State of the gate: what it is configured with, what it remembers, and its sentences."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from robot_runtime.core.body import Body
from robot_runtime.core.coast import hold_ticks
from robot_runtime.core.drift import Standing
from robot_runtime.core.effort_guard import unfelt
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.core.effort_watch import Strain
from robot_runtime.core.guard import Refusal, TOLERANCE, Verdict
from robot_runtime.core.observation import Measured
from robot_runtime.core.setpoint_guard import overloaded
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.core.setpoint_stop import Stopping
from robot_runtime.core.stream import Sample
from robot_runtime.core.tokens import TokenBucket
from robot_runtime.core.trail import Trail
from robot_runtime.core.types import Floats, Limits, Motion
from robot_runtime.core.velocity_joints import VelocityJoints

UNMEASURED = 'joint state missing'  # how a reason begins
EFFORT_RULES = {Refusal.POSITION: 'effort', Refusal.VELOCITY: 'rate of the effort'}
COMMAND_LATE = 'command late'  # how the reason begins; the only cause that may reset by itself


class Phase(Enum):
    """What the gate does: PASS and COAST move on commands, BRAKING and REST on its own."""

    IDLE = 'IDLE'
    PASS = 'PASS'
    COAST = 'COAST'
    BRAKING = 'BRAKING'
    REST = 'REST'


@dataclass(frozen=True, slots=True, eq=False)
class GateConfig:
    """Numbers of the gate; `budget_ns` is J, the longest time without a command that passed."""

    limits: Limits
    names: tuple[str, ...]
    period_ns: int
    budget_ns: int  # max(3 periods, 10 ms) with a real-time class, 60 ms without
    state_timeout_ns: int = 50_000_000
    estop_required: bool = False
    estop_timeout_ns: int = 200_000_000
    tracking_ns: int = 50_000_000
    burst: int = 3  # commands that may be taken at once
    rest_on_silence: bool = False  # commands that end while the robot stands: REST, unlatched
    body: Body | None = None  # None: distances and the speed of the tool are not looked at
    effort: Floats | None = None  # (J,) most measured [N m] or [N], inf: any; None: not watched
    velocity: VelocityJoints | None = None  # joints that take velocities; None: none does
    setpoints: SetpointJoints | None = None  # joints with a PD of their own; None: none has
    efforts: EffortJoints | None = None  # joints that take efforts; None: none does

    @property
    def dt_s(self) -> float:
        """Return the period in seconds."""
        return self.period_ns / 1e9

    @property
    def patience_ns(self) -> int:
        """Return how long after a command the next one is missed: 1.5 periods."""
        return self.period_ns * 3 // 2

    @property
    def hold_ticks(self) -> int:
        """Return how many coast steps go on as the sender did."""
        return hold_ticks(self.budget_ns, self.period_ns)


@dataclass(frozen=True, slots=True)
class Counters:
    """How many commands passed, were refused and so on, since the gate began."""

    passed: int = 0
    refused: int = 0
    dropped: int = 0  # late, doubled, or of an older engagement
    ignored: int = 0  # came while latched
    coasted: int = 0  # steps sent without a command
    recovered: int = 0  # ends of coasting by a command


@dataclass(frozen=True, slots=True, eq=False)
class GateState:
    """All that the gate remembers; `motion` is what the positions it sent amount to."""

    state: Phase
    motion: Motion | None  # last sent; None: never engaged, so there is nothing to brake or hold
    epoch_ns: int
    tick: int  # of the last position sent; the gate's own coast steps use up ticks
    latched: bool
    reason: str  # first cause since the last reset; in IDLE the last refusal
    next_emit_ns: int
    sent_ns: int
    last_command_ns: int  # when the last command passed
    bucket: TokenBucket
    counters: Counters = field(default_factory=Counters)
    coasting: int = 0  # steps of this coast
    told: Motion | None = None  # after a recovery: the command as its sender counts it
    apart: int = 0  # commands until what was sent and what is told have the same derivatives
    jerk: Floats | None = None  # of the last command that passed [rad/s^3]
    lead_since_ns: int | None = None
    looked_ns: int = 0  # when the gate's loop last woke
    left: Motion | None = None  # of joints that a hang left, on their way to rest
    unmet: str = ''  # why the last command that came could not be met
    blocked: str = ''  # e-stop and permits as last seen: why nothing may move, or empty
    strain: Strain | None = None  # of the joints while commands steer
    felt: Sample[Measured] | None = None  # newest joint state, for joints that need more of it
    felts: tuple[Sample[Measured], ...] = ()  # of the last two periods, for efforts
    acts: bool = False  # efforts that are not zero, or joints of theirs that move
    trail: Trail | None = None  # of the joints that take velocities
    standing: Standing | None = None  # since when these are told to stand
    stopping: Stopping | None = None  # of the setpoints, while the gate brakes

    @property
    def runs_out(self) -> bool:
        """Return whether joints that a hang left to themselves are still on their way to rest."""
        return self.left is not None and (self.left.moves or self.acts)

    @property
    def rests(self) -> bool:
        """Return whether nothing moves by what the gate sent, so that it may be reset or left."""
        return self.state in (Phase.IDLE, Phase.REST) and not self.runs_out


def initial(config: GateConfig, now_ns: int) -> GateState:
    """Return the gate that was never engaged and sends nothing."""
    bucket = TokenBucket.full(config.period_ns, now_ns, config.burst)
    blocked = 'e-stop: never heard' if config.estop_required else ''
    return GateState(
        Phase.IDLE, None, -1, 0, False, '', now_ns, now_ns, now_ns, bucket, looked_ns=now_ns,
        blocked=blocked,
    )  # fmt: skip


def sentence_of(config: GateConfig, verdict: Verdict) -> str:
    """Return in words which rule was broken, by which joint, by how much."""
    place = config.names[verdict.joint] if verdict.joint >= 0 else verdict.place
    figures, rule = f'{verdict.value:.9g}, allowed {verdict.allowed:.9g}', verdict.refusal.value
    if config.efforts is not None and verdict.joint in config.efforts.index:
        rule = EFFORT_RULES.get(verdict.refusal, rule)
    return f'command refused: {rule}: {place}{" " if place else ""}{figures}'


def unmeasured(config: GateConfig, measured: Sample[Floats] | None, now_ns: int) -> str:
    """Return in words why the joint state may not be used, or ''."""
    if measured is None:
        return f'{UNMEASURED}: none has come'
    if measured.fresh(now_ns, config.state_timeout_ns):
        return ''
    age_ms = (now_ns - measured.received_ns) / 1e6
    return f'{UNMEASURED} for {age_ms:.1f} ms, allowed {config.state_timeout_ns / 1e6:g}'


def felt_now(config: GateConfig, state: GateState, now_ns: int) -> Measured | None:
    """Return the newest joint state, None where it may not be used."""
    felt = state.felt
    return felt.value if felt is not None and felt.fresh(now_ns, config.state_timeout_ns) else None


def late(config: GateConfig, state: GateState, now_ns: int) -> str:
    """Return in words how long no command has passed, if over the budget, or ''."""
    silence_ns = now_ns - state.last_command_ns
    if silence_ns <= config.budget_ns:
        return ''
    unmet = f'; what came cannot be met again: {state.unmet}' if state.unmet else ''
    return (
        f'{COMMAND_LATE}: none for {silence_ns / 1e6:.1f} ms, '
        f'allowed {config.budget_ns / 1e6:g}{unmet}'
    )


def too_fast(config: GateConfig, state: GateState, now_ns: int) -> str:
    """Return the sentence for commands faster than time: the sender's fault, or our own sleep."""
    slept_ns = now_ns - state.looked_ns
    if slept_ns > config.period_ns:  # it looks several times a period
        return (
            f'{COMMAND_LATE}: the gate itself slept {slept_ns / 1e6:.1f} ms, and more than '
            f'{config.burst} commands waited for it'
        )
    return f'command refused: {Refusal.RATE.value}: more than {config.burst} periods ahead'


def not_following(config: GateConfig, state: GateState, measured: Floats) -> str:
    """
    Return in words which joint is further from what was sent than its lead, or ''.

    Of a joint with a PD of its own: whose drive is asked for more than it may be by now. Of
    joints that take efforts: that nobody measures their speed.
    """
    sent = state.motion
    assert sent is not None
    away = np.abs(sent.position - measured)
    kept = away <= config.limits.lead * (1.0 + TOLERANCE)  # a NaN is not following
    if kept.all():
        if config.efforts is not None:
            return unfelt(config.efforts, state.felt)
        joints = config.setpoints
        return '' if joints is None else overloaded(joints, sent, state.felt, config.names)
    joint = int(np.argmin(kept))
    allowed = float(config.limits.lead[joint])
    name = config.names[joint]
    return (
        f'robot not following: {name} is {away[joint]:.6g} from the command, allowed {allowed:g}'
    )


def blocking(config: GateConfig, estop: Sample[bool] | None, now_ns: int) -> str:
    """Return in words why the e-stop lets nothing move, or ''."""
    if estop is not None and estop.value:
        return 'e-stop: pressed'
    if not config.estop_required:
        return ''
    if estop is None:
        return 'e-stop: never heard'
    if estop.fresh(now_ns, config.estop_timeout_ns):
        return ''
    age_ms = (now_ns - estop.received_ns) / 1e6
    return f'e-stop: not heard for {age_ms:.1f} ms, allowed {config.estop_timeout_ns / 1e6:g}'
