"""Tests of the delays of chunks: what was consumed, from the first comparable chunk on."""

from dataclasses import replace

from control_rig import CONFIG, HOME, in_policy, MS
import pytest
from robot_runtime.core.delays import Delays, KEPT
from robot_runtime.core.mode import Event


def test_a_delay_is_the_number_of_ticks_that_ran_since_the_observation():
    delays = Delays()
    for observed in (100, 97, 96, 95, 110):
        delays = delays.added(observed, 100, 4)
    assert delays.ticks == (0, 1, 1, 2, 0)


def test_quantiles_are_delays_that_were_there():
    delays = Delays(tuple(range(1, 101)))
    assert [delays.quantile(q) for q in (0.0, 0.5, 0.95, 1.0)] == [1, 50, 95, 100]
    assert Delays().quantile(0.95) == 0
    assert Delays((7,)).quantile(0.5) == 7
    with pytest.raises(ValueError, match='1.5'):
        delays.quantile(1.5)


def test_only_the_newest_delays_count():
    delays = Delays()
    for _ in range(KEPT):
        delays = delays.added(0, 4_000, 4)
    for _ in range(KEPT):
        delays = delays.added(0, 40, 4)
    assert delays.quantile(1.0) == 10
    assert len(delays.ticks) == KEPT


def late(loop, ticks):
    """Let a chunk come that was observed so many ticks ago."""
    chunk = loop.chunk([HOME] * 40)
    loop.ticks(ticks)
    loop.tick(chunks=[chunk])


def test_the_loop_measures_every_chunk_but_the_first_of_each_engagement():
    loop = in_policy()
    late(loop, 60)
    assert loop.state.delays.ticks == ()
    for ticks in (5, 9):
        late(loop, ticks)
    assert loop.state.delays.ticks == (5, 9)
    loop.tick(Event.HOLD)
    loop.tick(Event.POLICY)
    late(loop, 60)
    late(loop, 7)
    assert loop.state.delays.ticks == (5, 9, 7)


def test_a_chunk_that_is_dropped_or_refused_is_not_measured():
    loop = in_policy()
    late(loop, 1)
    newest = loop.state.schedule.chunks[-1]
    loop.tick(chunks=[newest, loop.chunk([[0.0]])])
    assert loop.state.delays.ticks == ()


def test_a_chunk_that_begins_at_its_arrival_is_late_by_its_observation():
    loop = in_policy()
    late(loop, 1)
    chunk = loop.chunk([HOME] * 40)
    loop.ticks(10)
    loop.tick(chunks=[replace(chunk, start_ns=loop.now, observed_ns=chunk.start_ns)])
    assert loop.state.delays.ticks == (10,)
    assert loop.state.delays.quantile(0.95) * CONFIG.period_ns == 40 * MS
