"""Effort watch: a joint that pushes above its limit for 50 ms stops the robot."""

from gate_robot import in_phase, MOVING, moving, MS, NAMES, onward, P, seen
import numpy as np
import pytest
from robot_runtime.core.effort_watch import overload, OVERLOAD_NS, strained
from robot_runtime.core.gate import Phase
from robot_runtime.core.gate_watches import sense
from robot_runtime.core.observation import Measured
from robot_runtime.core.stream import Sample

LIMIT = np.array([87.0] * 4 + [12.0] * 3 + [np.inf])


def pushing(joint, effort):
    efforts = np.zeros(8)
    efforts[joint] = effort
    return efforts


def state(efforts, now):
    return Sample(now, now, Measured(np.zeros(8), None, efforts))


def run(rig, efforts, ticks):
    """Go on for some ticks while the joints push; `efforts` is of a tick's number, (J,)."""
    last = rig.gate.motion
    for n in range(ticks):
        rig.run(P)
        sample = seen(Measured(rig.robot, None, efforts(n)), rig.now)
        rig.gate = sense(rig.config, rig.gate, sample, rig.now)
        last = onward(last, 1)[0]
        if not rig.send(rig.gate.tick + 1, last):
            return n
    return ticks


def test_a_joint_above_its_limit_for_50_ms_brakes_and_latches_and_is_named():
    rig = moving(effort=LIMIT)
    assert run(rig, lambda n: pushing(5, -12.1), 40) == 13  # 13 ticks of 4 ms after the first
    assert (rig.state, rig.gate.latched) == (Phase.BRAKING, True)
    assert rig.gate.reason == (
        'measured effort: fr3_joint6 has -12.1 and was above its limit for 52.0 ms, '
        'allowed 12 for 50 ms'
    )


def test_a_limit_is_kept_by_what_equals_it_and_by_a_joint_without_one():
    assert run(moving(effort=LIMIT), lambda n: LIMIT.clip(max=1e6), 40) == 40
    assert run(moving(effort=None), lambda n: np.full(8, 1e6), 40) == 40


def test_a_blow_is_no_overload_nor_are_two_joints_by_turns():
    assert run(moving(effort=LIMIT), lambda n: pushing(0, 1e3 * (n % 13 != 12)), 60) == 60
    assert run(moving(effort=LIMIT), lambda n: pushing(n // 10 % 2, 1e3), 60) == 60


def test_an_effort_that_is_infinite_is_one_and_one_that_is_not_a_number_is_none():
    assert run(moving(effort=LIMIT), lambda n: pushing(0, np.inf), 40) < 40
    assert run(moving(effort=LIMIT), lambda n: pushing(0, np.nan), 40) == 40
    assert run(moving(effort=LIMIT), lambda n: None, 40) == 40


def test_a_joint_state_that_is_told_twice_lasts_no_longer():
    strain = strained(None, LIMIT, state(pushing(0, 100.0), 0))
    for _ in range(100):
        strain = strained(strain, LIMIT, state(pushing(0, 100.0), 0))
    assert overload(strain, LIMIT, state(pushing(0, 100.0), 0), NAMES) == ''
    after = state(pushing(0, 100.0), OVERLOAD_NS)
    assert 'fr3_joint1' in overload(strained(strain, LIMIT, after), LIMIT, after, NAMES)


@pytest.mark.parametrize('phase', [Phase.IDLE, Phase.BRAKING, Phase.REST])
def test_where_no_command_steers_an_effort_changes_nothing(phase):
    rig = in_phase(phase)
    rig.config = moving(effort=LIMIT).config
    before = rig.gate
    for n in range(40):
        sample = seen(Measured(rig.robot, None, np.full(8, 1e3)), rig.now + n * 4 * MS)
        rig.gate = sense(rig.config, rig.gate, sample, rig.now + n * 4 * MS)
    assert rig.gate is before


def test_what_was_pushed_before_a_stop_does_not_count_after_it():
    rig = moving(effort=LIMIT)
    run(rig, lambda n: pushing(0, 100.0), 5)
    assert rig.gate.strain is not None
    rig.gate = sense(moving().config, rig.gate, None, rig.now)
    assert rig.gate.strain is not None
    rig.run(1_000 * MS)
    assert rig.state is Phase.REST
    rig.gate = sense(rig.config, rig.gate, seen(Measured(rig.robot), rig.now), rig.now)
    assert rig.gate.strain is None
    assert len(MOVING) > 5
