"""Parameters of the simulator node, and the files that they name."""

from pathlib import Path

from robot_runtime.ros.parameters import Parameter
from robot_runtime.ros.shutdown import NodeError
from robot_runtime.runtime import resources

PARAMETERS = (
    Parameter('robot', 'fr3', 'Robot: a name in config/robots, or a URDF or MJCF file.'),
    Parameter('overlay', '', 'MJCF with what the robot file cannot say; empty: the shipped one.'),
    Parameter('seed', 1, 'Seed of places, light, colours, camera pose, noise.', 0, 2**31 - 1),
    Parameter('width', 320, '[px] Width of camera frames.', 16, 640),
    Parameter('height', 240, '[px] Height of camera frames.', 16, 480),
    Parameter('fps', 15, '[Hz] Frames per second of each camera.', 1, 60),
    Parameter('cameras', True, 'Render the cameras.'),
    Parameter('rate_hz', 500.0, '[Hz] Physics steps and joint states per second.', 200.0, 1000.0),
    Parameter(
        'command_period_s', 0.004, '[s] Time from one array command to the next.', 1e-3, 0.1
    ),
    Parameter('command_timeout_s', 0.05, '[s] Silence after which a driver stops.', 0.01, 1.0),
    Parameter('on_timeout', 'decelerate', 'What a driver then does: decelerate or hold.'),
    Parameter('witness_scale', 1.0, 'Share of the published limits to judge by.', 0.01, 1.0),
    Parameter('real_time', True, 'Ask for SCHED_FIFO and locked memory: a robot has them too.'),
    Parameter('priority', 60, 'SCHED_FIFO priority, below control and gate.', 1, 98),
    Parameter('cpu', -1, 'Core to stay on; -1: any.', -1, 1023),
    Parameter('publish_clock', False, 'Publish /clock, and stamp by simulated time.'),
    Parameter('reset_arm', False, 'A reset also puts the arm home at once (no robot can).'),
)


def robot_files(robot: str, overlay: str) -> tuple[Path, Path | None]:
    """Return the robot's URDF or MJCF and its overlay; a name means the shipped ones."""
    shipped = resources.find(f'config/sim/{Path(robot).stem}_cell.xml')
    over = Path(overlay) if overlay else shipped
    if Path(robot).suffix in ('.urdf', '.xml'):
        return Path(robot), over
    if Path(robot).suffix in ('.yaml', '.yml'):  # the robot file of the other nodes
        beside = Path(robot).with_suffix('.urdf')
        if beside.is_file():
            return beside, over
    found = resources.find(f'config/robots/{Path(robot).stem}.urdf')
    if found is None:
        known = ', '.join(resources.names('config/robots', '*.urdf')) or 'none'
        raise NodeError(f'there is no robot {robot} to simulate; there are: {known}')
    return found, over
