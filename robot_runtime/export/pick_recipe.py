"""Recipe of the pick policy: shards, lessons, rounds with the student, export and evaluation."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
import json
import multiprocessing
import os
from pathlib import Path
import platform
from typing import Any

from robot_runtime.export.pick_card import RECORD
from robot_runtime.export.pick_data import FIRST_SEED, make_shard, SHARD, shard_path
from robot_runtime.export.pick_device import coarse, named
from robot_runtime.export.pick_student import evaluate, Outcome
from robot_runtime.sim.task import COLOURS

PACKAGES = ('torch', 'onnx', 'onnxscript', 'onnxruntime', 'mujoco', 'numpy',
            'opencv-python-headless')  # fmt: skip
STUDENT = 'student'
ROUND_SHARDS = 1000  # between the numbers of the first shards of two rounds, so that seeds differ
EVALUATION_SEEDS = range(FIRST_SEED)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much is seen and learned: at first by the expert alone, then round by round."""

    shards: int = 60  # of a thousand samples, by the expert
    round_shards: tuple[int, ...] = (16,)  # by the student of the lessons before
    steps: tuple[int, ...] = (5000, 7000)  # at which the lessons end
    head_steps: int = 3000  # before, of the head alone
    batch: int = 64
    rate: float = 8e-4
    seed: int = 0
    jobs: int = 2
    device: str = 'cpu'  # of torch, that learns


QUICK = Recipe(shards=2, round_shards=(1,), steps=(40, 60), head_steps=50)


@dataclass(frozen=True, slots=True)
class News:
    """How far one stage is."""

    stage: str
    done: int
    total: int
    text: str = ''


def run(recipe: Recipe, work: Path, out: Path) -> Iterator[News]:
    """Do what is not yet done in the folder `work`, and write the policy to `out`."""
    from robot_runtime.export.pick_export import write
    from robot_runtime.export.pick_train import averaged

    lessons = len(recipe.steps)
    for lesson in range(lessons):
        if lesson == 0:
            yield from collect(recipe, work / 'base', range(recipe.shards), None)
        else:
            first = ROUND_SHARDS * lesson
            numbers = range(first, first + recipe.round_shards[lesson - 1])
            student = work / f'{STUDENT}{lesson}'
            if not student.is_dir():
                write(averaged(work / 'checkpoints')[0], student, {})
            yield from collect(
                recipe, work / f'round{lesson}', numbers, student / 'policy.onnx')
        yield from learn(recipe, work, lesson)
    network, facts = averaged(work / 'checkpoints')
    write(network, out, facts | record(recipe, work))
    yield News('export', 1, 1, str(out))


def _quiet_worker() -> None:
    """Keep a worker to one core: the renderer and the graph start threads of their own."""
    os.environ['LP_NUM_THREADS'] = '0'


def collect(
    recipe: Recipe, folder: Path, numbers: range, student: Path | None
) -> Iterator[News]:
    """Make the shards that are not there, on all the cores that the recipe gives."""
    todo = [k for k in numbers if not shard_path(folder, k).is_dir()]
    done = len(numbers) - len(todo)
    yield News(f'data {folder.name}', done, len(numbers))
    if not todo:
        return
    with multiprocessing.get_context('spawn').Pool(
            recipe.jobs, _quiet_worker, maxtasksperchild=4) as pool:
        jobs = [pool.apply_async(make_shard, (k, folder, student)) for k in todo]
        for job in jobs:
            job.get()
            done += 1
            yield News(f'data {folder.name}', done, len(numbers), f'{SHARD} samples a shard')


def learn(recipe: Recipe, work: Path, lesson: int) -> Iterator[News]:
    """Train up to the step at which a lesson ends, from the last checkpoint."""
    from robot_runtime.export.pick_train import Plan, Training

    plan = Plan(recipe.steps[-1], recipe.batch, recipe.rate, seed=recipe.seed,
                threads=recipe.jobs, coarse=coarse(recipe.device), device=recipe.device)
    folders = [work / 'base', *(work / f'round{i}' for i in range(1, lesson + 1))]
    training = Training(plan, folders, work / 'checkpoints')
    end = recipe.steps[lesson]
    stage = f'lesson {lesson + 1}'
    yield News(stage, min(training.step, end), end)
    if training.step == 0:
        for step, loss in training.begin(recipe.head_steps):
            yield News('head', step, recipe.head_steps, f'loss {loss:.3f}')
        training.save()
    for now in training.run(end):
        yield News(stage, now.step, end, f'losses: arm {now.arm:.3f}, hand {now.hand:.3f}, '
                   f'scene {now.aux:.3f}; {now.samples} samples')


def record(recipe: Recipe, work: Path) -> dict[str, Any]:
    """Return what another person needs to do the same again."""
    return {
        'recipe': asdict(recipe), 'device': named(recipe.device),
        'python': platform.python_version(),
        'versions': {name: version(name) for name in PACKAGES},
        'first_training_seed': FIRST_SEED,
        'samples': sum(SHARD for _ in work.glob('*/shard_????')),
    }


def note(out: Path, more: dict[str, Any]) -> None:
    """Add figures to the record of the training."""
    path = out / RECORD
    known = json.loads(path.read_text(encoding='utf-8'))
    text = json.dumps(known | more, indent=1, sort_keys=True)
    path.write_text(text + '\n', encoding='utf-8')


def trial(out: Path, seeds: range) -> Iterator[Outcome]:
    """Let the exported policy do one episode per seed, in lockstep."""
    yield from evaluate(out / 'policy.onnx', seeds)


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return how often episodes succeeded, over all and per colour."""
    def share(some: list[Outcome]) -> dict[str, Any]:
        return {'episodes': len(some), 'success': sum(o.success for o in some),
                'lifted': sum(o.lifted for o in some), 'wrong': sum(o.wrong for o in some)}

    return {'all': share(outcomes), 'seeds': [o.seed for o in outcomes],
            'failed': [o.seed for o in outcomes if not o.success]} | {
        colour: share([o for o in outcomes if o.colour == colour]) for colour in COLOURS}
