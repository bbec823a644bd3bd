"""Arguments of the launch files: name, default and meaning, and the processes that they give."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
import inspect
from typing import Any

from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.input_check import check_inputs
from robot_runtime.runtime.processes import Process, process_list

MEANING = {
    'robot': 'Robot file: a name in config/robots or a path.',
    'policy': 'Policy: a name in models/ or a folder.',
    'namespace': 'ROS namespace of the robot.',
    'record': 'Folder to record to; empty: nothing is recorded.',
    'rt': 'Ask for SCHED_FIFO and locked memory: true or false.',
    'rate_hz': '[Hz] Rate of control and gate, 1 to 1000.',
    'speed': 'Share of full speed, 0.01 to 1.',
    'use_sim_time': 'Live by /clock, as in simulation and replay: true or false.',
    'start_envelope': 'Refuse POLICY outside the start pose of its card: true or false.',
    'space': 'Check distances, workspace and tool speed, at 1.2 ms a tick: true or false.',
    'step': 'Each chunk waits until mode/step confirms it: true or false.',
    'seed': 'Seed of the simulator.',
    'sim_width': '[pixels] Width of the images of the simulator.',
    'sim_height': '[pixels] Height of the images of the simulator.',
    'sim_fps': '[Hz] Images per second of each camera of the simulator.',
}
ALIKE = 0.8


def defaults() -> dict[str, str]:
    """Return the default of each argument, as a launch file writes it."""
    return {name: _text(value) for name, value in _defaults().items()}


def processes(given: Mapping[str, str], sim: bool) -> tuple[Process, ...]:
    """Return the processes for the texts given, or raise a ConfigError with one sentence."""
    known = _defaults()
    values = {name: _value(name, text, known[name]) for name, text in given.items()}
    check_inputs(values['robot'], values['policy'])
    return process_list(**values, sim=sim)


def misspelt(given: Iterable[str]) -> list[str]:
    """Return a sentence for each name that looks like an argument and is none."""
    sentences = []
    for name in given:
        if name not in MEANING:
            alike = get_close_matches(name, MEANING, 1, ALIKE)
            sentences += [f'{name}:= is no argument of this launch file; {a} is' for a in alike]
    return sentences


def _defaults() -> dict[str, Any]:
    parameters = inspect.signature(process_list).parameters
    return {name: parameters[name].default for name in MEANING}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return '' if value is None else str(value)


def _value(name: str, text: str, default: Any) -> Any:
    """Return `text` in the type of the default."""
    if default is None:
        return text or None
    if isinstance(default, bool):
        if text.lower() not in ('true', 'false'):
            raise ConfigError(f'{name}:={text}, but it must be true or false: {MEANING[name]}')
        return text.lower() == 'true'
    try:
        return type(default)(text)
    except ValueError:
        kind = 'a whole number' if isinstance(default, int) else 'a number'
        raise ConfigError(f'{name}:={text}, but it must be {kind}: {MEANING[name]}') from None
