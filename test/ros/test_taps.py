"""Taps of control and policy: what is read of real messages, and of a clock that is set."""

from dataclasses import dataclass

from model_folder import CARD
import numpy as np
import pytest
from rclpy.node import Node
from rclpy.publisher import Publisher
from robot_runtime.ros import conversions, qos
from robot_runtime.ros.chunk_tap import ChunkTap, TOPIC
from robot_runtime.ros.gate_tap import GateTap, GONE_NS, HELD_UP_NS
from robot_runtime.ros.permit_taps import EstopTap
from robot_runtime.ros.ros_time import RosTime
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.policy_card import Output
from std_msgs.msg import Bool
from trajectory_msgs.msg import JointTrajectory

NAMES = ('one', 'two')
MS = 1_000_000
CLOCK = SteadyClock()
WITHIN_NS = 10_000 * MS
OUTPUT = Output(**CARD['output'] | {'joints': NAMES, 'normalization': 'identity'})


def until(condition: object) -> None:
    end_ns = CLOCK.now_ns() + WITHIN_NS
    while not (callable(condition) and condition()):
        assert CLOCK.now_ns() < end_ns
        CLOCK.sleep_until(CLOCK.now_ns() + MS)


def connected(out: Publisher) -> Publisher:
    until(out.get_subscription_count)
    return out


def chunk(names: tuple[str, ...], rows: object) -> JointTrajectory:
    return conversions.chunk_message(1_000 * MS, names, np.array(rows, dtype=np.float64), 20 * MS)


@pytest.mark.parametrize(
    ('message', 'sentence'),
    [
        (chunk(('one', 'three'), [[0.0, 0.0]]), "['two']"),
        (chunk(('one',), [[0.0]]), "['two']"),
        (chunk(NAMES, [[0.0, 0.0, 0.0]]), 'message has 2 joint names and 3 values'),
        (JointTrajectory(joint_names=list(NAMES)), 'rows start at 0'),
    ],
)
def test_what_is_no_chunk_of_this_robot_is_told_and_a_good_one_is_read(
    node: Node, message: JointTrajectory, sentence: str
) -> None:
    tap = ChunkTap(node, NAMES, OUTPUT)
    out = connected(node.create_publisher(JointTrajectory, TOPIC, qos.INTERNAL))
    out.publish(message)
    until(lambda: tap.take(0, 0) or tap.refused)
    (said,) = tap.misread
    assert said.startswith(f'{TOPIC}: ')
    assert sentence in said
    out.publish(chunk(NAMES, [[0.1, 0.2]] * 3))
    read = []
    until(lambda: read.extend(tap.take(5_000 * MS, 4_000 * MS)) or read)
    assert (read[0].start_ns, read[0].step_ns, read[0].rows.shape) == (2_000 * MS, 20 * MS, (3, 2))
    assert tap.misread == ()
    assert tap.trouble == ''


def test_a_second_sender_of_chunks_is_named_and_what_it_says_is_not_read(node: Node) -> None:
    tap = ChunkTap(node, NAMES, OUTPUT)
    one, two = (
        connected(node.create_publisher(JointTrajectory, TOPIC, qos.INTERNAL)) for _ in range(2)
    )
    read = []
    for out in (one, two):
        out.publish(chunk(NAMES, [[0.0, 0.0]]))
        until(lambda: read.extend(tap.take(0, 0)) or read or tap.trouble)
    until(lambda: tap.trouble or tap.take(0, 0))
    assert tap.trouble.startswith(f'a second publisher sends on /{TOPIC}, where one alone may: ')
    assert '/taps and /taps' in tap.trouble
    assert len(read) == 1


def test_of_several_estop_buttons_one_that_is_pressed_is_enough(node: Node) -> None:
    tap = EstopTap(node, 'estop')
    out = connected(node.create_publisher(Bool, 'estop', qos.INTERNAL))
    for pressed in (True, False):  # both wait when the gate looks
        out.publish(Bool(data=pressed))
    CLOCK.sleep_until(CLOCK.now_ns() + 200 * MS)
    until(lambda: tap.take(5) or tap.newest)
    assert tap.newest is not None
    assert tap.newest.value


def test_a_loop_that_was_held_up_itself_gives_the_gate_its_time_anew(node: Node) -> None:
    tap = GateTap(node, NAMES, 4 * MS)
    tap.take(1_000 * MS)
    tap.status = {'state': 'PASS', 'latched': '0', 'reason': ''}
    heard = tap.view(np.zeros(2)).heard_ns
    tap.take(1_000 * MS + HELD_UP_NS)
    assert tap.view(np.zeros(2)).heard_ns == heard
    tap.take(1_000 * MS + 2 * HELD_UP_NS + 1)
    assert tap.view(np.zeros(2)).heard_ns == 1_000 * MS + 2 * HELD_UP_NS + 1


def test_a_gate_is_gone_after_ten_seconds_of_silence_and_not_before_it_was_heard(
    node: Node,
) -> None:
    tap = GateTap(node, NAMES, 4 * MS)
    begun = 1_000 * MS
    tap.take(begun)
    assert tap.gone(begun + 2 * GONE_NS) == ''
    tap.status = {'state': 'PASS', 'latched': '0', 'reason': ''}
    assert tap.gone(begun + GONE_NS) == ''
    assert tap.gone(begun + GONE_NS + 1).startswith('safety_node has said nothing for 10 s')


@dataclass
class Clock:
    """ROS clock of a test: the real steady time and an offset."""

    offset_ns: int = 0

    def now(self) -> 'Clock':
        return self

    @property
    def nanoseconds(self) -> int:
        return CLOCK.now_ns() + self.offset_ns


class Named:
    """What a RosTime asks of a node."""

    def __init__(self) -> None:
        self.clock = Clock()

    def get_clock(self) -> Clock:
        return self.clock


@pytest.mark.parametrize('step_ms', [5_000, -5_000, 40])
def test_a_clock_that_is_set_is_told_once_and_shown_for_a_while(step_ms: int) -> None:
    named = Named()
    time = RosTime(named, CLOCK)

    def settled() -> bool:  # a reading that was interrupted says nothing
        time.read()
        return time._watch._offset_ns is not None

    until(settled)
    assert time.said() == ''
    named.clock.offset_ns = step_ms * MS
    steps = []
    until(lambda: steps.append(time.read()[1]) or time.steps)
    assert steps[-1] == pytest.approx(step_ms * MS, abs=MS)
    assert f'{"forward" if step_ms > 0 else "back"} by ' in time.said()
    assert all(time.read()[1] == 0 for _ in range(100))
    assert time.steps == 1
