"""Images over DDS: two VGA streams arrive whole at the policy node, even while it infers."""

import json
import os
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0


def test_no_vga_frame_is_lost_on_the_way_to_a_policy_that_infers(tmp_path: Path) -> None:
    file = tmp_path / 'images.json'
    done = subprocess.run(
        [
            sys.executable, str(ROOT / 'benchmarks' / 'images.py'), '--no-peer',
            '--seconds', '3', '--inference-ms', '200', '--json', str(file),
        ],
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())['policy_node']
    # At least a third of what is sent in 3 s: the first status is there after some frames
    assert figures['sent'] >= 60
    assert figures['received'] == figures['sent']
    assert figures['inferences'] > 0
