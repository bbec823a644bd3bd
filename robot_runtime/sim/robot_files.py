"""Files that the simulator makes a robot of: its URDF or MJCF, and the overlay of the cell."""

from pathlib import Path

from robot_runtime.runtime import resources
from robot_runtime.sim.scene import SceneError


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
    if found is None:
        known = ', '.join(resources.names('config/robots', '*.urdf')) or 'none'
        raise SceneError(f'there is no robot {robot} to simulate; there are: {known}')
    return found, over
