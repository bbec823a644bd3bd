"""Signals and exits of a node: it handles them itself, because it must still brake."""

from collections.abc import Callable
import signal
import sys
from types import FrameType

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from robot_runtime.core.joint_order import JointNameError
from robot_runtime.ros.parameters import ParameterError
from robot_runtime.runtime.robot_file import ConfigError


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


def run_node(name: str, body: Callable[[Node, StopFlag], int], args: list[str] | None) -> int:
    """Run `body` with a node called `name`; bad input becomes one sentence and exit code 1."""
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    stop = StopFlag()
    node = Node(name)
    try:
        return body(node, stop)
    except (ConfigError, ParameterError, NodeError, JointNameError) as error:
        sys.stderr.write(f'{name}: {error}\n')
        return 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
