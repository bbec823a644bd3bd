"""Commands to a running robot: estop, reset, mode, status."""

from collections.abc import Iterator
from contextlib import contextmanager
import json as json_format
from pathlib import Path
from typing import Annotated, Any

from robot_runtime.cli import robot_status
from robot_runtime.cli.check import check_folder, Namespace, refuse
from robot_runtime.cli.robot_status import CONTROL, GATE, Heard, POLICY
import typer

MODES = ('policy', 'hold', 'home', 'shadow', 'step')
TELEOP = (
    'TELEOP has no command: it begins with the first message on control_node/teleop and ends '
    'when they end'
)
# The slowest status comes five times a second, to who has found its sender
TURN_S, LEAST_TURNS, MOST_TURNS, FRESH_S = 0.2, 5, 25, 2.0
WITNESS = 'sim/witness'  # which a real robot has not
ENTER_S, HOME_S, SOON_S = 3.0, 600.0, 0.05
QUESTION = (
    'The next engagement begins where the robot is now, and not where the gate stopped it.\n'
    'Have you looked why the robot is not there, and shall it begin where it is?'
)
LATCHED = ('FAULT', 'ESTOP')
PUSHED = 'not following'  # what a refused reset then says
FROM_MEASURED = (
    'move the robot back, or begin where it is with `robot-runtime reset --from-measured`'
)


def estop(namespace: Namespace = '') -> None:
    """Brake to rest and stay latched (a software stop, no safety function)."""
    with _session(namespace) as session:
        typer.echo(_agreed(session, 'safety_node/estop'))


def reset(
    namespace: Namespace = '',
    from_measured: Annotated[
        bool,
        typer.Option('--from-measured', help='Begin where the robot is; asks for confirmation.'),
    ] = False,
    yes: Annotated[bool, typer.Option('--yes', help='Do not ask: it is confirmed.')] = False,
) -> None:
    """Let go of the gate's latch, then of control's fault."""
    if from_measured and not yes and not typer.confirm(QUESTION):
        refuse('nothing was reset')
    with _session(namespace) as session:
        _heard_of(session, GATE)
        if from_measured:
            typer.echo(_agreed(session, 'safety_node/reset_from_measured'))
        elif _value(session, GATE, 'latched') != '0':
            typer.echo(_agreed(session, 'safety_node/reset'))
        # control hears of it a moment later, and refuses until then
        for _ in range(round(ENTER_S / TURN_S)):
            answer = session.call('control_node/mode/reset')
            if answer.success:
                break
            session.spin(TURN_S)
        else:
            refuse(answer.message)
        _wait(session, lambda: _mode(session) not in ('', *LATCHED), ENTER_S)
        if _mode(session) in ('', *LATCHED):
            refuse(f'mode is still {_mode(session)}: {_value(session, CONTROL, "fault")}')
        typer.echo(f'mode is {_mode(session)}')


def mode(
    name: Annotated[str, typer.Argument(help=f'One of: {", ".join(MODES)}.')],
    namespace: Namespace = '',
) -> None:
    """Ask control for a mode, and return when it is entered; HOME, when it is reached."""
    if name == 'teleop':
        refuse(TELEOP)
    if name not in MODES:
        refuse(f'no mode is named {name!r}; there are: {", ".join(MODES)}')
    wanted = 'POLICY' if name == 'step' else name.upper()
    with _session(namespace) as session:
        _heard_of(session, CONTROL)
        said = _agreed(session, f'control_node/mode/{name}')
        session.spin(SOON_S)
        if name == 'home':
            session.spin(TURN_S)
            _wait(session, lambda: _mode(session) not in ('HOME', ''), HOME_S)
            wanted = 'HOLD'
        _wait(session, lambda: _mode(session) == wanted, ENTER_S)
        now, notice = _mode(session), _value(session, CONTROL, 'notice')
    if now != wanted or (name == 'home' and notice.startswith('HOME ended')):
        refuse(f'mode is {now or "unknown"}; {notice or "control says nothing"}')
    typer.echo(said if name == 'step' else 'mode is HOLD, at home' if name == 'home' else
               f'mode is {now}')


def status(
    namespace: Namespace = '',
    everything: Annotated[bool, typer.Option('--all', help='Every value of each node.')] = False,
    json: Annotated[Path | None, typer.Option(help='File for the same, for programs.')] = None,
) -> None:
    """Show the mode, what is wrong and what to do; ends with 0, 3 if latched, 4 if not ready."""
    if json is not None:
        check_folder(json.parent)
    with _session(namespace) as session:
        found = _found(session)
    if not any(found.values()):
        refuse(
            'no node sends a status; is the robot up, with the same ROS_DOMAIN_ID and namespace?'
        )
    heard = {
        topic: Heard(one.stamp_ns, one.values) if one else None for topic, one in found.items()
    }
    short = robot_status.summary(heard[CONTROL], heard[GATE], heard[POLICY])
    for line in short.lines():
        typer.echo(line)
    if everything:
        _show(heard)
    if json is not None:
        nodes = {topic: dict(one.values) for topic, one in heard.items() if one}
        json.write_text(json_format.dumps(short.facts | {'code': short.code, 'nodes': nodes}))
    raise typer.Exit(short.code)


def _show(heard: dict[str, Heard | None]) -> None:
    """Show every value of each node."""
    for topic, one in heard.items():
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


def _agreed(session: Any, service: str) -> str:
    """Call a service and return what it said; its refusal ends the command."""
    answer = session.call(service)
    if not answer.success:
        hint = f'; {FROM_MEASURED}' if PUSHED in answer.message else ''
        refuse(f'{answer.message}{hint}')
    return str(answer.message)


def _heard_of(session: Any, topic: str) -> None:
    """Wait until a node has said something, so that what comes next is known to be new."""
    _wait(session, lambda: session.status(topic, FRESH_S), ENTER_S)


def _wait(session: Any, condition: Any, within_s: float) -> None:
    """Take what arrives until the condition holds, or time is up."""
    for _ in range(round(within_s / SOON_S)):
        if condition():
            return
        session.spin(SOON_S)


def _mode(session: Any) -> str:
    return _value(session, CONTROL, 'mode')


def _value(session: Any, topic: str, key: str) -> str:
    found = session.status(topic, FRESH_S)
    return str(found.values.get(key, '')) if found else ''


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
