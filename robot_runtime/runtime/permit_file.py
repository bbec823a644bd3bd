"""Permits as a robot file declares them: topics that must be right for the robot to move."""

from typing import Annotated

from pydantic import Field
from robot_runtime.core.permits import Permit
from robot_runtime.runtime.config_file import Strict


class PermitFile(Strict):
    """
    One std_msgs/Bool topic: an enabling switch, a heartbeat, a driver's own word.

    `wanted` is the value that lets the robot move, null any value (a heartbeat). Without
    `timeout_s` the topic is latched (transient local) and its last word stays.
    """

    name: Annotated[str, Field(min_length=1)]
    topic: Annotated[str, Field(min_length=1)]
    wanted: bool | None = True
    timeout_s: Annotated[float, Field(gt=0.0, le=10.0)] | None = 0.2

    def permit(self) -> Permit:
        """Return the rule of the gate."""
        timeout_ns = None if self.timeout_s is None else round(self.timeout_s * 1e9)
        return Permit(self.name, self.wanted, timeout_ns)
