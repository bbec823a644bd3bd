"""Journal of control: a recording tells the modes apart, and what each tick aimed at."""

from collections.abc import Iterator
import os

from control_rig import CONFIG, HOME, Loop, PERIOD, ROS
import numpy as np
import pytest
import rclpy
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.mode import Event, Mode
from robot_runtime.core.stream import Sample
from robot_runtime.ros.control_journal import ControlJournal, EVENTS
from robot_runtime.runtime.journal import journal_name, JournalReader
from robot_runtime.runtime.ros_domain import ros_domain


@pytest.fixture
def journal() -> Iterator[ControlJournal]:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('control_node', context=context, namespace=f'j{os.getpid()}')
    made = ControlJournal(node, CONFIG.limits.count)
    made.reader = JournalReader(journal_name(ros_domain(), node.get_fully_qualified_name()))
    yield made
    made.close()
    node.destroy_node()
    context.try_shutdown()


def test_a_recording_has_the_mode_the_event_and_the_target_of_teleop_and_home(
    journal: ControlJournal,
) -> None:
    loop = Loop()

    def tick(*events: Event, **inputs: object) -> None:
        now = loop.now
        command = loop.tick(*events, **inputs)
        measured = Sample(now, ROS, HOME)
        journal.tick(now, ROS + now, measured, events, loop.state, command, loop.report)

    tick(Event.ENABLE)
    rows = HOME + np.arange(5)[:, None] * 1e-4
    tick(Event.HOME, home=Chunk(0, PERIOD, rows, 0))
    tick()
    sent = Sample(loop.now, ROS + loop.now, HOME - 0.2)
    tick(teleop=sent)
    ticks = journal.reader.take()
    modes = [tuple(Mode)[index] for index in ticks['mode']]
    assert modes == [Mode.HOLD, Mode.HOME, Mode.HOME, Mode.TELEOP]
    assert ticks['events'].tolist() == [
        EVENTS[Event.ENABLE], EVENTS[Event.HOME], 0, EVENTS[Event.TELEOP]
    ]
    assert np.isnan(ticks['target'][0]).all()
    assert (ticks['target'][2] == rows[1]).all()
    assert (ticks['target'][3] == loop.report.target).all()
    assert ticks['teleop_stamp_ns'].tolist() == [0, 0, 0, sent.stamp_ns]
