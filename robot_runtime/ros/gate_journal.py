"""Journal of the gate: each command it was asked for and each motion it sent."""

from rclpy.node import Node
from robot_runtime.core.gate import GateState, Phase
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Motion
from robot_runtime.runtime.journal import CAPACITY, gate_dtype, journal_name, JournalWriter
from robot_runtime.runtime.ros_domain import ros_domain

STATES = {phase: index for index, phase in enumerate(Phase)}


class GateJournal:
    """Writes one record for each command taken and for each motion the gate sent by itself."""

    def __init__(self, node: Node, joints: int) -> None:
        name = journal_name(ros_domain(), node.get_fully_qualified_name())
        self._writer = JournalWriter(name, gate_dtype(joints), 2 * CAPACITY)
        self._node = node

    def write(
        self,
        now_ns: int,
        state: GateState,
        measured: Sample[Floats] | None,
        asked: Command | None,
        sent: Motion | None,
    ) -> None:
        """Write what was asked and what was sent; what does not exist is NaN."""
        nan = float('nan')
        record = self._writer.record
        record['n'] = state.tick if asked is None else asked.tick
        record['epoch_ns'] = state.epoch_ns if asked is None else asked.epoch_ns
        record['now_ns'] = now_ns
        record['ros_now_ns'] = self._node.get_clock().now().nanoseconds
        record['state_stamp_ns'] = 0 if measured is None else measured.stamp_ns
        record['measured'] = nan if measured is None else measured.value
        record['state'] = STATES[state.state]
        record['fault'] = bool(state.latched)
        record['joint'] = -1
        record['events'] = state.counters.refused
        record['asked_q'] = nan if asked is None else asked.motion.position
        record['asked_v'] = nan if asked is None else asked.motion.velocity
        record['asked_a'] = nan if asked is None else asked.motion.acceleration
        record['q'] = nan if sent is None else sent.position
        record['v'] = nan if sent is None else sent.velocity
        record['a'] = nan if sent is None else sent.acceleration
        self._writer.commit()

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._writer.close()
