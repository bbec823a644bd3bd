"""Real-time class of a node's threads: the loop in FIFO, the middleware's threads below it."""

from typing import Any

from rclpy.node import Node
from robot_runtime.runtime.realtime import enter_realtime, RealtimeReport, set_other_threads_fifo

WITHOUT = RealtimeReport(False, False, False, ('real_time is false: lateness has no bound',))
BELOW = 5


def enter(node: Node, values: dict[str, Any]) -> RealtimeReport:
    """Enter the class that the LOOP parameters ask for and log what could not be had."""
    report = WITHOUT
    if values['real_time']:
        cpu = values['cpu']
        report = enter_realtime(values['priority'], None if cpu < 0 else cpu)
        if report.fifo:
            set_other_threads_fifo(max(1, values['priority'] - BELOW))
    for sentence in report.sentences:
        node.get_logger().warning(sentence)
    return report
