"""Mode: what the control loop is doing, and which event leads where."""

from enum import Enum


class Mode(Enum):
    """What the control loop is doing; recordings hold the order, so a new one goes last."""

    IDLE = 'IDLE'  # sends nothing
    HOLD = 'HOLD'  # stops and stays
    POLICY = 'POLICY'  # follows the policy's chunks
    FAULT = 'FAULT'  # stopped for a reason, latched
    TELEOP = 'TELEOP'  # follows a person
    SHADOW = 'SHADOW'  # stays, and compares the policy with what the robot does
    HOME = 'HOME'  # goes to the home position
    ESTOP = 'ESTOP'  # stopped by the gate's e-stop, latched


class Event(Enum):
    """What an operator, a program or a detector asks of the loop; a new one goes last."""

    ENABLE = 'ENABLE'
    POLICY = 'POLICY'
    HOLD = 'HOLD'
    DISABLE = 'DISABLE'
    FAULT = 'FAULT'
    RESET = 'RESET'
    TELEOP = 'TELEOP'
    SHADOW = 'SHADOW'
    HOME = 'HOME'
    ESTOP = 'ESTOP'
    STEP = 'STEP'  # confirms a chunk; changes no mode


LATCHED = (Mode.FAULT, Mode.ESTOP)
MOVING = (Mode.POLICY, Mode.TELEOP, Mode.HOME)  # only these send more than a stop
LISTENING = (Mode.POLICY, Mode.SHADOW)  # the policy infers
ENGAGED = (Mode.HOLD, *MOVING, Mode.SHADOW)

MOVES = {
    (Mode.IDLE, Event.ENABLE): Mode.HOLD,
    (Mode.HOLD, Event.POLICY): Mode.POLICY,
    (Mode.HOLD, Event.SHADOW): Mode.SHADOW,
    (Mode.HOLD, Event.HOME): Mode.HOME,
    # A person takes over from whatever moves or holds the robot.
    (Mode.HOLD, Event.TELEOP): Mode.TELEOP,
    (Mode.POLICY, Event.TELEOP): Mode.TELEOP,
    (Mode.SHADOW, Event.TELEOP): Mode.TELEOP,
    (Mode.HOME, Event.TELEOP): Mode.TELEOP,
    (Mode.POLICY, Event.HOLD): Mode.HOLD,
    (Mode.TELEOP, Event.HOLD): Mode.HOLD,
    (Mode.SHADOW, Event.HOLD): Mode.HOLD,
    (Mode.HOME, Event.HOLD): Mode.HOLD,
    (Mode.HOLD, Event.DISABLE): Mode.IDLE,
    (Mode.POLICY, Event.DISABLE): Mode.IDLE,
    (Mode.TELEOP, Event.DISABLE): Mode.IDLE,
    (Mode.SHADOW, Event.DISABLE): Mode.IDLE,
    (Mode.HOME, Event.DISABLE): Mode.IDLE,
    (Mode.FAULT, Event.RESET): Mode.HOLD,
    (Mode.ESTOP, Event.RESET): Mode.HOLD,
}


def next_mode(mode: Mode, event: Event) -> Mode:
    """
    Return the mode after `event`; a pair that is not listed changes nothing.

    An e-stop wins from anywhere, and a fault from anywhere but an e-stop.
    """
    if event is Event.ESTOP:
        return Mode.ESTOP
    if event is Event.FAULT:
        return Mode.ESTOP if mode is Mode.ESTOP else Mode.FAULT
    return MOVES.get((mode, event), mode)


def allowed_from(event: Event) -> str:
    """Return in words from which modes `event` leads elsewhere."""
    return ', '.join(mode.name for mode in Mode if (mode, event) in MOVES)
