"""Processes of a simulated robot: those of `bringup.launch.py`, and the simulator."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource


def generate_launch_description() -> LaunchDescription:
    """Return `bringup.launch.py` with the simulator; it takes the same arguments."""
    bringup = Path(__file__).with_name('bringup.launch.py')
    return LaunchDescription([
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(bringup)),
            launch_arguments={'_robot_runtime_sim': 'true'}.items(),
        ),
    ])
