"""Command line `robot-runtime`."""

from robot_runtime.cli import control_cli
from robot_runtime.cli.check import check
from robot_runtime.cli.demo import demo
from robot_runtime.cli.evaluate import evaluate
from robot_runtime.cli.train import train
from robot_runtime.cli.up import up
import typer

app = typer.Typer(
    name='robot-runtime',
    help='Run a robot foundation policy on a robot, within its limits.',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
COMMANDS = (
    demo, up, check, train, control_cli.status, control_cli.estop, control_cli.reset,
    control_cli.mode,
)
for command in COMMANDS:
    app.command()(command)
app.command('eval')(evaluate)


def app_main() -> None:
    """Run the command line."""
    app()


if __name__ == '__main__':
    app_main()
