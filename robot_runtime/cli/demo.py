"""Command `demo`: the whole chain on a simulated robot, some episodes, and a report."""

import os
from pathlib import Path
from typing import Annotated

from rich.columns import Columns
from robot_runtime.cli.check import check_inputs, check_machine, Policy, Robot
from robot_runtime.cli.demo_report import find_recording, tables, write_json
from robot_runtime.cli.demo_run import run_demo
from robot_runtime.cli.demo_view import DemoView
from robot_runtime.cli.run_report import why_not, write_report
from robot_runtime.cli.up import log_folder, time_name
from robot_runtime.runtime.processes import process_environment, process_list
from robot_runtime.runtime.supervisor import Supervisor
from robot_runtime.sim.episode import assignments
import typer

DONE = 0.8  # share of the episodes: a policy that was learnt may fail one


def demo(
    robot: Robot = 'fr3',
    policy: Policy = 'pick',
    headless: Annotated[bool, typer.Option('--headless', help='No live view.')] = False,
    episodes: Annotated[int, typer.Option(min=1, help='How many.')] = 5,
    seed: Annotated[int, typer.Option(min=0, help='Seed of the scene.')] = 1,
    json: Annotated[Path | None, typer.Option(help='File for the figures.')] = None,
    record: Annotated[Path | None, typer.Option(help='Folder to record to.')] = None,
    report: Annotated[
        Path | None, typer.Option(help='File for the report; in the recording by default.')
    ] = None,
    verbose: Annotated[bool, typer.Option('--verbose', help='Show all output.')] = False,
) -> None:
    """
    Bring a simulated robot up, let the policy do its job, and say how it went.

    Ends with 0 when at least 80 % of the episodes were done and no limit was violated.
    """
    check_inputs(robot, policy)
    os.environ.setdefault('ROS_DOMAIN_ID', str(os.getpid() % 100 + 1))
    folder = record or Path('recordings') / f'demo_{time_name()}_{os.getpid()}'
    logs = log_folder()
    check_machine('', logs, json and json.parent, report and report.parent, record=folder)
    processes = process_list(
        robot, policy, sim=True, record=str(folder), seed=seed,
        start_envelope=False,  # each episode begins where the arm was when the last one ended
    )  # fmt: skip
    # After the list: what is set here counts as the user's wish, and the loops have their own.
    os.environ.update(process_environment())
    with DemoView(headless) as view:
        supervisor = Supervisor(processes, logs, say=view.say, echo=verbose)
        run = run_demo(supervisor, view, assignments(episodes, seed + 1))
    if run is None:
        raise typer.Exit(1)
    figures = run.figures(find_recording(folder))
    view.console.print(Columns(tables(figures)))
    if json is not None:
        write_json(figures, json)
    page = report or folder / 'report.html'
    again = f'robot-runtime demo --robot {robot} --policy {policy} --episodes {episodes}'
    view.say(
        why_not() or write_report(page, figures, robot, policy, [f'{again} --seed {seed}'])
    )
    good = figures['success_rate'] >= DONE and figures['limit_violations'] == 0
    raise typer.Exit(0 if good and supervisor.exit_code == 0 else 1)
