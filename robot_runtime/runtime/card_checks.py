"""Comparison of a policy card with the graph it describes and the robot it is to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from robot_runtime.runtime.card_inputs import Input
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.prefix_terms import PrefixInput
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.runtime.tool_ik import ToolIk

FLOATS = ('float32', 'float64')
DTYPES = {
    'instruction': ('object',), 'goal_index': ('int64', 'int32', *FLOATS),
    'tokens': ('int64', 'int32'), 'token_mask': ('int64', 'int32', 'bool', *FLOATS),
    'image': (*FLOATS, 'uint8'), 'is_init': ('bool', *FLOATS),
}  # fmt: skip

# Actions of a card that a group takes by its command; any other takes those that are positions.
ACTIONS = {'velocity': ('joint_velocity',), 'effort': ('effort',)}
POSITIONS = ('joint_position', 'joint_delta', 'ee_pose', 'ee_delta')


@dataclass(frozen=True, slots=True)
class GraphValue:
    """An input or output of a graph as the graph declares it; None: a dimension it leaves open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str  # numpy's name, or 'object' for text

    @property
    def fixed(self) -> tuple[int, ...]:
        """Return the shape with 1 for what the graph leaves open."""
        return tuple(1 if size is None else size for size in self.shape)


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
    _check_grippers(card, robot, who)
    if card.output.tool is not None:
        ToolIk(robot, card.output)
    start = tuple(card.start.position) if card.start else ()
    places = [(f'input {item.name}', item.joint_names) for item in card.inputs]
    for place, joints in (*places, ('start.position', start)):
        unknown = [name for name in joints if name not in have]
        if unknown:
            raise ConfigError(
                f'{who}: {place} names {unknown}, but the robot {robot.name} has {list(have)}'
            )
    for stream in card.streams:
        if getattr(robot.topics, stream, '') is None:  # the others are topics of the policy's own
            raise ConfigError(
                f'{who}: an input needs the {stream}, but the file of the robot {robot.name} has '
                f'no topics.{stream}'
            )
    cameras = [camera.name for camera in robot.cameras]
    for camera in card.cameras:
        if camera not in cameras:
            raise ConfigError(
                f'{who}: camera {camera} is asked for, but the robot {robot.name} has {cameras}'
            )
    _check_windows(card, robot, who)


def _check_windows(card: PolicyCard, robot: RobotFile, who: str) -> None:
    """Refuse a part of an image that reaches beyond it."""
    cameras = {camera.name: camera for camera in robot.cameras}
    for item in card.inputs:
        if item.crop is None or item.camera is None:
            continue
        crop, camera = item.crop, cameras[item.camera]
        right, bottom = crop.left + crop.width, crop.top + crop.height
        if right > camera.width or bottom > camera.height:
            raise ConfigError(
                f'{who}: input {item.name} has a crop that ends at {right}x{bottom}, but the '
                f'images of {item.camera} are {camera.width}x{camera.height}'
            )


def _check_action(card: PolicyCard, robot: RobotFile, who: str) -> None:
    """Refuse an action that is not what a group takes."""
    for group in robot.groups_of_joints:
        taken = ACTIONS.get(group.command, POSITIONS)
        if group.kind == 'arm' and card.output.action not in taken:
            raise ConfigError(
                f'{who}: output.action is {card.output.action}, but the group {group.name} of the '
                f'robot {robot.name} has command: {group.command}'
            )


def _check_grippers(card: PolicyCard, robot: RobotFile, who: str) -> None:
    """Refuse a gripper that would be closed or open where its joint cannot be."""
    joints = {joint.name: joint for joint in robot.joints}
    for name, gripper in card.output.grippers.items():
        joint = joints[name]
        for key in ('closed_at', 'open_at'):
            place = getattr(gripper, key)
            if not joint.lower <= place <= joint.upper:
                raise ConfigError(
                    f'{who}: output.grippers.{name}.{key} is {place:g}, which is outside the '
                    f'range {joint.lower:g} to {joint.upper:g} of the robot {robot.name}'
                )


def check_graph(
    card: PolicyCard, inputs: Sequence[GraphValue], outputs: Sequence[GraphValue]
) -> None:
    """Refuse a card whose names, shapes or types are not those of the graph."""
    who = f'card {card.name}'
    names = [item.name for item in card.inputs] + [item.name for item in card.prefix]
    asked = sorted([*names, *(pair.feeds for pair in card.state)])
    given = {value.name: value for value in inputs}
    if asked != sorted(given):
        raise ConfigError(f'{who}: inputs are {asked}, but the graph has {sorted(given)}')
    for item in card.inputs:
        value = given[item.name]
        _check_declared(f'{who}: input {item.name}', item, value)
        kinds = DTYPES.get(item.term or '', FLOATS)
        if value.dtype == 'uint8' and item.dtype != 'uint8':
            raise ConfigError(
                f'{who}: input {item.name} is uint8 in the graph, which the card must say too: '
                'dtype: uint8'
            )
        if value.dtype not in kinds:
            raise ConfigError(
                f'{who}: input {item.name} is {value.dtype} in the graph, but '
                f'{item.term or "a list of terms"} needs one of {list(kinds)}'
            )
        tail = _tail(item, card.output.columns)
        _check_shape(f'{who}: input {item.name}', value, tail)
    for told in card.prefix:
        _check_prefix(card, told, given[told.name], f'{who}: input {told.name}')
    results = {value.name: value for value in outputs}
    result = results.get(card.output.name)
    if result is None:
        raise ConfigError(
            f'{who}: output.name is {card.output.name}, but the graph has {sorted(results)}'
        )
    if result.dtype not in ('float32', 'float64'):
        raise ConfigError(f'{who}: output {result.name} is {result.dtype}, not a float')
    for pair in card.state:
        _check_state(f'{who}: state {pair.feeds}', given[pair.feeds], results.get(pair.output))
    rows, columns = card.output.rows, card.output.columns
    tail = (rows, columns) if rows > 1 else (columns,)
    _check_shape(f'{who}: output {result.name}', result, tail)


def _check_state(what: str, value: GraphValue, fed: GraphValue | None) -> None:
    """Refuse a state whose output is not there, or could not be its input at the next step."""
    if fed is None:
        raise ConfigError(f'{what} is fed by an output that the graph does not have')
    if value.dtype not in FLOATS or (fed.dtype, fed.fixed) != (value.dtype, value.fixed):
        raise ConfigError(
            f'{what} is {value.dtype} {list(value.shape)}, but the output {fed.name} that feeds '
            f'it is {fed.dtype} {list(fed.shape)}; both must be the same floats'
        )


def _check_prefix(card: PolicyCard, item: PrefixInput, value: GraphValue, what: str) -> None:
    """Refuse an input for what is executed that the graph declares otherwise."""
    if value.dtype not in item.dtypes:
        raise ConfigError(
            f'{what} is {value.dtype} in the graph, but {item.term} needs one of '
            f'{list(item.dtypes)}'
        )
    _check_shape(what, value, item.tail(card.output.rows, len(card.output.joints)))


def _tail(item: Input, actions: int) -> tuple[int, ...]:
    """Return the last dimensions that the graph must have for an input."""
    if item.term != 'image':
        return (item.elements(actions),)
    size = (item.height or 0, item.width or 0)
    image = (3, *size) if item.layout == 'CHW' else (*size, 3)
    return (item.history, *image) if item.history > 1 else image


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
    shape = value.fixed
    matches = prod(shape) == prod(tail) and (len(tail) == 1 or shape[-len(tail):] == tail)
    if not matches:
        raise ConfigError(
            f'{what} has the shape {list(value.shape)} in the graph, but the card says '
            f'{list(tail)}'
        )
