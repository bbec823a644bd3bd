"""Node parameters, declared once with unit, range and meaning."""

from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name, default, meaning (unit first) and, for numbers, its range."""

    name: str
    default: Any
    doc: str
    low: float | None = None
    high: float | None = None

    def descriptor(self) -> ParameterDescriptor:
        """Return the descriptor that `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(
            name=self.name, description=self.doc, read_only=True, dynamic_typing=True
        )
        if self.low is None or self.high is None:
            return descriptor
        if isinstance(self.default, int):
            descriptor.integer_range = [
                IntegerRange(from_value=int(self.low), to_value=int(self.high), step=0)
            ]
        else:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=self.low, to_value=self.high, step=0.0)
            ]
        return descriptor


class ParameterError(ValueError):
    """A parameter has a value that is not allowed."""


OF_ROS = ('use_sim_time', 'qos_overrides', 'start_type_description_service')
LOOP = (
    Parameter('robot', 'fr3', 'Robot file: a name in config/robots or a path.'),
    Parameter('rate_hz', 250.0, '[Hz] Ticks per second.', 1.0, 1000.0),
    Parameter('speed', 1.0, 'Share of speed: scales chunk clock and bounds.', 0.01, 1.0),
    Parameter('real_time', True, 'Ask for SCHED_FIFO and locked memory.'),
    Parameter('priority', 80, 'SCHED_FIFO priority.', 1, 98),
    Parameter('cpu', -1, 'Core to stay on; -1: any.', -1, 1023),
    Parameter('space', False, 'Check distances, workspace and tool speed: 1.2 ms a tick.'),
)


def read(node: Node, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """Declare `parameters` on `node` and return their values; a wrong one raises a sentence."""
    # rclpy keeps what the command line gave there; declared with its range, it would raise a trace
    given = node._parameter_overrides
    known = [one.name for one in parameters]
    for name in given:
        if name not in known and not name.startswith(OF_ROS):
            raise ParameterError(
                f'the parameter {name} is unknown to {node.get_name()}; known: {", ".join(known)}'
            )
    values = {}
    for one in parameters:
        value = given[one.name].value if one.name in given else one.default
        values[one.name] = checked(node.get_name(), one, value)
        node.declare_parameter(one.name, one.default, one.descriptor())
    return values


def checked(node_name: str, parameter: Parameter, value: Any) -> Any:
    """Return `value` in the type of the default, or raise a sentence that says what is allowed."""
    if isinstance(parameter.default, float) and isinstance(value, int):
        value = float(value)
    kind = type(parameter.default)
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise ParameterError(
            f'parameter {parameter.name} of {node_name} is {value!r}, but a {kind.__name__} is '
            f'needed: {parameter.doc}'
        )
    low, high = parameter.low, parameter.high
    if low is not None and high is not None and not low <= value <= high:
        raise ParameterError(
            f'parameter {parameter.name} of {node_name} is {value}; allowed: {low} to {high}: '
            f'{parameter.doc}'
        )
    return value
