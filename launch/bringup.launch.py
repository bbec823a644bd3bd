"""Processes of a real robot: the list of `robot-runtime up`; `sim:=true` adds the simulator."""

import inspect

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from robot_runtime.runtime.processes import Process, process_list

PARAMETERS = inspect.signature(process_list).parameters
DEFAULTS = {name: parameter.default for name, parameter in PARAMETERS.items()} | {'sim': False}


def value(name: str, text: str) -> object:
    """Return the argument `name` in the type that its default has."""
    default = DEFAULTS[name]
    if default is None:
        return text or None
    if not isinstance(default, bool):
        return type(default)(text)
    if text.lower() not in ('true', 'false'):
        raise ValueError(f'{name}:={text}, but it must be true or false')
    return text.lower() == 'true'


def action(process: Process) -> ExecuteProcess:
    """Return the launch action that starts `process`."""
    return ExecuteProcess(
        cmd=process.command(),
        name=process.name,
        additional_env=dict(process.environment),
        output='screen',
        respawn=process.respawn,
        respawn_delay=1.0,
        on_exit=[Shutdown(reason=f'{process.name} ended')] if process.critical else None,
    )


def start(context: LaunchContext) -> list[ExecuteProcess]:
    """Return the actions for the arguments given."""
    given = {name: value(name, LaunchConfiguration(name).perform(context)) for name in DEFAULTS}
    return [action(process) for process in process_list(**given)]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments of `process_list`, and its processes."""
    arguments = [
        DeclareLaunchArgument(name, default_value='' if default is None else str(default))
        for name, default in DEFAULTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
