"""What a witness of commands that are no positions notes: by how much a limit was gone beyond."""

import numpy as np
from robot_runtime.sim.witness import COMMAND_TOLERANCE, Findings, Floats


def note(found: Findings, kind: str, ratio: Floats, what: str) -> None:
    """Take by how much of its limit each joint of a command goes, (J,), in `what`."""
    worst = float(ratio.max())
    found.worst[kind] = max(found.worst[kind], worst)
    if worst <= 1.0 + COMMAND_TOLERANCE:
        return
    found.violations[kind] += 1
    if not found.first:
        joint = int(np.argmax(ratio))
        found.first = (
            f'command {found.commands}: {what} of joint {joint + 1} is '
            f'{ratio[joint]:.6f} times its limit'
        )
