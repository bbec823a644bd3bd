"""What all tests start with: those of live robots may be tried again after the machine stalled."""

from collections.abc import Iterator
from pathlib import Path
import tempfile

from machine_watch import MachineWatch
import pytest

LIVE = ('graph', 'sim')  # folders of tests with processes that must keep time
ATTEMPTS = 3
WATCH = pytest.StashKey[MachineWatch]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Let a live test be tried again if, and only if, the machine itself stalled meanwhile.

    A robot whose processes all sleep for longer than the gate's patience has to stop. A test that
    fails then says nothing of the robot; one that fails without a stall has failed.
    """
    live = [item for item in items if item.path.parent.name in LIVE]
    if not live or not config.pluginmanager.hasplugin('rerunfailures'):
        return
    folder = tempfile.TemporaryDirectory(prefix='machine_watch_')
    watch = MachineWatch(Path(folder.name))
    config.stash[WATCH] = watch
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(watch.end)
    for item in live:
        item.add_marker(pytest.mark.flaky(reruns=ATTEMPTS - 1, condition=watch.stalled))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Watch the machine from before the test's fixtures on."""
    watch = item.config.stash.get(WATCH, None)
    if watch is not None:
        watch.begin()
    yield


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which tests were tried again, and for what."""
    for report in terminalreporter.stats.get('rerun', ()):
        terminalreporter.write_line(f'tried again, as the machine stalled: {report.nodeid}')
