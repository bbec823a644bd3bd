"""Tests of the clearance: the loop slows down in time, stops before a wall, and leaves it."""

from dataclasses import replace
from itertools import pairwise

from control_rig import CONFIG, HOME, in_policy
import numpy as np
import pytest
from robot_runtime.core.clearance import CLEARANCE
from robot_runtime.core.fence import breach
from walls import STOP, UNSEEN, wall, Walls

AT = 0.5
KEPT = STOP + UNSEEN


def followed(body, target, ticks=600, loop=None):
    """Return the motions toward a target that stands, and the flags of each tick."""
    loop = loop or in_policy(replace(CONFIG, body=body))
    begin, flags = len(loop.commands), []
    loop.tick(chunks=[loop.chunk(np.tile(target, (900, 1)), interpolation='zoh')])
    for _ in range(ticks - 1):
        loop.tick()
        flags.append(loop.report.active)
    motions = [command.motion for command in loop.commands[begin:]]
    return loop, motions, np.array(flags)


def test_a_target_behind_a_wall_is_approached_softly_and_never_reached():
    _, motions, flags = followed(wall(2, AT), [0.9, 0.2])
    gap = AT - np.array([motion.position[0] for motion in motions])
    assert gap.min() >= KEPT - 1e-9
    assert gap[-1] < KEPT + 0.001
    speed = np.array([motion.velocity[0] for motion in motions])
    assert speed.max() > 0.4
    assert abs(speed[-1]) < 1e-3
    slow = np.diff(speed)[gap[1:] < 0.04]  # near the wall it only slows down
    assert slow.max() <= 1e-9
    assert (flags[-1] & CLEARANCE).all()


def test_acceleration_stays_within_its_limit_while_the_wall_is_approached():
    _, motions, _ = followed(wall(2, AT), [0.9, 0.2])
    velocity = np.array([motion.velocity for motion in motions])
    assert np.abs(np.diff(velocity, axis=0) / 0.004).max() <= 5.0 * (1 + 1e-9)


def test_what_slows_down_keeps_its_direction():
    _, motions, _ = followed(wall(2, AT), [0.9, 0.6])
    last = np.array([m.velocity for m in motions if m.velocity[0] > 1e-3][-40:])
    ratio = last[:, 1] / last[:, 0]
    assert np.ptp(ratio) < 0.02 * ratio.mean()


def test_the_way_out_is_as_fast_as_without_a_wall():
    body = wall(2, AT)
    loop, _, _ = followed(body, [0.9, HOME[1]])
    place = loop.state.motion.position
    _, motions, flags = followed(body, [-0.5, HOME[1]], loop=loop)
    assert not (flags & CLEARANCE).any()
    free = in_policy(CONFIG)
    free.measured = place
    free.state = replace(free.state, motion=replace(loop.state.motion, position=place))
    velocity = np.array([motion.velocity[0] for motion in motions])
    assert velocity.min() < -1.0  # of 1.5, in the 1 rad that there are


def test_a_wall_that_is_not_on_the_way_changes_nothing():
    _, with_wall, _ = followed(Walls([[0.0, 1.0]], [2.0]), [0.9, 0.2])
    _, free, _ = followed(None, [0.9, 0.2])
    for one, other in zip(with_wall, free, strict=True):
        np.testing.assert_array_equal(one.position, other.position)


def test_a_loop_that_begins_too_near_stands_and_leaves_and_goes_no_further_in():
    body = wall(2, HOME[0] + STOP / 2)
    loop, motions, _ = followed(body, [0.9, HOME[1]], ticks=100)
    assert max(motion.position[0] for motion in motions) <= HOME[0] + 1e-12
    _, motions, _ = followed(body, [-0.5, HOME[1]], loop=loop)
    assert motions[-1].position[0] == pytest.approx(-0.5)


def test_a_way_out_on_which_single_joints_lead_in_is_found():
    # out by joint 1 faster than in by joint 0; at rest each joint alone would start as fast
    body = Walls([[1.0, -0.5]], [HOME @ [1.0, -0.5] + STOP / 2])
    target = HOME + np.array([0.1, 0.6])
    _, motions, _ = followed(body, target)
    assert motions[-1].position == pytest.approx(target, abs=1e-6)
    gap = body.distances(np.array([motion.position for motion in motions]), 0.0)[:, 0]
    assert (gap >= STOP / 2 - 1e-9).all()


def test_the_tool_keeps_its_speed():
    body = wall(2, 10.0, tool_speed=0.5)
    _, motions, flags = followed(body, [0.9, 0.8], ticks=1000)
    speed = np.array([float(np.linalg.norm(motion.velocity)) for motion in motions])
    assert 0.47 < speed.max() <= 0.5
    assert (flags & CLEARANCE).any()
    assert motions[-1].position == pytest.approx([0.9, 0.8])


def test_random_targets_between_four_walls_keep_their_distance():
    body = Walls([[1.0, 0.0], [-1.0, 0.0], [0.6, 0.8], [-0.6, -0.8]], [0.5, 0.4, 0.4, 0.5])
    loop = in_policy(replace(CONFIG, body=body))
    rng = np.random.default_rng(9)
    for _ in range(60):
        target = rng.uniform(-1.0, 1.0, 2)
        followed(body, target, ticks=int(rng.integers(5, 150)), loop=loop)
    places = np.array([command.motion.position for command in loop.commands])
    assert body.distances(places, 0.0).min() >= KEPT - 1e-6
    # the gate, which looks along its own stop from each of them, has nothing to refuse
    for before, after in pairwise(loop.commands):
        assert breach(body, after.motion, before.motion, CONFIG.limits, 0.004).ok


def test_nothing_between_random_walls_is_proposed_that_the_gate_would_refuse():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        angles = rng.uniform(0.0, 2.0 * np.pi, 5)
        normals = np.stack((np.cos(angles), np.sin(angles)), axis=1)
        speed = rng.choice([0.4, np.inf])
        body = Walls(normals, normals @ HOME + rng.uniform(STOP / 2, 0.4, 5), tool_speed=speed)
        loop = in_policy(replace(CONFIG, body=body))
        for _ in range(12):
            target = rng.uniform(-1.0, 1.0, 2)
            followed(body, target, ticks=int(rng.integers(5, 120)), loop=loop)
        for before, after in pairwise(loop.commands):
            assert breach(body, after.motion, before.motion, CONFIG.limits, 0.004).ok


def test_the_speed_of_the_tool_may_be_all_that_is_bounded():
    body = Walls(np.zeros((0, 2)), [], tool_speed=0.5)
    _, motions, _ = followed(body, [0.9, 0.8], ticks=60)
    speed = np.array([float(np.linalg.norm(motion.velocity)) for motion in motions])
    assert 0.2 < speed.max() <= 0.5
