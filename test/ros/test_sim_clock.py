"""Simulated clock: a loop lives by /clock, and by nothing when there is none."""

from collections.abc import Iterator
import os

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from robot_runtime.core.pacing import TickStats
from robot_runtime.ros.sim_clock import clock_of, NEWEST, silence, stands
from robot_runtime.ros.ticks import ticks
from robot_runtime.runtime.clock import FakeClock, SteadyClock
from rosgraph_msgs.msg import Clock

MS = 1_000_000
SECOND = 1_000_000_000
WITHIN_NS = 5 * SECOND


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    context = rclpy.Context()
    rclpy.init(context=context)
    sim_time = [Parameter('use_sim_time', value=True)]
    made = Node('simulated', context=context, parameter_overrides=sim_time)
    yield made
    made.destroy_node()
    context.try_shutdown()


@pytest.fixture
def out(node: Node) -> Publisher:
    return node.create_publisher(Clock, '/clock', NEWEST)


def test_a_loop_runs_each_tick_of_its_grid_and_notices_a_clock_that_is_set_back(
    node: Node, out: Publisher
) -> None:
    clock = clock_of(node, by_grid=True)
    stats, seen, back = TickStats(), list[int](), list[int]()
    # The third leaves out more than 50 ms: those ticks are counted, and not made up.
    to_tell = [7_000, 7_013, 7_125, 3_000, 3_004]

    def on_silence() -> bool:
        if out.get_subscription_count() == 0:
            return True
        if not to_tell:
            return False
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(to_tell.pop(0) * MS, SECOND)
        out.publish(message)
        return True

    for now in ticks(clock, 4 * MS, stats, on_silence, back.append):
        assert node.get_clock().now().nanoseconds == now
        seen.append(now // MS)
    assert seen == [7_004, 7_008, 7_012, 7_125, 3_004]
    assert stats.missed == (7_125 - 7_016) // 4
    assert back == [3_000 * MS]


def test_without_a_clock_the_wait_is_bounded_and_is_said(node: Node) -> None:
    clock, steady = clock_of(node), SteadyClock()
    begin = steady.now_ns()
    assert not clock.sleep_until(1)
    assert steady.now_ns() - begin < SECOND
    assert silence(clock).startswith('no /clock for 0.')
    assert not stands(clock)
    while not stands(clock):
        assert steady.now_ns() - begin < WITHIN_NS
        clock.sleep_until(1)


def test_without_use_sim_time_a_loop_lives_by_the_steady_clock() -> None:
    assert silence(SteadyClock()) == ''
    assert not stands(FakeClock())
