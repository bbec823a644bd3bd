"""State of the control loop: what it is configured with, what it hears, remembers and reports."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.body import Body
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.delays import Delays
from robot_runtime.core.effort_joints import EffortJoints
from robot_runtime.core.ensemble import Mixing
from robot_runtime.core.handover import Handover
from robot_runtime.core.kinds import Kinds
from robot_runtime.core.mode import Event, Mode, next_mode
from robot_runtime.core.schedule import Schedule
from robot_runtime.core.setpoint_joints import SetpointJoints
from robot_runtime.core.shadow import ShadowError
from robot_runtime.core.start_envelope import StartEnvelope
from robot_runtime.core.stepping import Stepping
from robot_runtime.core.stream import Sample
from robot_runtime.core.teleop import Teleop
from robot_runtime.core.types import Command, Floats, Limits, Motion
from robot_runtime.core.velocity_shape import Recent


@dataclass(frozen=True, slots=True, eq=False)
class ControlConfig:
    """What does not change while the loop runs."""

    limits: Limits
    groups: tuple[slice, ...]  # joints that slow down together
    period_ns: int
    state_timeout_ns: int = 50_000_000
    schedule_kind: str = 'latest'
    blend_ns: int = 100_000_000
    executed_ns: int = 0  # of each chunk, for the schedule 'sync'; 0: all of it
    mixing: Mixing = field(default_factory=Mixing)
    chunk_max_future_ns: int = 5_000_000
    late_after_ns: int | None = None  # grace after a chunk's last row; None: one row
    silence_ns: int = 2_000_000_000  # after the end of the last chunk: POLICY ends in HOLD
    speed: float = 1.0  # operator's scale of the chunk's clock; `limits` hold it already
    body: Body | None = None  # None: nothing is known of what the robot may touch
    names: tuple[str, ...] = ()  # of the joints, for sentences
    handover_ns: int = 100_000_000  # in which the target of a new mode fades in
    teleop_timeout_ns: int = 200_000_000  # silence after which TELEOP ends in HOLD
    start: StartEnvelope | None = None  # POLICY begins inside it; None: anywhere
    step: bool = False  # each chunk waits for the operator's word
    kinds: Kinds | None = None  # None: every joint takes positions
    setpoints: SetpointJoints | None = None  # joints with a PD of their own; None: none has
    efforts: EffortJoints | None = None  # joints that take efforts; None: none does
    bad_chunks: int = 5  # in a row, that cannot be followed whatever the time: FAULT
    stamped: bool = True  # a chunk begins at its stamp, not at its arrival
    gate_timeout_ns: int = 300_000_000  # silence of the gate: FAULT
    coast_ticks: int = 2  # of the gate: steps that go on as the last command did

    def __post_init__(self) -> None:
        """Refuse a speed that is not a share."""
        if not 0.0 < self.speed <= 1.0:
            raise ValueError(f'speed is {self.speed}; allowed: above 0, at most 1')

    @property
    def empty_schedule(self) -> Schedule:
        """Return the schedule of a policy that has said nothing yet."""
        return Schedule(
            self.schedule_kind, self.blend_ns, executed_ns=self.executed_ns, mixing=self.mixing
        )


@dataclass(frozen=True, slots=True, eq=False)
class GateView:
    """What the gate last said of itself."""

    state: str  # 'IDLE', 'PASS', 'COAST', 'BRAKING' or 'REST'
    motion: Motion  # last sent to the robot
    latched: bool
    reason: str
    epoch_ns: int = -1  # of the motion: when the engagement began
    tick: int = -1  # of the motion
    heard_ns: int | None = None  # steady clock: when it last spoke; None: that is not watched


@dataclass(frozen=True, slots=True, eq=False)
class ControlInputs:
    """What came in since the last tick; `measured` and `gate` are the newest known."""

    measured: Sample[Floats] | None = None
    chunks: tuple[Chunk, ...] = ()
    events: tuple[Event, ...] = ()
    gate: GateView | None = None
    teleop: Sample[Floats] | None = None  # positions a person wants, if they came since
    home: Chunk | None = None  # the way home from here, with the event HOME
    misread: tuple[str, ...] = ()  # chunks that are none: why not
    trouble: str = ''  # what a detector outside has found: FAULT
    clock_step_ns: int = 0  # by which the ROS clock was just set
    velocities: Floats | None = None  # (J,) of the joint state `measured`; None: it has none


@dataclass(frozen=True, slots=True, eq=False)
class ControlState:
    """What one tick leaves to the next."""

    mode: Mode
    schedule: Schedule
    motion: Motion | None = None  # last commanded; None: nothing is being sent
    epoch_ns: int = 0  # ROS time at which this engagement began
    sent: tuple[Command, ...] = ()  # the newest of this engagement, the last one at the end
    ticked_ns: int = 0  # steady clock: when this was computed
    tick: int = 0  # of the next command
    fault: str = ''  # first cause, until RESET
    policy_since_ns: int = 0  # steady clock: when POLICY or SHADOW was entered
    policy_epoch: int = 0  # ROS time of the same moment
    late: int = 0  # ticks without a target after a chunk ran out
    leaving: bool = False  # DISABLE came while moving: IDLE as soon as at rest
    since_ros_ns: int = 0  # ROS time at which the mode was entered
    fresh: bool = False  # the mode's first target is yet to come, and will fade in
    handover: Handover | None = None
    teleop: Teleop | None = None
    home: Chunk | None = None
    shadow: ShadowError | None = None  # of this or the last SHADOW
    stepping: Stepping = field(default_factory=Stepping)
    recent: Recent | None = None  # of the joints that take velocities
    resumable: bool = False  # lateness alone ended POLICY, and nothing moved the robot since
    bad_chunks: int = 0  # in a row
    delays: Delays = field(default_factory=Delays)  # of all chunks but the first of each mode
    stepped_ns: int | None = None  # steady clock: when the ROS clock was last set
    stepped_ros_ns: int = 0  # stamps above it are of the time since
    clock_step_ns: int = 0  # by which it was set


@dataclass(frozen=True, slots=True, eq=False)
class ControlReport:
    """What one tick did, for the journal and for people."""

    mode: Mode
    fault: str
    target: Floats | None  # before any limit; in SHADOW what the policy would have done
    active: NDArray[np.uint8]  # (J,) flags of core/limits.py
    late: bool
    chunk_stamp_ns: int  # of the chunk that steered; 0: none
    merged: tuple[int, ...]  # stamps of the chunks merged in this tick
    policy_epoch: int  # ROS time at which the policy was listened to; a change restarts it
    refused: tuple[str, ...] = ()  # events, chunks and teleop not obeyed, and why
    teleop: bool = False  # a person's message was taken in this tick
    made_up: tuple[Command, ...] = ()  # of ticks that were missed; to be sent first


@dataclass(slots=True)
class Notes:
    """What the parts of one tick have to say for its report."""

    merged: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def faulted(state: ControlState, cause: str, event: Event = Event.FAULT) -> ControlState:
    """Return the state in FAULT, or ESTOP; the first cause is kept."""
    mode = next_mode(state.mode, event)
    return replace(state, mode=mode, fault=state.fault or cause, leaving=False)


def initial(config: ControlConfig) -> ControlState:
    """Return the state before the first tick: IDLE, nothing known."""
    return ControlState(Mode.IDLE, config.empty_schedule)
