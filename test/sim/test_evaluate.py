"""Command `eval`: the same figures on one core, on two, and through the graph."""

from collections.abc import Iterator
import json
import os
from pathlib import Path

import pytest
from robot_runtime.cli.main import app
from typer.testing import CliRunner

KEYS = {
    'mode', 'robot', 'policy', 'episodes', 'seed', 'success_rate', 'success', 'seconds',
    'realtime_factor', 'limit_violations', 'delay_ms', 'speed', 'ablation', 'noise', 'light',
    'space', 'time_limit_s', 'late_stops', 'command_hash', 'runs',
}  # fmt: skip


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Take back what the command sets, where libraries in C see it too."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def figures(path: Path, *words: str) -> dict:
    done = CliRunner().invoke(app, ['eval', '--json', str(path), *words])
    assert done.exit_code == 0, done.output
    return json.loads(path.read_text())


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    words = ('--episodes', '3', '--seed', '7', '--time-limit', '1', '--delay-ms', '8')
    one = figures(tmp_path / 'one.json', *words)
    two = figures(tmp_path / 'two.json', *words, '--jobs', '2')
    assert one.keys() == KEYS
    assert [run['seed'] for run in one['runs']] == [7, 8, 9]
    assert [run['colour'] for run in one['runs']] == ['red', 'green', 'blue']
    assert (one['delay_ms'], one['limit_violations']) == (8.0, 0)
    for same in ('command_hash', 'runs', 'success', 'seconds'):
        assert one[same] == two[same]


def test_the_whole_graph_gives_the_same_keys(tmp_path: Path) -> None:
    words = ('--live', '--episodes', '1', '--time-limit', '1')
    live = figures(tmp_path / 'live.json', *words)
    assert not live['space']
    assert live.keys() == KEYS
    assert (live['mode'], live['command_hash'], live['limit_violations']) == ('live', None, 0)
    assert [run['seed'] for run in live['runs']] == [1]


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--ablation', 'deaf'), "--ablation is 'deaf'; allowed: none, "),
        (('--ablation', 'blank_wrist'), 'the policy scripted_pick looks at no camera'),
        (('--speed', '1.5'), '--speed is 1.5, but must be from 0.01 to 1'),
        (('--instruction', 'pick it'), 'must hold {} where the colour stands'),
        (('--live', '--jobs', '2'), '--live runs one robot in real time'),
    ],
)
def test_bad_input_is_one_sentence_and_a_non_zero_exit(
    words: tuple[str, ...], sentence: str
) -> None:
    done = CliRunner().invoke(app, ['eval', *words])
    assert done.exit_code == 1
    assert sentence in done.output
    assert len(done.output.splitlines()) == 1
