"""Robot status: what the nodes say, in a few lines: what it does, what is wrong, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

CONTROL, GATE, POLICY = 'control_node/status', 'safety_node/status', 'policy_node/status'
READY, LATCHED, NOT_READY = 0, 3, 4  # exit codes; 1: nobody answers, 2: wrong words
SECOND = 1e9
NEXT = {
    'HOLD': '`robot-runtime mode policy` lets the policy move it',
    'POLICY': '`robot-runtime mode hold` stops it',
    'TELEOP': 'it goes to HOLD when the messages on control_node/teleop end',
    'SHADOW': '`robot-runtime mode hold` ends the comparison',
    'HOME': '`robot-runtime mode hold` stops it on its way',
}
# what a reason begins with, and what to do about it before the reset
CAUSES = {
    'e-stop: pressed': 'release the e-stop',
    'e-stop: not heard': 'bring back what sends the e-stop',
    'e-stop: never heard': 'start what sends the e-stop',
    'joint state': 'see that the driver sends joint_states',
    'robot not following': (
        'free the robot, and move it back or add --from-measured to the reset'
    ),
    'command late': 'it lets go by itself, three times a minute; see that the machine is not full',
    'a second publisher': 'end the other publisher',
    'the gate is silent': 'see why safety_node hangs, and end it if it goes on',
    'the gate hung': 'see what held the gate up, and that the machine is not full',
    'the clock of this host': 'let the time service slew the clock, not set it, while robots move',
}
RESET = '`robot-runtime reset`'


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest status of one node."""

    stamp_ns: int  # of the node's own ROS clock
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Summary:
    """What to show, and the exit code that says the same to a script."""

    code: int
    facts: dict[str, Any]  # stable keys

    def lines(self) -> list[str]:
        """Return the facts for people."""
        return [f'{key}: {value}' for key, value in self.facts.items() if value not in ('', None)]


def summary(control: Heard | None, gate: Heard | None, policy: Heard | None) -> Summary:
    """Return what the three nodes say, each None where it is silent."""
    loop, said, model = (one.values if one else {} for one in (control, gate, policy))
    mode = loop.get('mode', 'unknown')
    for_s = _seconds(control, 'since_ns')
    latched = mode in ('FAULT', 'ESTOP') or said.get('latched') == '1'
    reason = said.get('reason', '') if said.get('latched') == '1' else loop.get('fault', '')
    since, lasts_s = (control, for_s) if mode in ('FAULT', 'ESTOP') else (
        gate, _seconds(gate, 'latched_since_ns')
    )  # fmt: skip
    silent = [
        topic.partition('/')[0]
        for topic, one in ((CONTROL, control), (GATE, gate), (POLICY, policy))
        if one is None
    ]
    complaint = _complaint(loop, said)
    facts = {
        'mode': mode,
        'for_s': for_s,
        'gate': said.get('state', 'silent'),
        'policy': f'{model["policy"]}, {model["state"]}' if model.get('policy') else 'silent',
        'fault': reason if latched else '',
        'fault_at': _time_of(since, lasts_s) if latched else '',
        'fault_for_s': lasts_s if latched else None,
        'silent': ', '.join(silent),
        'complaint': complaint,
        'chunk_delay_ms': _delay(loop),
        'notice': loop.get('notice', ''),
        'step': '' if loop.get('step') in (None, 'off') else loop['step'],
        'next': _next(mode, latched, reason, silent, complaint, loop),
    }
    ready = not silent and not complaint and mode not in ('IDLE', 'unknown')
    return Summary(LATCHED if latched else READY if ready else NOT_READY, facts)


def _delay(loop: Mapping[str, str]) -> str:
    """Return what passes from an observation to its chunk, '' before it was measured."""
    p50, p95 = (loop.get(f'chunk_delay_{name}_ms', '0') for name in ('p50', 'p95'))
    return f'{p50}, of 95 % at most {p95}' if float(p95) > 0.0 else ''


def _complaint(loop: Mapping[str, str], gate: Mapping[str, str]) -> str:
    """Return what is wrong with an input, '' for nothing."""
    blocked = gate.get('blocked', '')
    joints = loop.get('joint_states', 'ok')
    return blocked or ('' if joints == 'ok' else f'joint states: {joints}')


def _next(
    mode: str, latched: bool, reason: str, silent: list[str], complaint: str,
    loop: Mapping[str, str],
) -> str:  # fmt: skip
    """Return in words what a person does now."""
    if latched:
        cause = reason.removeprefix('the gate is latched: ')
        first = next((text for begin, text in CAUSES.items() if cause.startswith(begin)), '')
        return f'{first}; then {RESET}' if first else f'see to the cause, then {RESET}'
    if silent:
        return f'see why {", ".join(silent)} does not run'
    if complaint:
        return 'see to the complaint'
    if 'waits for mode/step' in loop.get('step', ''):
        return '`robot-runtime mode step` lets the chunk be replayed'
    return NEXT.get(mode, 'wait: control enters HOLD when the gate is ready')


def _seconds(heard: Heard | None, key: str) -> float | None:
    """Return how long ago the time under `key` was, when the node said so."""
    since_ns = int(heard.values.get(key) or 0) if heard else 0
    if heard is None or since_ns <= 0:
        return None
    return round((heard.stamp_ns - since_ns) / SECOND, 1)


def _time_of(heard: Heard | None, ago_s: float | None) -> str:
    """Return the time of day `ago_s` before the status, as this machine shows it."""
    if heard is None or ago_s is None:
        return ''
    at = datetime.fromtimestamp(heard.stamp_ns / SECOND - ago_s, timezone.utc)
    return at.astimezone().isoformat(' ', 'seconds')
