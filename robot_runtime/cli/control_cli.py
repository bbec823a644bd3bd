"""Commands to a running robot: estop, reset, mode, status."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from robot_runtime.cli.check import Namespace, refuse
import typer

MODES = ('policy', 'hold', 'reset')


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
        session.spin(1.0)
        found = {topic: session.status(topic, 2.0) for topic in _topics()}
    for topic, one in found.items():
        if one is not None:
            typer.echo(topic.partition('/status')[0])
            for key, value in one.values.items():
                typer.echo(f'  {key}: {value}')
    if not any(found.values()):
        refuse('no node sends a status; is the robot up, with the same ROS_DOMAIN_ID?')


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

    from robot_runtime.runtime.processes import process_environment

    os.environ.update(process_environment())
    from robot_runtime.ros.session_client import SessionClient, SessionError

    try:
        with SessionClient(namespace, f'command_line_{os.getpid()}') as session:
            yield session
    except SessionError as error:
        refuse(error)
