"""Simulated time: the job is done by /clock, and without one nothing hangs."""

import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest
from robot_runtime.ros.session_client import SessionClient
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.processes import MODULES, process_environment
from running_robot import CONTROL, GATE, POLICY, RunningRobot, WITNESS

YEAR_NS = 365 * 86_400 * 1_000_000_000
WITHIN_S = 20.0


def test_the_job_is_done_in_simulated_time(tmp_path: Path) -> None:
    with RunningRobot(tmp_path, 'publish_clock:=true') as robot:
        robot.start('--use-sim-time')
        robot.move_fast()

        def done() -> bool:
            # A stop because of lateness, on a busy machine, is let go of: it is not what we test.
            if robot.value(CONTROL, 'mode') != 'POLICY':
                robot.hold()
                robot.call('control_node/mode/policy')
            return robot.value(WITNESS, 'success_red') in ('1', 'True')

        robot.until(done, 'the cube')
        seen = robot.values(WITNESS)
        assert (seen['violations_command'], seen['violations_measured']) == ('0', '0'), seen
        # Seconds since the simulator began, and not since 1970.
        assert 0 < int(robot.value(CONTROL, 'policy_since_ns')) < YEAR_NS
        assert 0 < int(robot.value(CONTROL, 'epoch_ns')) < YEAR_NS
        assert robot.end() == 0


@pytest.mark.parametrize('topic', [GATE, CONTROL, POLICY])
def test_without_a_clock_a_node_says_so_and_ends_at_once(
    topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in process_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('ROS_DOMAIN_ID', os.environ.get('ROS_DOMAIN_ID') or str(os.getpid() % 100))
    words = ['-m', MODULES[topic.partition('/')[0]], '--ros-args', '-p', 'use_sim_time:=true']
    node = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    steady = SteadyClock()
    end = steady.now_ns() + round(WITHIN_S * 1e9)
    try:
        with SessionClient(name='asks_for_time') as client:
            said: list[str] = []
            while not any('no /clock for' in text for text in said):
                assert steady.now_ns() < end, said
                client.spin(0.1)
                status = client.status(topic, 1.0)
                said = [] if status is None else list(status.values.values())
        node.send_signal(signal.SIGINT)
        _, text = node.communicate(timeout=WITHIN_S)
        assert (node.returncode, 'Traceback' in text) == (0, False), text
    finally:
        node.kill()
        node.communicate()
