"""Demo of one episode, from the command line to the figures, with nothing left behind."""

import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest
import robot_runtime
from robot_runtime.cli.run_facts import MOMENTS

KEYS = {
    'episodes', 'success_rate', 'loop_rate_hz', 'ticks', 'ticks_missed', 'lateness_p50_us',
    'lateness_p99_us', 'lateness_p999_us', 'inference_p50_ms', 'inference_p99_ms', 'frames_sent',
    'frames_received', 'limit_violations', 'realtime_factor', 'recording', 'cpu_total', 'cpu',
}  # fmt: skip
LIMIT_S = 180.0
ADDRESS_OF_SVG = re.compile(r'http://(www\.w3\.org|purl\.org|creativecommons\.org)/')


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
    said = (tmp_path / 'bag' / 'report.html').read_text()
    assert 'all done, no limit violated' in said
    assert figures['runs'][0]['instruction'] in said
    assert said.count('<img') == 2 * MOMENTS
    assert 'fr3_joint7: position [rad]' in said
    assert 'http' not in ADDRESS_OF_SVG.sub('', said)  # it needs nothing from elsewhere


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
