"""Processes of a robot: the list of `robot-runtime up`."""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, LogInfo, OpaqueFunction
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.launch_arguments import defaults, MEANING, misspelt, processes
from robot_runtime.runtime.leftovers import clean_at_exit
from robot_runtime.runtime.processes import Process
from robot_runtime.runtime.ros_domain import ros_domain
from robot_runtime.runtime.supervisor import REFUSAL_S

SIM = '_robot_runtime_sim'  # set by sim.launch.py


class End:
    """What the end of a process means for the run: the same as in `robot-runtime up`."""

    def __init__(self, process: Process) -> None:
        """Note when the process was first started."""
        self._critical, self._first = process.critical, True
        self._refused_until_ns = SteadyClock().now_ns() + round(REFUSAL_S * 1e9)

    def __call__(self, event: ProcessExited, context: LaunchContext) -> None:
        """End the run by an error, since `ros2 launch` ends with 0 after any other shutdown."""
        early = self._first and SteadyClock().now_ns() < self._refused_until_ns
        self._first = False
        if not context.is_shutdown and (self._critical or (early and event.returncode > 0)):
            raise RuntimeError(f'{event.process_name} ended with exit code {event.returncode}')


def action(process: Process) -> ExecuteProcess:
    """Return the launch action that starts `process`."""
    return ExecuteProcess(
        cmd=process.command(),
        name=process.name,
        additional_env=dict(process.environment),
        output='screen',
        respawn=process.respawn,
        respawn_delay=1.0,
        on_exit=End(process),
    )


def start(context: LaunchContext) -> list[LogInfo | ExecuteProcess]:
    """Return the actions for the arguments given."""
    given = {name: LaunchConfiguration(name).perform(context) for name in MEANING}
    sim = LaunchConfiguration(SIM, default='').perform(context) == 'true'
    warnings = [LogInfo(msg=text) for text in misspelt(context.launch_configurations)]
    actions = [action(process) for process in processes(given, sim)]
    clean_at_exit(ros_domain())
    return [*warnings, *actions]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the processes that they give."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=MEANING[name])
        for name, default in defaults().items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
