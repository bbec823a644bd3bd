"""Limits in a URDF: what the description of a robot allows each of its joints."""

from dataclasses import dataclass
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from robot_runtime.runtime.config_file import ConfigError

MOVING = ('revolute', 'prismatic', 'continuous')
INF = float('inf')


@dataclass(frozen=True, slots=True)
class UrdfJoint:
    """What a URDF allows one joint, in rad or m; inf where it says nothing."""

    lower: float
    upper: float
    velocity: float
    effort: float


def urdf_root(path: Path) -> ElementTree.Element:
    """Return the root of a URDF, or raise a ConfigError with one sentence."""
    try:
        return ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise ConfigError(f'{path} cannot be read: {error.strerror}') from error
    except ElementTree.ParseError as error:
        raise ConfigError(f'{path} is not XML: {error}') from error


def read_urdf(path: Path) -> dict[str, UrdfJoint]:
    """Return the moving joints of a URDF by name, or raise a ConfigError with one sentence."""
    root = urdf_root(path)
    joints = [one for one in root.findall('joint') if one.get('type') in MOVING]
    return {one.get('name', ''): _joint(one, path) for one in joints}


def _joint(joint: ElementTree.Element, path: Path) -> UrdfJoint:
    limit = joint.find('limit')
    given = {} if limit is None else limit.attrib
    endless = joint.get('type') == 'continuous'
    unsaid = {'lower': '0', 'upper': '0', 'velocity': 'inf', 'effort': 'inf'}  # as URDF has it
    try:
        values = {name: float(given.get(name, default)) for name, default in unsaid.items()}
    except ValueError as error:
        raise ConfigError(f'{path}: a limit of joint {joint.get("name")}: {error}') from error
    if endless:
        values |= {'lower': -INF, 'upper': INF}
    return UrdfJoint(**values)
