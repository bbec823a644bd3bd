"""Journal of the control node: what each tick knew and what it commanded."""

from rclpy.node import Node
from robot_runtime.core.control import ControlReport, ControlState
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats
from robot_runtime.runtime.journal import (
    CAPACITY,
    CHUNKS,
    control_dtype,
    journal_name,
    JournalWriter,
)
from robot_runtime.runtime.ros_domain import ros_domain

MODES = {mode: index for index, mode in enumerate(Mode)}
EVENTS = {event: 1 << index for index, event in enumerate(Event)}


class ControlJournal:
    """Writes one record for each tick of control."""

    def __init__(self, node: Node, joints: int) -> None:
        name = journal_name(ros_domain(), node.get_fully_qualified_name())
        self._writer = JournalWriter(name, control_dtype(joints), CAPACITY)

    def tick(
        self,
        now_ns: int,
        ros_now_ns: int,
        measured: Sample[Floats] | None,
        events: tuple[Event, ...],
        state: ControlState,
        command: Command | None,
        report: ControlReport,
    ) -> None:
        """Write one tick; what does not exist is NaN, and without a command n is -1."""
        record = self._writer.record
        record['n'] = -1 if command is None else command.tick
        record['epoch_ns'], record['now_ns'] = state.epoch_ns, now_ns
        record['ros_now_ns'] = ros_now_ns
        record['state_stamp_ns'] = 0 if measured is None else measured.stamp_ns
        record['measured'] = float('nan') if measured is None else measured.value
        record['chunks'] = len(report.merged)
        for index, stamp in enumerate(report.merged[:CHUNKS]):
            record['chunk_stamps'][index] = stamp
        record['mode'], record['fault'] = MODES[state.mode], bool(report.fault)
        taken = (Event.TELEOP,) if report.teleop else ()
        record['events'] = sum(EVENTS[event] for event in {*events, *taken})
        record['target'] = float('nan') if report.target is None else report.target
        motion = None if command is None else command.motion
        record['q'] = float('nan') if motion is None else motion.position
        record['v'] = float('nan') if motion is None else motion.velocity
        record['a'] = float('nan') if motion is None else motion.acceleration
        record['active'] = report.active
        taken_from = state.teleop if report.teleop else None
        record['teleop_stamp_ns'] = 0 if taken_from is None else taken_from.stamp_ns
        self._writer.commit()

    def close(self) -> None:
        """Remove the journal from shared memory."""
        self._writer.close()
