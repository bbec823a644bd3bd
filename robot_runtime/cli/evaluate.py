"""Command `eval`: how often a policy does its job, in lockstep or through the whole graph."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import os
from pathlib import Path
from typing import Annotated, Any

from robot_runtime.cli.check import (
    check_folder,
    check_inputs,
    check_machine,
    check_range,
    Policy,
    refuse,
    Robot,
    Space,
)
from robot_runtime.cli.demo_report import write_json
from robot_runtime.cli.evaluate_report import figures_of, Measurement, table
from robot_runtime.sim.episode import (
    ABLATIONS,
    Assignment,
    assignments,
    Conditions,
    INSTRUCTION,
    Outcome,
)
import typer

MILLISECOND = 1_000_000


def evaluate(
    robot: Robot = 'fr3',
    policy: Policy = 'scripted_pick',
    episodes: Annotated[int, typer.Option(min=1, help='How many.')] = 30,
    seed: Annotated[int, typer.Option(min=1, help='Of the first scene; then one more each.')] = 1,
    live: Annotated[bool, typer.Option('--live', help='Through the whole graph.')] = False,
    jobs: Annotated[int, typer.Option(min=1, max=256, help='Processes in lockstep.')] = 1,
    json: Annotated[Path | None, typer.Option(help='File for the figures.')] = None,
    ablation: Annotated[str, typer.Option(help=f'One of: {", ".join(ABLATIONS)}.')] = 'none',
    delay_ms: Annotated[
        float | None,
        typer.Option(min=0.0, max=10_000.0, help='[ms] An inference takes; none: as measured.'),
    ] = None,
    speed: Annotated[float, typer.Option(help='Share of full speed, 0.01 to 1.')] = 1.0,
    noise: Annotated[float, typer.Option(min=0, max=20, help='Times the camera noise.')] = 1.0,
    light: Annotated[float, typer.Option(min=0, max=5, help='Times the light.')] = 1.0,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help='[s] simulated, per episode, at full speed.')
    ] = 40.0,
    instruction: Annotated[str, typer.Option(help='With {} for the colour.')] = INSTRUCTION,
    space: Space = False,
    verbose: Annotated[bool, typer.Option('--verbose', help='Live: show all output.')] = False,
) -> None:
    """Run episodes of the simulated task and say how often it was done."""
    from robot_runtime.runtime.processes import process_environment

    check_inputs(robot, policy)
    _check(policy, ablation, speed, instruction, live, jobs)
    if live:
        check_machine()
    if json is not None:
        check_folder(json.parent)
    conditions = Conditions(
        delay_ns=round((delay_ms or 0.0) * MILLISECOND), speed=speed, ablation=ablation,
        noise=noise, light=light, time_limit_s=time_limit, space=space,
    )  # fmt: skip
    asked = assignments(episodes, seed, ablation, instruction)
    if live:
        from robot_runtime.cli.evaluate_live import measure_live

        measurement = measure_live(robot, policy, conditions, asked, verbose)
    else:
        os.environ.update(process_environment())  # before the simulator is imported
        measurement = _lockstep(robot, policy, conditions, asked, jobs, delay_ms is None)
    figures = figures_of(robot, policy, measurement, 'live' if live else 'lockstep')
    _show(figures)
    if json is not None:
        write_json(figures, json)
    raise typer.Exit(1 if figures['limit_violations'] else 0)


def _check(
    policy: str, ablation: str, speed: float, instruction: str, live: bool, jobs: int
) -> None:
    from robot_runtime.runtime.model_folder import model_folder
    from robot_runtime.runtime.policy_card import load_card

    if ablation not in ABLATIONS:
        refuse(f'--ablation is {ablation!r}; allowed: {", ".join(ABLATIONS)}')
    check_range('--speed', speed, 0.01, 1.0)
    if '{}' not in instruction:
        refuse(f'--instruction is {instruction!r}; it must hold {{}} where the colour stands')
    if live and jobs > 1:
        refuse(f'--jobs is {jobs}, but --live runs one robot in real time; allowed: 1')
    card = load_card(model_folder(policy))
    camera = ablation.removeprefix('blank_')
    if ablation.startswith('blank_') and not (
        card.cameras if camera == 'images' else camera in card.cameras
    ):
        refuse(
            f'--ablation is {ablation}, but the policy {card.name} looks at '
            f'{card.cameras or "no camera"}'
        )


def _lockstep(
    robot: str, policy: str, conditions: Conditions, asked: tuple[Assignment, ...],
    jobs: int, as_measured: bool,
) -> Measurement:  # fmt: skip
    from robot_runtime.runtime.clock import SteadyClock
    from robot_runtime.sim.batch import measured_delay_ns, outcomes, Setup
    from robot_runtime.sim.scene import SceneError

    setup = Setup(robot, policy, conditions)
    clock = SteadyClock()
    try:
        if as_measured:
            conditions = replace(conditions, delay_ns=measured_delay_ns(setup))
            setup = replace(setup, conditions=conditions)
        done: list[Outcome] = []
        with _progress(len(asked)) as advance:
            begin = clock.now_ns()
            for outcome in outcomes(setup, asked, jobs):
                done.append(outcome)
                advance()
            wall_s = (clock.now_ns() - begin) / 1e9
    except SceneError as error:
        refuse(error)
    factor = sum(outcome.seconds for outcome in done) / wall_s
    return Measurement(conditions, tuple(done), factor, conditions.delay_ns / MILLISECOND)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error, where a person looks at it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task('episodes', total=total)
        yield lambda: bar.advance(task)


def _show(figures: dict[str, Any]) -> None:
    from rich.console import Console

    Console().print(table(figures))
