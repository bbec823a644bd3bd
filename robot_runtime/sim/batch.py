"""Batch of lockstep episodes, on one core or on several, with the same outcome."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import multiprocessing

from robot_runtime.runtime.inference import Inference
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.runtime.schedule_timing import measured_delay_s
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.episode import Assignment, Conditions, Outcome
from robot_runtime.sim.lockstep import Lockstep
from robot_runtime.sim.robot_files import robot_files

MEASURED_RUNS = 21


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to know to run episodes."""

    robot: str
    policy: str
    conditions: Conditions


def lockstep(setup: Setup) -> Lockstep:
    """Return a run that is ready for episodes."""
    robot = load_robot(setup.robot)
    folder = model_folder(setup.policy)
    check_pin(folder, robot.policy)
    policy = OnnxPolicy.load(folder)
    urdf, overlay = robot_files(setup.robot)
    conditions = setup.conditions
    cell = Cell(urdf, overlay, noise=conditions.noise, light=conditions.light)
    return Lockstep(robot, policy.card, Inference(policy, robot), cell, conditions)


def measured_delay_ns(setup: Setup) -> int:
    """Return the median time of an inference on this machine, rounded up to ticks."""
    period_ns = round(load_robot(setup.robot).period_s * 1e9)
    policy = OnnxPolicy.load(model_folder(setup.policy))
    delay_ns = round(measured_delay_s(policy, MEASURED_RUNS) * 1e9)
    return -(-delay_ns // period_ns) * period_ns


def outcomes(setup: Setup, asked: Sequence[Assignment], jobs: int = 1) -> Iterator[Outcome]:
    """Yield how each episode went, in the order asked, whatever the number of processes."""
    if jobs == 1:
        yield from map(lockstep(setup).run, asked)
        return
    # Neither a renderer nor an inference session outlives a fork.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(jobs, context, _begin, (setup,)) as pool:
        yield from pool.map(_run, asked)


_own: list[Lockstep] = []  # of a process of the pool


def _begin(setup: Setup) -> None:
    _own.append(lockstep(setup))


def _run(assignment: Assignment) -> Outcome:
    return _own[0].run(assignment)
