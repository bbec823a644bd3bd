"""Witness: sees every kind of violation, and nothing where there is none."""

import ast
from pathlib import Path
import sys

import numpy as np
import pytest
from robot_runtime.sim import witness
from robot_runtime.sim.witness import arm_datasheet, CommandWitness, MeasuredWitness

DT = 0.004
HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
FIRST = np.eye(7)[0]


def run(rows: np.ndarray, scale: float = 1.0, gap_after: int | None = None) -> CommandWitness:
    """Return a witness that heard `rows` one period apart, with a silence where asked."""
    judge, now = CommandWitness(arm_datasheet(scale)), 0
    for k, row in enumerate(rows):
        now += 4_000_000 + (100_000_000 if gap_after == k else 0)
        judge.command(row, DT, rows[0], now)
    return judge


def speeding(acceleration: float, top: float, ticks: int = 500) -> np.ndarray:
    """Return joint 1 from rest up to a top speed, at an acceleration that comes in 13 ticks."""
    ramp = np.arange(1, 13) / 13
    held = int(top / (acceleration * DT)) - 12
    rest = (top / DT - acceleration * (held + 12)) / 13 * np.concatenate((ramp, [1.0], ramp[::-1]))
    gains = acceleration * np.concatenate((ramp, np.ones(held), ramp[::-1]))
    gains = np.concatenate(([0.0], gains, rest, np.zeros(ticks)))[:ticks]
    return HOME + np.outer(np.cumsum(np.cumsum(gains * DT) * DT), FIRST)


def only(judge: CommandWitness) -> set[str]:
    return {kind for kind, count in judge.findings.violations.items() if count}


def test_motion_at_exactly_the_limits_is_allowed_and_reported_exactly() -> None:
    judge = run(speeding(10.0, 2.0, 300))
    assert judge.findings.total == 0
    assert judge.findings.worst['acceleration'] == pytest.approx(1.0, abs=1e-6)
    assert judge.findings.peak_acceleration == pytest.approx(10.0, rel=1e-6)
    assert (judge.findings.commands, judge.findings.sequences) == (300, 1)


@pytest.mark.parametrize(('beyond', 'seen'), [(0.9e-6, set()), (1.1e-6, {'position'})])
def test_a_position_may_be_out_of_its_range_by_a_millionth_of_it(beyond: float, seen: set) -> None:
    sheet = arm_datasheet()
    place = sheet.q_max + beyond * (sheet.q_max - sheet.q_min)
    assert only(run(np.tile(np.where(FIRST, place, HOME), (5, 1)))) == seen


def test_a_little_too_much_acceleration_is_seen() -> None:
    judge = run(speeding(10.001, 2.0, 300))
    assert only(judge) == {'acceleration'}
    assert 'acceleration of joint 1 is 1.0001' in judge.findings.first


def test_an_acceleration_that_comes_at_once_is_seen_as_jerk() -> None:
    speed = np.minimum(10.0 * DT * np.arange(300), 2.0)
    judge = run(HOME + np.outer(np.cumsum(speed * DT), FIRST))
    assert only(judge) == {'jerk'}
    assert judge.findings.violations['jerk'] == 2
    assert judge.findings.worst['jerk'] == pytest.approx(10.0 / DT / 200.0)


@pytest.mark.parametrize('steps', [(4, 4, 4, 4), (4, 4, 16, 16), (16, 16, 4, 4), (5, 3, 9, 4)])
def test_a_constant_jerk_is_read_as_what_it_is_however_far_apart_the_points_are(
    steps: tuple[int, ...],
) -> None:
    judge, sheet = CommandWitness(arm_datasheet()), arm_datasheet()
    times = np.cumsum((0, *steps)) * 1e-3
    rows = HOME + np.outer(0.5 * sheet.dddq_max[0] * times**3 / 6.0, FIRST)
    judge.command(rows[0], steps[0] * 1e-3, rows[0], 1)
    for dt_ms, row in zip(steps, rows[1:], strict=True):
        judge.findings.worst['jerk'] = 0.0  # so that the last one, of moving joints, stands alone
        judge.command(row, dt_ms * 1e-3, rows[0], 1)
    assert judge.findings.worst['jerk'] == pytest.approx(0.5, rel=1e-6)
    assert not only(judge)


def test_too_much_velocity_is_seen() -> None:
    assert 'velocity' in only(run(speeding(10.0, 2.63, 200)))
    assert 'velocity' not in only(run(speeding(10.0, 2.62, 200)))


def test_velocity_above_the_limit_that_depends_on_position_is_seen() -> None:
    near = speeding(10.0, 1.5, 460)  # ends at 2.64 rad, where the curve allows 0.85 rad/s
    assert only(run(near)) == {'curve'}
    mirrored = near.copy()
    mirrored[:, 0] *= -1
    assert only(run(mirrored)) == {'curve'}


def test_a_position_outside_is_seen() -> None:
    rows = np.tile(HOME, (5, 1))
    rows[:, 3] = -0.1517
    assert only(run(rows)) == {'position'}


def test_a_value_that_is_not_finite_is_seen() -> None:
    rows = np.tile(HOME, (5, 1))
    rows[2, 4] = np.nan
    assert only(run(rows)) == {'not_finite'}


def test_operating_limits_are_checked_with_a_scale() -> None:
    assert run(speeding(5.0, 1.31, 300), scale=0.5).findings.total == 0
    assert only(run(speeding(5.1, 1.31, 300), scale=0.5)) == {'acceleration'}


def test_a_lost_command_is_seen_as_acceleration() -> None:
    assert only(run(np.delete(speeding(5.0, 1.0, 200), 100, axis=0))) == {'acceleration', 'jerk'}


def test_after_a_silence_a_sequence_may_begin_anew_near_the_robot() -> None:
    rows = np.tile(HOME, (20, 1))
    rows[10:, 0] += 0.1
    judge = run(rows, gap_after=10)
    assert (judge.findings.total, judge.findings.sequences) == (0, 2)
    assert only(run(rows)) == {'velocity', 'curve', 'acceleration', 'jerk'}


def test_after_a_silence_a_sequence_that_begins_a_hair_beside_the_last_is_a_new_one() -> None:
    beside = HOME + 5e-5 * FIRST  # within one step's acceleration, beyond its jerk
    judge = run(np.vstack((np.tile(HOME, (10, 1)), np.tile(beside, (10, 1)))), gap_after=10)
    assert (judge.findings.total, judge.findings.sequences) == (0, 2)


def test_a_silence_excuses_no_step_of_a_robot_that_moves() -> None:
    rows = speeding(5.0, 1.0, 200)
    rows[120:] += 5e-5 * FIRST
    assert {'acceleration', 'jerk'} < only(run(rows, gap_after=120))


def test_a_new_sequence_far_from_the_robot_is_a_jump() -> None:
    rows = np.tile(HOME, (20, 1))
    rows[10:, 0] += 0.3
    assert only(run(rows, gap_after=10)) == {'jump'}


def test_a_sequence_that_goes_on_after_a_silence_is_the_same_one() -> None:
    judge = run(speeding(5.0, 1.0, 200), gap_after=100)
    assert (judge.findings.total, judge.findings.sequences) == (0, 1)


def test_a_stream_of_single_points_is_judged_by_its_own_time() -> None:
    rows = speeding(10.0, 2.0, 300)
    judge = CommandWitness(arm_datasheet())
    for k, row in enumerate(rows):
        # Arrival jitters by two milliseconds; the time in the message does not.
        judge.trajectory(
            np.array([DT]), row[None], None, HOME, k * 4_000_000 + (k % 3) * 1_000_000
        )
    assert judge.findings.total == 0
    assert judge.findings.worst['acceleration'] == pytest.approx(1.0, abs=1e-6)


def test_overlapping_trajectories_are_judged_as_they_are_run() -> None:
    rows = speeding(10.0, 2.0, 300)
    times = DT * np.arange(1, 51)
    judge = CommandWitness(arm_datasheet())
    for k in range(0, 250, 5):  # each replaces all but five points of the one before
        judge.trajectory(times, rows[k:][:50], 1.0 + k * DT, HOME, int((1.0 + k * DT) * 1e9))
    judge.finish(HOME, 3_000_000_000)
    assert judge.findings.commands == 295
    assert judge.findings.total == 0
    assert judge.findings.worst['acceleration'] == pytest.approx(1.0, abs=1e-5)
    bad = CommandWitness(arm_datasheet())
    bad.trajectory(times, rows[:50], 1.0, HOME, 1_000_000_000)
    bad.trajectory(times, rows[25:75], 1.0 + 5 * DT, HOME, 1_020_000_000)
    assert 'acceleration' in only(bad)


def test_measured_motion_outside_the_hardware_is_counted_by_step() -> None:
    judge = MeasuredWitness(arm_datasheet(), witness.finger_datasheet())
    q, still = np.append(HOME, 0.04), np.zeros(8)
    assert judge.step(q, still)
    fast = still.copy()
    fast[6] = 5.4
    assert not judge.step(q, fast)
    out = q.copy()
    out[3] = -0.1
    assert not judge.step(out, still)
    assert not judge.step(q * np.nan, still)
    assert (judge.steps, judge.violations) == (4, 3)
    assert judge.first.startswith('step 2: measured velocity of joint 7 is 1.02')


def test_only_fingers_whose_cube_a_reset_took_may_snap_shut_and_only_for_a_while() -> None:
    judge = MeasuredWitness(arm_datasheet(), witness.finger_datasheet())
    q, snap = np.append(HOME, 0.02), np.append(np.zeros(7), -0.5)
    judge.excuse(slice(7, 8), 2)
    assert judge.step(q, snap)
    assert not judge.step(q, snap + np.append([3.0], np.zeros(7)))
    assert not judge.step(q, snap)
    assert judge.violations == 2


def test_the_witness_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(witness.__file__).read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module).split('.')[0])
    assert names - {'numpy'} <= set(sys.stdlib_module_names)
