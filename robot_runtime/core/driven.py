"""Driven joints: those whose command goes by what is measured of them, setpoints and efforts."""

from robot_runtime.core.control_events import unusable
from robot_runtime.core.control_state import ControlConfig, ControlInputs
from robot_runtime.core.effort_shape import shape_efforts
from robot_runtime.core.limits import Shaped
from robot_runtime.core.setpoint_shape import shape_setpoints
from robot_runtime.core.types import Floats, Motion


def driven(
    config: ControlConfig,
    shaped: Shaped,
    wanted: Floats | None,
    last: Motion,
    now_ns: int,
    inputs: ControlInputs,
) -> Shaped:
    """
    Return `shaped` with setpoints and efforts nearest to `wanted`, (J,), None for a stop.

    Setpoints then stay, as they do where nothing usable is measured; efforts then go to zero.
    """
    if config.setpoints is None and config.efforts is None:
        return shaped
    measured, velocities = inputs.measured, inputs.velocities
    blind = measured is None or bool(unusable(config, inputs, now_ns))
    dt_s = config.period_ns / 1e9
    if config.efforts is not None:
        place = last.position if measured is None else measured.value
        felt = None if blind else velocities
        return shape_efforts(config.efforts, shaped, wanted, last, place, felt, dt_s)
    if blind or config.setpoints is None or measured is None or velocities is None:
        return shaped
    return shape_setpoints(
        config.setpoints, shaped, last.position if wanted is None else wanted, last,
        measured.value, velocities, config.limits, dt_s,
    )  # fmt: skip
