"""Own resets of the gate: a stop because of lateness alone is let go of, three times a minute."""

from robot_runtime.core.gate_state import COMMAND_LATE, GateState, Phase

MINUTE_NS = 60_000_000_000
A_MINUTE = 3
AFTER_NS = 300_000_000  # at rest, so that everyone has read why the robot stopped
STOPPED_NS = 1_000_000_000  # in IDLE: the driver stopped the robot, and may take that long


class OwnResets:
    """When the gate may reset itself; lateness says nothing of the robot."""

    def __init__(self) -> None:
        """Begin with none."""
        self._at_ns: list[int] = []
        self._rest_since_ns = 0

    @property
    def count(self) -> int:
        """Return how many there were within a minute of the last one."""
        return len(self._at_ns)

    def due(self, state: GateState, now_ns: int) -> bool:
        """Return whether to let go of the latch of `state`; to be asked at every tick."""
        late = state.latched and state.reason.startswith(COMMAND_LATE)
        if not late or not state.rests:
            self._rest_since_ns = now_ns
        recent = [at for at in self._at_ns if now_ns - at < MINUTE_NS]
        after_ns = AFTER_NS if state.state is Phase.REST else STOPPED_NS
        return now_ns - self._rest_since_ns >= after_ns and len(recent) < A_MINUTE

    def done(self, ok: bool, now_ns: int) -> None:
        """Note that it was tried; one that was refused does not count."""
        self._at_ns = [at for at in self._at_ns if now_ns - at < MINUTE_NS]
        if ok:
            self._at_ns.append(now_ns)
