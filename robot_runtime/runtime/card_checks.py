"""Comparison of a policy card with the graph it describes and the robot it is to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from robot_runtime.core.observation import Kind
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.policy_card import Input, PolicyCard
from robot_runtime.runtime.robot_file import RobotFile

ACTIONS = {'velocity': 'joint_velocity', 'effort': 'effort'}  # of a card, by the group's command


@dataclass(frozen=True, slots=True)
class GraphValue:
    """An input or output of a graph as the graph declares it; None: a dimension it leaves open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str  # numpy's name, or 'object' for text


def check_robot(card: PolicyCard, robot: RobotFile) -> None:
    """Refuse a card whose joints, cameras or start do not fit the robot."""
    who = f'card {card.name}'
    have = robot.joint_names
    if sorted(card.output.joints) != sorted(have):
        raise ConfigError(
            f'{who}: output.joints is {list(card.output.joints)}, but the robot {robot.name} '
            f'has {list(have)}, and each must stand there once'
        )
    _check_action(card, robot, who)
    start = tuple(card.start.position) if card.start else ()
    places = [(f'input {item.name}', item.joints) for item in card.inputs]
    for place, joints in (*places, ('start.position', start)):
        unknown = [name for name in joints if name not in have]
        if unknown:
            raise ConfigError(
                f'{who}: {place} names {unknown}, but the robot {robot.name} has {list(have)}'
            )
    cameras = [camera.name for camera in robot.cameras]
    for camera in card.cameras:
        if camera not in cameras:
            raise ConfigError(
                f'{who}: camera {camera} is asked for, but the robot {robot.name} has {cameras}'
            )


def _check_action(card: PolicyCard, robot: RobotFile, who: str) -> None:
    """Refuse an action that is not what a group takes."""
    for group in robot.groups_of_joints:
        wanted = ACTIONS.get(group.command, 'joint_position')
        if group.kind == 'arm' and card.output.action != wanted:
            raise ConfigError(
                f'{who}: output.action is {card.output.action}, but the group {group.name} of the '
                f'robot {robot.name} has command: {group.command}'
            )


def check_graph(
    card: PolicyCard, inputs: Sequence[GraphValue], outputs: Sequence[GraphValue]
) -> None:
    """Refuse a card whose names, shapes or types are not those of the graph."""
    who = f'card {card.name}'
    asked = sorted(item.name for item in card.inputs)
    given = {value.name: value for value in inputs}
    if asked != sorted(given):
        raise ConfigError(f'{who}: inputs are {asked}, but the graph has {sorted(given)}')
    for item in card.inputs:
        value = given[item.name]
        _check_declared(f'{who}: input {item.name}', item, value)
        kinds = _dtypes(item.term)
        if value.dtype not in kinds:
            raise ConfigError(
                f'{who}: input {item.name} is {value.dtype} in the graph, but {item.term} needs '
                f'one of {list(kinds)}'
            )
        _check_shape(f'{who}: input {item.name}', value, _tail(item))
    results = {value.name: value for value in outputs}
    result = results.get(card.output.name)
    if result is None:
        raise ConfigError(
            f'{who}: output.name is {card.output.name}, but the graph has {sorted(results)}'
        )
    if result.dtype not in ('float32', 'float64'):
        raise ConfigError(f'{who}: output {result.name} is {result.dtype}, not a float')
    rows, joints = card.output.rows, len(card.output.joints)
    _check_shape(f'{who}: output {result.name}', result, (rows, joints) if rows > 1 else (joints,))


def _dtypes(term: Kind) -> tuple[str, ...]:
    if term == 'instruction':
        return ('object',)
    floats = ('float32', 'float64')
    return {'goal_index': ('int64', 'int32', *floats), 'image': (*floats, 'uint8')}.get(
        term, floats
    )


def _tail(item: Input) -> tuple[int, ...]:
    """Return the last dimensions that the graph must have for a term."""
    if item.term == 'image':
        size = (item.height or 0, item.width or 0)
        return (3, *size) if item.layout == 'CHW' else (*size, 3)
    return (item.size,)


def _check_declared(what: str, item: Input, value: GraphValue) -> None:
    """Refuse a shape or type that the card writes down and the graph does not have."""
    dtype = 'string' if value.dtype == 'object' else value.dtype
    if item.dtype is not None and item.dtype != dtype:
        raise ConfigError(f'{what} is {dtype} in the graph, but the card says {item.dtype}')
    if item.shape is not None and (
        len(item.shape) != len(value.shape)
        or any(b not in (None, a) for a, b in zip(item.shape, value.shape, strict=True))
    ):
        raise ConfigError(
            f'{what} has the shape {list(value.shape)} in the graph, but the card says '
            f'{list(item.shape)}'
        )


def _check_shape(what: str, value: GraphValue, tail: tuple[int, ...]) -> None:
    """Refuse a shape of another size; the dimensions of an image and of rows must match too."""
    shape = tuple(1 if size is None else size for size in value.shape)
    matches = prod(shape) == prod(tail) and (len(tail) == 1 or shape[-len(tail):] == tail)
    if not matches:
        raise ConfigError(
            f'{what} has the shape {list(value.shape)} in the graph, but the card says '
            f'{list(tail)}'
        )
