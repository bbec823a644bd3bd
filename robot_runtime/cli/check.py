"""Check of what a person asked for, before anything starts."""

from typing import Annotated, NoReturn

import typer

POLICY_HELP = 'Policy: a name in models/ or a folder.'
ROBOT_HELP = 'Robot file: a name in config/robots or a path.'
Robot = Annotated[str, typer.Option(help=ROBOT_HELP)]
Policy = Annotated[str, typer.Option(help=POLICY_HELP)]
Namespace = Annotated[str, typer.Option(help='ROS namespace of the robot.')]


def refuse(sentence: object) -> NoReturn:
    """Say why not, and end non-zero."""
    typer.echo(f'robot-runtime: {sentence}', err=True)
    raise typer.Exit(1)


def check_inputs(robot: str, policy: str) -> None:
    """Refuse a robot or a policy that is unknown or broken, or a policy of another robot."""
    from robot_runtime.runtime.card_checks import check_robot
    from robot_runtime.runtime.config_file import ConfigError
    from robot_runtime.runtime.model_folder import model_folder
    from robot_runtime.runtime.onnx_policy import OnnxPolicy
    from robot_runtime.runtime.robot_file import load_robot

    try:
        described = load_robot(robot)
        check_robot(OnnxPolicy.load(model_folder(policy)).card, described)
    except ConfigError as error:
        refuse(error)


def check(robot: Robot = 'fr3', policy: Policy = 'scripted_pick') -> None:
    """Check a robot, a policy and this machine, and start nothing."""
    from robot_runtime.runtime.leftovers import shared_memory_problem

    check_inputs(robot, policy)
    problem = shared_memory_problem()
    if problem is not None:
        refuse(problem)
    typer.echo(f'{robot} with {policy}: ok')
