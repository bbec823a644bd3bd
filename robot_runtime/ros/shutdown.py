"""Signals and exits of a node: it handles them itself, because it must still brake."""

from collections.abc import Callable
import signal
import sys
from types import FrameType
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.ros.parameters import ParameterError
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.last_exit import ends_within
from robot_runtime.runtime.ros_domain import ros_domain

LEAVE_S = 1.5  # before the supervisor loses patience


class StopFlag:
    """Set by the first SIGINT or SIGTERM; a second one changes nothing."""

    def __init__(self) -> None:
        self.set = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.set = True


class NodeError(RuntimeError):
    """A node cannot go on; the text is one sentence for the person who started it."""


def run_node(
    name: str,
    body: Callable[[Any, StopFlag], int],
    args: list[str] | None,
    kind: Callable[[str], Node] = Node,
) -> int:
    """Run `body` with a node called `name`; bad input becomes one sentence and exit code 1."""
    stop, node, code = StopFlag(), None, 1
    try:
        node = _joined(name, args, kind)
        code = body(node, stop)
    except (ConfigError, ParameterError, NodeError, JointNameError) as error:
        sys.stderr.write(f'{name}: {error}\n')
    finally:
        with ends_within(LEAVE_S, code):
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return code


def _joined(name: str, args: list[str] | None, kind: Callable[[str], Node]) -> Node:
    """Return a node in the ROS graph; words that rcl does not take raise one sentence."""
    ros_domain()  # the middleware ends the process when it is out of range
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        return kind(name)
    except Exception as error:  # noqa: BLE001 - rclpy raises a class of its C++ part
        reason = ' '.join(str(error).partition(', at /')[0].split())
        raise NodeError(f'ROS did not start: {reason}') from error
