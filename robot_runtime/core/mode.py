"""Mode: what the control loop is doing, and which event leads where."""

from enum import Enum


class Mode(Enum):
    """What the control loop is doing."""

    IDLE = 'IDLE'  # sends nothing
    HOLD = 'HOLD'  # stops and stays
    POLICY = 'POLICY'  # follows the policy's chunks
    FAULT = 'FAULT'  # stopped for a reason, latched


class Event(Enum):
    """What an operator, a program or a detector asks of the control loop."""

    ENABLE = 'ENABLE'
    POLICY = 'POLICY'
    HOLD = 'HOLD'
    DISABLE = 'DISABLE'
    FAULT = 'FAULT'
    RESET = 'RESET'


MOVES = {
    (Mode.IDLE, Event.ENABLE): Mode.HOLD,
    (Mode.HOLD, Event.POLICY): Mode.POLICY,
    (Mode.POLICY, Event.HOLD): Mode.HOLD,
    (Mode.HOLD, Event.DISABLE): Mode.IDLE,
    (Mode.POLICY, Event.DISABLE): Mode.IDLE,
    (Mode.FAULT, Event.RESET): Mode.HOLD,
}


def next_mode(mode: Mode, event: Event) -> Mode:
    """Return the mode after `event`. A fault wins; a pair that is not listed changes nothing."""
    if event is Event.FAULT:
        return Mode.FAULT
    return MOVES.get((mode, event), mode)
