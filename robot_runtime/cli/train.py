"""Command `train`: the pick policy from nothing, by imitation of the scripted expert."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
import os
from pathlib import Path
from typing import Annotated, Any

from robot_runtime.cli.check import check_folder, refuse
import typer

NEEDED = ('torch', 'onnx', 'onnxscript', 'mujoco')
INSTALL = "pip install -e '.[sim,train]'"
MOST_SEED = 999_999  # those above are for training


def missing() -> list[str]:
    """Return which packages of the extra [train] are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def train(
    out: Annotated[Path, typer.Option(help='Folder for the policy.')] = Path('models/pick'),
    work: Annotated[Path, typer.Option(
        help='Folder for data and checkpoints; the same folder again goes on where it stopped.',
    )] = Path('build/pick'),
    jobs: Annotated[int, typer.Option(min=1, help='Cores to use.')] = os.cpu_count() or 1,
    quick: Annotated[bool, typer.Option(
        '--quick', help='Few data and few steps: tries every stage in minutes, learns little.',
    )] = False,
    episodes: Annotated[int, typer.Option(
        min=0, max=MOST_SEED, help='Episodes to evaluate with, of seeds never trained on.')] = 60,
    seed: Annotated[int, typer.Option(min=0, help='Seed of the network and of the batches.')] = 0,
    device: Annotated[str, typer.Option(
        help='What learns: auto, cpu or cuda; auto takes a GPU where torch sees one.')] = 'auto',
) -> None:  # fmt: skip
    """Make the data, train, export and evaluate the policy models/pick; go on after a stop."""
    absent = missing()
    if absent:
        refuse(f'train needs {", ".join(absent)}, which the extra [train] brings: {INSTALL}')
    for folder in (out, work):
        check_folder(folder)
    from robot_runtime.export import pick_recipe
    from robot_runtime.export.pick_device import device_of, DeviceError
    from robot_runtime.export.pick_export import ExportError

    chosen = pick_recipe.QUICK if quick else pick_recipe.Recipe()
    try:
        recipe = replace(chosen, jobs=jobs, seed=seed, device=device_of(device))
        show(pick_recipe.run(recipe, work, out))
        figures = try_out(pick_recipe.trial(out, range(episodes)), episodes)
    except (DeviceError, ExportError, OSError) as error:
        refuse(error)
    pick_recipe.note(out, {'evaluation': figures})
    typer.echo(f'{out}: {figures["all"]["success"]} of {episodes} episodes')


def show(news: Iterable[Any]) -> None:
    """Show a bar for each stage."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = ('{task.description}', BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               '{task.fields[text]}')
    with Progress(*columns) as progress:
        bars: dict[str, Any] = {}
        for item in news:
            if item.stage not in bars:
                bars[item.stage] = progress.add_task(item.stage, total=item.total, text='')
            progress.update(bars[item.stage], completed=item.done, text=item.text)


def try_out(outcomes: Iterable[Any], episodes: int) -> dict[str, Any]:
    """Show a bar of the episodes, and return how often they succeeded."""
    from rich.progress import track
    from robot_runtime.export.pick_recipe import summary

    return summary(list(track(outcomes, 'evaluation', total=episodes)))
