"""Resources that ship with the package: found when installed and in a source checkout."""

from pathlib import Path
import sys

PACKAGE = 'robot_runtime'


def share_folders() -> tuple[Path, ...]:
    """Return where shipped files may be, nearest first: the source checkout, then the install."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    installed = Path(sys.prefix) / 'share' / PACKAGE
    # colcon and `pip install --prefix`: PREFIX/lib/python3.x/site-packages/robot_runtime
    prefixes = [parent.parent for parent in package.parents if parent.name == 'lib']
    folders = [checkout, *(prefix / 'share' / PACKAGE for prefix in prefixes), installed]
    return tuple(dict.fromkeys(folder for folder in folders if (folder / 'config').is_dir()))


def find(relative: str) -> Path | None:
    """Return the shipped file or folder `relative`, such as `config/robots/fr3.yaml`."""
    candidates = (folder / relative for folder in share_folders())
    return next((path for path in candidates if path.exists()), None)


def names(folder: str, pattern: str) -> tuple[str, ...]:
    """Return the sorted stems of what is shipped in `folder`, to tell the user what there is."""
    found = (path.stem for share in share_folders() for path in (share / folder).glob(pattern))
    return tuple(sorted(set(found)))
