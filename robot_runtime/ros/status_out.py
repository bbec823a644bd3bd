"""Status of a node: on its own topic whenever it likes, and on /diagnostics once a second."""

from collections.abc import Callable, Iterable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from robot_runtime.ros import conversions, qos

OK, WARN, ERROR = (
    ord(level) for level in (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)
)
DIAGNOSTICS_NS = 900_000_000  # a little less than a second, since it waits for a status
Part = tuple[str, int, str]  # component, level, and what there is to say


def part(component: str, problem: str, level: int = WARN) -> Part:
    """Return one component: well without a problem, else at `level`."""
    return component, level if problem else OK, problem or 'ok'


class StatusOut:
    """
    Publishes a status, and the same message, with its parts, to /diagnostics (REP-107).

    So a real-time node pays for the second topic only with one more publication a second, and
    one at each change of level.
    """

    def __init__(self, node: Node, component: str, hardware: str) -> None:
        """Name the status `<node>: <component>`; `hardware` is the robot."""
        self._clock, self._hardware = node.get_clock(), hardware
        self._node = node.get_fully_qualified_name().strip('/')
        self._name = f'{self._node}: {component}'
        self._status = node.create_publisher(DiagnosticArray, '~/status', qos.STATUS)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.STATUS)
        self._at_ns, self._level = 0, -1

    def publish(
        self,
        now_ns: int,
        level: int,
        text: str,
        values: dict[str, Any],
        parts: Callable[[], Iterable[Part]] = tuple,
    ) -> None:
        """Publish `values` now; `parts` is asked only when /diagnostics is due."""
        stamp = self._clock.now().to_msg()
        message = conversions.status_message(
            stamp, self._name, self._hardware, level, text, values
        )
        self._status.publish(message)
        if level == self._level and 0 <= now_ns - self._at_ns < DIAGNOSTICS_NS:
            return
        self._at_ns, self._level = now_ns, level
        message.status.extend(
            DiagnosticStatus(
                level=bytes([one]), name=f'{self._node}: {component}', message=said,
                hardware_id=self._hardware,
            )
            for component, one, said in parts()
        )  # fmt: skip
        self._diagnostics.publish(message)
