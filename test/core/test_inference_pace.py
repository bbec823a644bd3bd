"""Tests of the pace of inferences."""

import numpy as np
from robot_runtime.core.inference_pace import InferencePace, received_ns
from robot_runtime.core.observation import Inputs, Measured
from robot_runtime.core.stream import Sample


def joints(received):
    return Sample(received, 5, Measured(np.zeros(1)))


def seen(received):
    return Inputs((joints(7), joints(99)), {'front': Sample(received, 6, np.zeros((1, 1, 3)))})


def test_inferences_begin_on_a_grid_and_a_slow_one_is_not_made_up_for():
    pace = InferencePace(100)
    pace.restart(50)
    begins = []
    for now in range(40, 800):
        busy = begins and now < begins[-1] + (30 if len(begins) < 3 else 250)
        if not busy and pace.due(now):
            pace.begun(now)
            begins.append(now)
    assert begins == [50, 150, 250, 500, 750]


def test_in_sync_the_next_inference_begins_when_the_executed_part_is_over():
    pace = InferencePace(100, sync=True)
    pace.restart(0)
    assert pace.due(0)
    pace.begun(0)
    pace.sent(40)
    assert not pace.due(139)
    assert pace.due(140)
    pace.sent(200, speed=0.5)
    assert not pace.due(399)
    assert pace.due(400)


def test_in_sync_nothing_is_inferred_from_what_was_seen_before_the_executed_part_was_over():
    sync, grid = InferencePace(100, sync=True), InferencePace(100)
    for pace in (sync, grid):
        pace.restart(500)
    assert [sync.fit(seen(t), 'front') for t in (499, 500)] == [False, True]
    assert grid.fit(seen(0), 'front')


def test_an_observation_came_when_its_reference_came():
    assert received_ns(seen(42), 'front') == 42
    assert received_ns(seen(42), '') == 99
    assert received_ns(seen(42), 'wrist') == 0
    assert received_ns(Inputs(), '') == 0
