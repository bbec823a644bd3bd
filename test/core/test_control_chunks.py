"""Tests of the control tick: how chunks are followed, refused and run out."""

from dataclasses import replace

from control_rig import CONFIG, HOME, in_policy, Loop, moving, MS
import numpy as np
import pytest
from robot_runtime.core.ensemble import Mixing
from robot_runtime.core.mode import Event, Mode


def test_a_smooth_chunk_is_followed_without_lag():
    loop = moving()
    np.testing.assert_allclose(loop.state.motion.position, loop.report.target, atol=1e-12)
    assert loop.report.chunk_stamp_ns == loop.state.schedule.chunks[-1].stamp_ns


def test_a_zoh_chunk_is_reached_without_passing_it():
    loop = in_policy()
    chunk = loop.chunk([HOME + 0.1], step_ns=600 * MS, interpolation='zoh')
    loop.tick(chunks=[chunk])
    loop.ticks(149)
    np.testing.assert_allclose(loop.state.motion.position, HOME + 0.1, atol=1e-12)
    assert max(c.motion.position[0] for c in loop.commands) <= HOME[0] + 0.1 + 1e-12


def test_a_step_between_held_rows_is_not_anticipated():
    loop = in_policy()
    loop.tick(chunks=[loop.chunk([HOME, HOME + 0.1], interpolation='zoh')])
    loop.ticks(4)
    np.testing.assert_array_equal(loop.state.motion.position, HOME)


def test_a_late_chunk_ramps_to_rest_is_counted_and_recovers_by_itself():
    loop = moving()
    loop.ticks(160)
    assert loop.report.late
    assert loop.report.target is None
    assert loop.report.chunk_stamp_ns == 0
    assert loop.state.late > 0
    assert not loop.state.motion.velocity.any()
    late, epoch = loop.state.late, loop.state.epoch_ns
    start = loop.state.motion.position
    loop.tick(chunks=[loop.chunk([start + 0.05] * 30)])
    loop.ticks(100)
    assert (loop.state.late, loop.state.epoch_ns) == (late, epoch)
    np.testing.assert_allclose(loop.state.motion.position, start + 0.05, atol=1e-12)


def test_a_chunk_that_ends_while_moving_is_braked_as_hard_as_allowed_and_no_harder():
    loop = in_policy()
    rows = HOME + np.arange(6)[:, None] * np.array([0.02, 0.0])
    loop.tick(chunks=[loop.chunk(rows)])
    loop.ticks(120)
    accelerations = np.array([c.motion.acceleration[0] for c in loop.commands])
    assert np.abs(accelerations).max() <= 5.0 + 1e-9
    assert not loop.state.motion.velocity.any()


def test_a_policy_that_stays_silent_is_left_for_hold_and_does_not_come_back_by_itself():
    loop = moving()
    end_ns = loop.state.schedule.chunks[-1].end_ns
    while loop.now <= end_ns + loop.config.silence_ns:
        assert loop.state.mode is Mode.POLICY
        loop.tick()
    loop.tick()
    assert loop.state.mode is Mode.HOLD
    assert loop.report.refused == ('POLICY ended: no chunk for 2 s',)
    rest = loop.state.motion.position
    loop.tick(chunks=[loop.chunk([rest + 0.05] * 30)])
    loop.ticks(50)
    np.testing.assert_array_equal(loop.state.motion.position, rest)
    loop.tick(Event.POLICY)
    loop.tick(chunks=[loop.chunk([rest + 0.05] * 60)])
    loop.ticks(200)
    assert loop.state.mode is Mode.POLICY
    np.testing.assert_allclose(loop.state.motion.position, rest + 0.05, atol=1e-12)


def test_waiting_for_the_first_chunk_holds_and_is_not_late():
    loop = in_policy()
    loop.ticks(10)
    assert loop.state.late == 0
    np.testing.assert_array_equal(loop.state.motion.position, HOME)


def test_chunks_are_not_merged_outside_policy():
    loop = Loop()
    loop.tick(Event.ENABLE)
    loop.tick(chunks=[loop.chunk([HOME + 0.1])])
    assert loop.report.merged == ()


@pytest.mark.parametrize(
    ('start_ms', 'rows', 'reason'),
    [(-5, [HOME], 'older than the start'), (6, [HOME], 'in the future'),
     (0, [[np.nan, 0.0]], 'non-finite'), (0, [[0.0]], 'shape'), (0, np.zeros((0, 2)), '0 rows')],
)
def test_an_unfit_chunk_is_refused_with_the_reason(start_ms, rows, reason):
    loop = in_policy()
    loop.tick(chunks=[loop.chunk(rows, start=loop.now + start_ms * MS)])
    assert loop.report.merged == ()
    assert reason in loop.report.refused[0]
    np.testing.assert_array_equal(loop.state.motion.position, HOME)


def test_a_chunk_that_is_already_over_or_has_no_step_is_refused():
    loop = in_policy()
    old = loop.chunk([HOME], step_ns=MS)
    loop.ticks(3)
    loop.tick(chunks=[old, loop.chunk([HOME], step_ns=0)])
    assert 'ended' in loop.report.refused[0]
    assert 'apart' in loop.report.refused[1]


def test_a_doubled_chunk_is_merged_once():
    loop = in_policy()
    chunk = loop.chunk([HOME] * 5)
    loop.tick(chunks=[chunk, chunk])
    assert loop.report.merged == (chunk.stamp_ns,)
    loop.tick(chunks=[chunk])
    assert loop.report.merged == ()
    assert loop.report.refused == ()


def test_a_sync_schedule_stops_at_the_end_of_its_executed_part_and_is_not_late():
    loop = in_policy(replace(CONFIG, schedule_kind='sync', executed_ns=200 * MS))
    rows = HOME + np.arange(20)[:, None] * np.array([0.002, 0.0])
    loop.tick(chunks=[loop.chunk(rows)])
    loop.ticks(250)
    assert (loop.state.mode, loop.state.late) == (Mode.POLICY, 0)
    np.testing.assert_allclose(loop.state.motion.position, HOME + [0.02, 0.0], atol=1e-6)
    assert not loop.state.motion.velocity.any()
    loop.tick(chunks=[loop.chunk(rows + [0.02, 0.0])])
    loop.ticks(250)
    np.testing.assert_allclose(loop.state.motion.position, HOME + [0.04, 0.0], atol=1e-6)


def test_a_sync_schedule_of_which_no_chunk_comes_any_more_ends_in_hold():
    loop = in_policy(replace(CONFIG, schedule_kind='sync', executed_ns=20 * MS))
    loop.tick(chunks=[loop.chunk([HOME] * 3)])
    loop.ticks(15 + 499)
    assert loop.state.mode is Mode.POLICY
    loop.ticks(3)
    assert loop.state.mode is Mode.HOLD


def test_a_choice_that_changes_is_not_taken_for_a_velocity():
    mixing = Mixing(discrete=np.array([False, True]))
    loop = in_policy(replace(CONFIG, mixing=mixing))
    loop.tick(chunks=[loop.chunk([HOME] * 3 + [HOME + [0.0, 0.1]] * 30)])
    ticks = [loop.tick() for _ in range(14)]
    assert all((c.motion.position == HOME).all() for c in ticks)
    loop.ticks(150)
    np.testing.assert_allclose(loop.state.motion.position, HOME + [0.0, 0.1], atol=1e-9)


@pytest.mark.parametrize('seam', [0.01, 0.05, 0.2])
def test_a_handover_to_a_place_beside_ends_there_and_never_goes_past_it(seam):
    loop = in_policy(replace(CONFIG, schedule_kind='blend', blend_ns=100 * MS))
    loop.tick(chunks=[loop.chunk([HOME] * 60)])
    loop.ticks(40)
    loop.tick(chunks=[loop.chunk([HOME + [seam, 0.0]] * 60)])
    way = [one.motion.position[0] - HOME[0] for one in loop.ticks(250)]
    assert max(way) <= seam + 1e-9
    assert way[-1] == pytest.approx(seam, abs=1e-9)
