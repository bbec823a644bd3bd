"""Files that the simulator makes a robot of: its URDF or MJCF, and the overlay of the cell."""

from pathlib import Path

from robot_runtime.runtime import resources
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.robot_file import load_robot, RobotFile
from robot_runtime.sim.scene import SceneError


def described_by(robot: str) -> RobotFile | None:
    """Return the robot file that a word names, None for a bare URDF or MJCF, or none at all."""
    if Path(robot).suffix in ('.urdf', '.xml'):
        return None
    known = resources.find(f'config/robots/{robot}.yaml')
    if known is None and not Path(robot).is_file():
        return None
    try:
        return load_robot(robot if known is None else known)
    except ConfigError as error:
        raise SceneError(str(error)) from error


def robot_files(robot: str, overlay: str = '') -> tuple[Path, Path | None]:
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
    described = None if found is not None else described_by(robot)
    if described is not None and described.urdf is not None:  # one URDF of several robot files
        return robot_files(described.urdf, overlay)
    if found is None:
        known = ', '.join(resources.names('config/robots', '*.urdf')) or 'none'
        raise SceneError(f'there is no robot {robot} to simulate; there are: {known}')
    return found, over
