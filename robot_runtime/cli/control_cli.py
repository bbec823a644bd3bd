"""Commands to a running robot: estop, reset, mode, status."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from robot_runtime.cli.check import Namespace, refuse
import typer

MODES = ('policy', 'hold', 'reset')
# The slowest status comes five times a second, to who has found its sender
TURN_S, LEAST_TURNS, MOST_TURNS, FRESH_S = 0.2, 5, 25, 2.0
WITNESS = 'sim/witness'  # which a real robot has not


def estop(namespace: Namespace = '') -> None:
    """Brake to rest and stay latched (a software stop, no safety function)."""
    _call('safety_node/estop', namespace)


def reset(namespace: Namespace = '') -> None:
    """Let go of the gate's latch, then of control's fault."""
    _call('safety_node/reset', namespace)
    _call('control_node/mode/reset', namespace)


def mode(
    name: Annotated[str, typer.Argument(help=f'One of: {", ".join(MODES)}.')],
    namespace: Namespace = '',
) -> None:
    """Ask control for a mode."""
    if name not in MODES:
        refuse(f'no mode is named {name!r}; there are: {", ".join(MODES)}')
    _call(f'control_node/mode/{name}', namespace)


def status(namespace: Namespace = '') -> None:
    """Show the newest status of each node."""
    with _session(namespace) as session:
        found = _found(session)
    if not any(found.values()):
        refuse(
            'no node sends a status; is the robot up, with the same ROS_DOMAIN_ID and namespace?'
        )
    for topic, one in found.items():
        name = topic.partition('/status')[0]
        if one is not None:
            typer.echo(name)
            for key, value in one.values.items():
                typer.echo(f'  {key}: {value}')
        elif topic != WITNESS:
            typer.echo(f'{name}\n  silent for {MOST_TURNS * TURN_S:g} s')


def _found(session: Any) -> dict[str, Any]:
    """Return the newest status of each node, as soon as all have said something."""
    found: dict[str, Any] = {}
    for turn in range(MOST_TURNS):
        session.spin(TURN_S)
        found = {topic: session.status(topic, FRESH_S) for topic in _topics()}
        heard = all(one for topic, one in found.items() if topic != WITNESS)
        if heard and (found[WITNESS] or turn >= LEAST_TURNS):
            break
    return found


def _topics() -> tuple[str, ...]:
    from robot_runtime.ros.session_client import STATUS_TOPICS

    return STATUS_TOPICS


def _call(service: str, namespace: str) -> None:
    with _session(namespace) as session:
        answer = session.call(service)
    typer.echo(answer.message)
    if not answer.success:
        raise typer.Exit(1)


@contextmanager
def _session(namespace: str) -> Iterator[Any]:
    import os

    from robot_runtime.runtime.processes import COMMAND_LINE, process_environment

    os.environ.update(process_environment(COMMAND_LINE))
    from robot_runtime.ros.session_client import SessionClient, SessionError
    from robot_runtime.runtime.config_file import ConfigError
    from robot_runtime.runtime.ros_domain import ros_domain

    try:
        ros_domain()
        with SessionClient(namespace, f'command_line_{os.getpid()}') as session:
            yield session
    except (ConfigError, SessionError) as error:
        refuse(error)
