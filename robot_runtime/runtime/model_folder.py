"""Model folder: where a policy of a given name lies."""

from pathlib import Path

from robot_runtime.runtime import resources
from robot_runtime.runtime.config_file import ConfigError


def model_folder(path_or_name: str) -> Path:
    """Return the folder of a policy: a path, or a name such as `scripted_pick` in models/."""
    if '/' in path_or_name:
        return Path(path_or_name)
    found = resources.find(f'models/{path_or_name}')
    if found is None:
        have = ', '.join(resources.names('models', '*')) or 'none'
        raise ConfigError(
            f'no policy is named {path_or_name!r}; there are: {have} (or give a folder)'
        )
    return found
