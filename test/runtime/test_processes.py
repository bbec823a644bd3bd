"""List of processes: what is started, in which order and with which words."""

import importlib.util

import pytest
from robot_runtime.runtime.processes import (
    CONTROL,
    GATE,
    POLICY,
    Process,
    process_list,
    RECORDER,
    SIM,
)  # fmt: skip


def named(*args: object, **options: object) -> dict[str, Process]:
    return {process.name: process for process in process_list(*args, **options)}  # type: ignore


def test_the_gate_is_started_first_and_a_real_robot_has_no_simulator() -> None:
    assert list(named(sim=False)) == [GATE, CONTROL, POLICY]
    assert list(named(sim=True, record='bag')) == [GATE, SIM, CONTROL, POLICY, RECORDER]


def test_only_policy_and_recorder_are_started_again_and_all_others_end_the_run() -> None:
    processes = named(record='bag').values()
    assert {p.name for p in processes if p.respawn} == {POLICY, RECORDER}
    assert {p.name for p in processes if p.critical} == {GATE, SIM, CONTROL}


def test_every_module_of_the_list_is_there() -> None:
    for process in named(record='bag').values():
        assert importlib.util.find_spec(process.module) is not None


@pytest.mark.parametrize('name', [GATE, CONTROL, POLICY, SIM, RECORDER])
def test_every_process_is_told_its_robot_and_namespace(name: str) -> None:
    arguments = named('/a/robot.yaml', namespace='left', record='bag')[name].arguments
    assert "robot:='/a/robot.yaml'" in arguments
    assert '__ns:=/left' in arguments


def test_a_rate_stays_a_float_a_flag_a_bool_and_text_stays_text() -> None:
    arguments = named(policy='1e3', rate_hz=250, rt=False)
    assert 'rate_hz:=250.0' in arguments[CONTROL].arguments
    assert 'real_time:=false' in arguments[CONTROL].arguments
    assert "policy:='1e3'" in arguments[POLICY].arguments


def test_what_the_user_set_in_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MUJOCO_GL', 'osmesa')
    monkeypatch.delenv('ROS_AUTOMATIC_DISCOVERY_RANGE', raising=False)
    environment = named()[GATE].environment
    assert environment['MUJOCO_GL'] == 'osmesa'
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert environment['FASTDDS_DEFAULT_PROFILES_FILE'].endswith('.xml')


def test_who_moves_the_robot_does_not_share_memory_with_who_may_be_killed() -> None:
    profiles = {
        name: process.environment['FASTDDS_DEFAULT_PROFILES_FILE'].rpartition('/')[2]
        for name, process in named(record='bag').items()
    }
    assert {name for name, file in profiles.items() if file == 'fastdds_realtime.xml'} == {
        GATE, CONTROL, SIM
    }  # fmt: skip
