"""Timeouts of a robot file: how long, and how often, something may be amiss."""

from typing import Annotated

from pydantic import Field
from robot_runtime.runtime.config_file import Positive, Strict


class Timeouts(Strict):
    """Ages after which an input counts as absent [s], and bad chunks that are one too many."""

    joint_state_s: Positive
    future_s: Positive = 0.05  # by which the stamp of a joint state or frame may be ahead of us
    camera_s: Positive
    frozen_s: Positive = 1.0  # of equal frames, while the robot moved
    command_s: Positive  # silence of control before the gate brakes, without a real-time class
    command_realtime_s: Positive  # the same with one
    estop_s: Positive
    gate_s: Annotated[float, Field(ge=0.2, le=10.0)] = 0.3  # silence of the gate: FAULT
    bad_chunks: Annotated[int, Field(ge=1, le=1000)] = 5  # in a row: FAULT
