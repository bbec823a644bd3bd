"""Benchmark of images over DDS: frames lost and their delay, into the policy node and a peer."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Annotated, Any

import image_model
from image_model import CAMERAS
import numpy as np
from rich.console import Console
from rich.table import Table
from robot_runtime.cli.check import refuse
from robot_runtime.cli.demo_report import FrameCount, write_json
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import process_environment, ros_arguments
import typer

STREAMS = Path(__file__).with_name('image_streams.py')
PROFILE = 'FASTDDS_DEFAULT_PROFILES_FILE'
PROFILES = ('ours', 'default')
TOPIC = 'policy_node/status'
START_S, END_S = 30.0, 10.0
SECOND = 1_000_000_000
Values = dict[str, str]
Figures = dict[str, Any]


def environment(profile: str) -> dict[str, str]:
    """Return the environment with our Fast DDS profile or with none."""
    found = {name: value for name, value in os.environ.items() if name != PROFILE}
    ours = process_environment()
    if profile == 'default':
        del ours[PROFILE]
    return found | ours


@contextmanager
def process(words: list[str], profile: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program with `profile`, and end it at the end."""
    with subprocess.Popen([sys.executable, *words], env=environment(profile)) as one:
        try:
            yield one
        finally:
            one.terminate()
            one.wait(END_S)


def send(seconds: float, folder: Path, profile: str) -> list[str]:
    """Return the command line of the sender."""
    return [str(STREAMS), 'send', str(seconds), str(folder / 'sent.json')]


def read(path: Path) -> Any:
    """Return what a process wrote down."""
    return json.loads(path.read_text(encoding='utf-8'))


def into_policy_node(
    seconds: float, profile: str, inference_ms: float, folder: Path
) -> Figures:
    """Return what the policy node itself counted, where its stamps are those of the sender."""
    from robot_runtime.ros.session_client import SessionClient

    robot, policy = image_model.write(folder, inference_ms)
    words = ros_arguments({'robot': str(robot), 'policy': str(policy)})
    statuses: list[Values] = []
    os.environ.update(environment(profile))
    with (
        SessionClient(name=f'images_{os.getpid()}') as client,
        process(['-m', 'robot_runtime.ros.policy_node', *words], profile) as node,
    ):
        clock = SteadyClock()
        end = clock.now_ns() + round(START_S * SECOND)
        while client.status(TOPIC, 1.0) is None and node.poll() is None and clock.now_ns() < end:
            client.spin(0.05)
        with process(send(seconds, folder, profile), profile) as sender:
            while sender.poll() is None and node.poll() is None:
                client.spin(0.05)
                status = client.status(TOPIC, 1.0)
                if status is not None and (not statuses or status.values != statuses[-1]):
                    statuses.append(status.values)
    if node.returncode or sender.returncode or not statuses:
        refuse('the policy node or the sender of the images ended early; see above')
    sent = read(folder / 'sent.json')
    return _counted(sent, statuses) | {'profile': profile, **_lateness(sent)}


def _counted(sent: Figures, statuses: list[Values]) -> Figures:
    place = {str(stamp): index + 1 for index, stamp in enumerate(sent['stamps'])}
    counts = {camera: FrameCount() for camera in CAMERAS}
    for status in statuses:
        for camera, count in counts.items():
            stamp = status.get(f'stamps_{camera}', '').rpartition(' ')[2]
            if stamp in place:
                witness = {f'stamp_{camera}': stamp, f'frames_{camera}': str(place[stamp])}
                count.update(camera, witness, status)
    last = statuses[-1]
    figures: Figures = {
        'sent': sum(count.sent for count in counts.values()),
        'received': sum(count.received for count in counts.values()),
        'gaps': sum(count.lost for count in counts.values()),
        'inferences': int(last['inferences']),
        'inference_p50_ms': float(last['inference_p50_ms']),
    }
    delays = {key: float(value) for key, value in last.items() if key.startswith('delay_')}
    return figures | delays | {'lost': figures['sent'] - figures['received']}


def into_bare_subscriber(seconds: float, profile: str, folder: Path) -> Figures:
    """Return what a plain rclpy node received of the same streams."""
    file = folder / 'received.json'
    with process([str(STREAMS), 'receive', '0', str(file)], profile):
        with process(send(seconds, folder, profile), profile) as sender:
            sender.wait()
    if sender.returncode or not file.exists():
        refuse('the sender of the images or the bare subscriber ended early; see above')
    sent, received = read(folder / 'sent.json'), read(file)
    delays = np.array([d for one in received.values() for d in one['delays_ms']] or [np.nan])
    # All that was sent counts: with the default profile the first that arrives may be the last.
    count = sum(len(set(one['stamps'])) for one in received.values())
    total = len(CAMERAS) * len(sent['stamps'])
    return {
        'profile': profile, 'sent': total, 'received': count, 'lost': total - count,
        'delay_p50_ms': round(float(np.percentile(delays, 50)), 3),
        'delay_p99_ms': round(float(np.percentile(delays, 99)), 3), **_lateness(sent),
    }  # fmt: skip


def _lateness(sent: Figures) -> Figures:
    """Return how late the sender itself was: its frames are older by that when they leave."""
    return {'sender_late_p99_ms': round(float(np.percentile(sent['late_ms'], 99)), 3)}


def table(figures: dict[str, Figures]) -> Table:
    """Return the figures, one column for each receiver."""
    result = Table('', *figures, title='Images 640x480, 30 Hz, two streams')
    for key in dict.fromkeys(key for column in figures.values() for key in column):
        result.add_row(key, *(str(column.get(key, '-')) for column in figures.values()))
    return result


def main(
    seconds: Annotated[float, typer.Option(min=1.0, help='[s] Length of each stream.')] = 60.0,
    json: Annotated[Path | None, typer.Option(help='File for the figures.')] = None,
    profile: Annotated[str, typer.Option(help='Fast DDS of the policy node.')] = 'ours',
    inference_ms: Annotated[float, typer.Option(min=0.1, help='[ms] Time of one.')] = 100.0,
    peer: Annotated[bool, typer.Option(help='Measure the bare subscriber too.')] = True,
) -> None:
    """Send two VGA streams to the policy node, then to a bare subscriber with the defaults."""
    if profile not in PROFILES:
        refuse(f'--profile is {profile!r}, but must be one of: {", ".join(PROFILES)}')
    os.environ.setdefault('ROS_DOMAIN_ID', str(os.getpid() % 100 + 1))
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        figures['policy_node'] = into_policy_node(seconds, profile, inference_ms, Path(name))
        SteadyClock().sleep_until(SteadyClock().now_ns() + SECOND)
        if peer:
            figures['bare_subscriber'] = into_bare_subscriber(seconds, 'default', Path(name))
    Console().print(table(figures))
    if json is not None:
        write_json(figures, json)


if __name__ == '__main__':
    typer.run(main)
