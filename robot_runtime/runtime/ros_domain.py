"""ROS domain of this process, from its environment."""

import os

from robot_runtime.runtime.config_file import ConfigError

MOST = 232  # above it the ports of the domain would not be ports


def ros_domain() -> int:
    """Return the number in ROS_DOMAIN_ID, 0 when it is not set; any other text is refused."""
    text = os.environ.get('ROS_DOMAIN_ID') or '0'
    if text.isascii() and text.isdigit() and int(text) <= MOST:
        return int(text)
    raise ConfigError(f'ROS_DOMAIN_ID is {text!r}, but must be a whole number from 0 to {MOST}')
