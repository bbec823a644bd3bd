"""Demo of one episode, from the command line to the figures, with nothing left behind."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest
import robot_runtime

KEYS = {
    'episodes', 'success_rate', 'loop_rate_hz', 'ticks', 'ticks_missed', 'lateness_p50_us',
    'lateness_p99_us', 'lateness_p999_us', 'inference_p50_ms', 'inference_p99_ms', 'frames_sent',
    'frames_received', 'limit_violations', 'realtime_factor', 'recording', 'cpu_total', 'cpu',
}  # fmt: skip
LIMIT_S = 180.0


def command(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {'PYTHONPATH': str(Path(robot_runtime.__file__).parents[1])}
    environment.pop('ROS_DOMAIN_ID', None)
    return subprocess.run(
        [sys.executable, '-m', 'robot_runtime.cli.main', *words],
        capture_output=True, text=True, timeout=LIMIT_S, env=environment, check=False,
    )  # fmt: skip


def test_a_demo_does_its_job_within_the_limits_and_writes_its_figures(tmp_path: Path) -> None:
    done = command(
        'demo', '--headless', '--episodes', '1', '--seed', '1',
        '--json', str(tmp_path / 'demo.json'), '--record', str(tmp_path / 'bag'),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / 'demo.json').read_text())
    assert figures.keys() >= KEYS
    assert (figures['success_rate'], figures['limit_violations']) == (1.0, 0)
    assert Path(figures['recording']).stat().st_size > 0


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--robot', 'nobody'), "no robot is named 'nobody'"),
        (('--policy', 'nothing'), "no policy is named 'nothing'"),
        (('--policy', '/no/model'), 'the model folder /no/model does not exist'),
    ],
)
def test_bad_input_is_one_sentence_and_a_non_zero_exit(
    words: tuple[str, ...], sentence: str
) -> None:
    done = command('up', *words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
