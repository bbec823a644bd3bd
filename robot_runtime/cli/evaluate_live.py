"""Evaluation through the whole graph: processes over DDS, in real time."""

import os

from robot_runtime.cli.check import refuse
from robot_runtime.cli.demo_run import run_demo
from robot_runtime.cli.demo_view import DemoView
from robot_runtime.cli.evaluate_report import Measurement
from robot_runtime.cli.up import log_folder
from robot_runtime.runtime.processes import POLICY, process_environment, process_list, SIM
from robot_runtime.runtime.supervisor import Supervisor
from robot_runtime.sim.episode import Assignment, Conditions
import typer


def measure_live(
    robot: str, policy: str, conditions: Conditions, asked: tuple[Assignment, ...], verbose: bool
) -> Measurement:
    """Bring all up, do the episodes, and end all."""
    os.environ.setdefault('ROS_DOMAIN_ID', str(os.getpid() % 100 + 1))
    processes = process_list(
        robot,
        policy,
        sim=True,
        seed=asked[0].seed - 1,  # each episode begins with a reset, which takes the next one
        speed=conditions.speed,
        space=conditions.space,
        start_envelope=False,  # each episode begins where the arm was when the last one ended
        more={
            SIM: {'noise': float(conditions.noise), 'light': float(conditions.light)},
            POLICY: {
                'ablation': conditions.input_ablation,
                'delay_ms': conditions.delay_ns / 1e6,
            },
        },
    )
    os.environ.update(process_environment())
    with DemoView(headless=False) as view:
        supervisor = Supervisor(processes, log_folder(), say=view.say, echo=verbose)
        run = run_demo(supervisor, view, asked, conditions.limit_s)
    if run is None:
        raise typer.Exit(1)
    if supervisor.exit_code != 0:
        refuse('the run ended badly; see the lines above')
    figures = run.figures(None)
    return Measurement(
        conditions,
        tuple(run.episodes),
        figures['realtime_factor'],
        max(conditions.delay_ns / 1e6, figures['inference_p50_ms']),
        run.late_stops,
    )
