"""Command `up`: the processes of a robot, until Ctrl-C."""

from datetime import datetime, timezone
import os
from pathlib import Path
from typing import Annotated

from robot_runtime.cli.check import (
    check_inputs,
    check_machine,
    check_range,
    Namespace,
    Policy,
    refuse,
    Robot,
    Space,
)
import typer


def up(
    robot: Robot = 'fr3',
    policy: Policy = 'scripted_pick',
    namespace: Namespace = '',
    sim: Annotated[bool, typer.Option('--sim', help='Start the simulator too.')] = False,
    record: Annotated[Path | None, typer.Option(help='Folder for a recording.')] = None,
    seed: Annotated[int, typer.Option(help='Seed of the simulator.')] = 1,
    rate_hz: Annotated[float, typer.Option(help='[Hz] Rate of control and gate.')] = 250.0,
    speed: Annotated[float, typer.Option(help='Share of full speed, 0.01 to 1.')] = 1.0,
    rt: Annotated[bool, typer.Option(help='Ask for SCHED_FIFO and locked memory.')] = True,
    use_sim_time: Annotated[
        bool, typer.Option('--use-sim-time', help='Live by /clock, as ROS simulators publish it.')
    ] = False,
    step: Annotated[
        bool, typer.Option('--step', help='Each chunk waits for `robot-runtime mode step`.')
    ] = False,
    start_envelope: Annotated[
        bool, typer.Option(help="Refuse POLICY outside the start pose of the policy's card.")
    ] = True,
    space: Space = False,
    log: Annotated[Path | None, typer.Option(help='Folder for logs.')] = None,
) -> None:
    """Start the gate, control, policy (and simulator, recorder), and end them in order."""
    from robot_runtime.runtime.processes import process_list
    from robot_runtime.runtime.supervisor import Supervisor

    check_range('--seed', seed, 0, 2**31 - 1)
    check_range('--rate-hz', rate_hz, 1.0, 1000.0)
    check_range('--speed', speed, 0.01, 1.0)
    check_inputs(robot, policy)
    logs = log or log_folder()
    check_machine(namespace, logs, record=record)
    processes = process_list(
        robot, policy, namespace, sim=sim, record=None if record is None else str(record),
        seed=seed, rt=rt, rate_hz=rate_hz, speed=speed, use_sim_time=use_sim_time, space=space,
        start_envelope=start_envelope, step=step,
    )  # fmt: skip
    supervisor = Supervisor(processes, logs, say=typer.echo)
    code = supervisor.run()
    if supervisor.failure:
        refuse(supervisor.failure)
    raise typer.Exit(code)


def log_folder() -> Path:
    """Return a new folder for the logs of a run, where ROS keeps its own."""
    home = os.environ.get('ROS_LOG_DIR') or Path.home() / '.ros' / 'log'
    return Path(home) / f'robot_runtime_{time_name()}_{os.getpid()}'


def time_name() -> str:
    """Return the time as a part of a file's name."""
    return datetime.now(timezone.utc).strftime('%Y%m%d_%H%M%S')
