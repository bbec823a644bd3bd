"""Check of what a person asked for, before anything starts."""

import os
from pathlib import Path
import re
import shutil
from typing import Annotated, NoReturn

import typer

NAMESPACE = re.compile(r'(/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*/?)?|/')
RECORDING_BYTES = 100 << 20  # a few minutes; the recorder says so when the disk fills up
POLICY_HELP = 'Policy: a name in models/ or a folder.'
ROBOT_HELP = 'Robot file: a name in config/robots or a path.'
Robot = Annotated[str, typer.Option(help=ROBOT_HELP)]
Policy = Annotated[str, typer.Option(help=POLICY_HELP)]
Namespace = Annotated[str, typer.Option(help='ROS namespace of the robot.')]
Space = Annotated[
    bool, typer.Option('--space', help='Check distances, workspace and tool speed.')
]


def refuse(sentence: object) -> NoReturn:
    """Say why not, and end non-zero."""
    typer.echo(f'robot-runtime: {sentence}', err=True)
    raise typer.Exit(1)


def check_inputs(robot: str, policy: str) -> tuple[str, ...]:
    """
    Refuse a robot or a policy that is unknown or broken, or a policy of another robot.

    Return in lines what is checked of the robot's commands where that is less than usual.
    """
    from robot_runtime.runtime import input_check
    from robot_runtime.runtime.config_file import ConfigError

    try:
        return input_check.check_inputs(robot, policy)
    except ConfigError as error:
        refuse(error)


def check_machine(namespace: str = '', *folders: Path | None, record: Path | None = None) -> None:
    """Refuse a namespace, folders to write to, or a shared memory that will not do."""
    from robot_runtime.runtime.leftovers import shared_memory_problem

    if not NAMESPACE.fullmatch(namespace):
        refuse(f'the namespace is {namespace!r}, but takes letters, digits, _ and / between names')
    problem = shared_memory_problem()
    if problem is not None:
        refuse(problem)
    for folder in (*folders, record):
        if folder is not None:
            check_folder(folder)
    if record is None:
        return
    if any(record.glob('*.mcap')):
        refuse(f'{record} holds a recording already: name another folder, or remove that one')
    free = shutil.disk_usage(record).free
    if free < RECORDING_BYTES:
        refuse(
            f'the disk of {record} has {free >> 20} MiB free, but a recording needs '
            f'{RECORDING_BYTES >> 20} MiB: make room, or name a folder elsewhere'
        )


def check_range(option: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is out of its range; NaN is in none."""
    if not low <= value <= high:
        refuse(f'{option} is {value:g}, but must be from {low:g} to {high:g}')


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f'.robot_runtime_{os.getpid()}'
        probe.touch()
        probe.unlink()
    except OSError as error:
        refuse(f'nothing can be written to the folder {folder}: {error.strerror}')


def check(robot: Robot = 'fr3', policy: Policy = 'scripted_pick') -> None:
    """Check a robot, a policy and this machine, and start nothing."""
    said = check_inputs(robot, policy)
    check_machine()
    for line in (f'{robot} with {policy}: ok', *said):
        typer.echo(line)
