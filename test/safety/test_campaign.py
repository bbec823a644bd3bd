"""Safety of shaper and gate together: whatever is asked, each command passes and a stop fits."""

from benchmarks.safety_campaign import campaign, KINDS, robots, targets
from hypothesis import given, settings, strategies
import numpy as np
import pytest
from robot_runtime.core.brake import stop_reach, stop_step
from robot_runtime.core.guard import kept, rules, verify
from robot_runtime.core.limits import INFEASIBLE, ramp_to_rest, shape
from robot_runtime.core.types import Limits, Motion

SETTINGS = settings(max_examples=25, deadline=None, derandomize=True)


@strategies.composite
def runs(draw):
    """Return limits of one robot, a period, and adversarial targets."""
    dt_s = draw(strategies.floats(0.0005, 0.05))
    rng = np.random.default_rng(draw(strategies.integers(0, 2**32)))
    limits = robots(rng, 1, dt_s, draw(strategies.integers(1, 32))).part(0)
    return limits, dt_s, targets(rng, draw(strategies.sampled_from(KINDS)), limits, dt_s)


def middle(limits: Limits) -> Motion:
    return Motion.at_rest(0.5 * (limits.lower + limits.upper))


@SETTINGS
@given(runs(), strategies.booleans())
def test_whatever_is_asked_the_gate_accepts_every_command_and_every_step_of_its_stop(run, grouped):
    limits, dt_s, wishes = run
    last, groups = middle(limits), (slice(0, limits.count),) if grouped else None
    for tick in range(120):
        target, speed = next(wishes)
        shaped = shape(target, last, limits, dt_s, groups, speed)
        assert not (shaped.active & INFEASIBLE).any()
        assert verify(shaped.motion, last, 1, None, limits, dt_s).ok
        last = shaped.motion
        if tick % 30 == 29:
            stop = last
            while stop.moves:
                before, stop = stop, stop_step(stop, limits, dt_s)
                verdict = verify(stop, before, 1, None, limits, dt_s)
                assert verdict.ok, verdict
            assert (stop.position >= limits.lower - 1e-9).all()
            assert (stop.position <= limits.upper + 1e-9).all()


@SETTINGS
@given(runs())
def test_the_ramp_of_the_loop_is_accepted_by_the_gate_to_its_end(run):
    limits, dt_s, wishes = run
    last = middle(limits)
    for _ in range(60):
        last = shape(*_first(wishes), last, limits, dt_s).motion
    while last.moves:
        before, last = last, ramp_to_rest(last, limits, dt_s)
        assert verify(last, before, 1, None, limits, dt_s).ok


def _first(wishes):
    return next(wishes)[:1]


@SETTINGS
@given(runs(), strategies.integers(0, 2**32))
def test_what_the_gate_accepts_it_can_stop_within_its_own_rules(run, seed):
    limits, dt_s, _ = run
    rng, size = np.random.default_rng(seed), (500, limits.count)
    position = limits.lower + (limits.upper - limits.lower) * rng.beta(0.3, 0.3, size)
    velocity = limits.velocity * rng.uniform(-1, 1, size) ** 3
    acceleration = limits.acceleration * rng.uniform(-1, 1, size)
    motion = Motion(position, velocity, acceleration)
    last = Motion(position - velocity * dt_s, velocity - acceleration * dt_s, acceleration)
    accepted = kept(rules(motion, last, 1, None, limits, dt_s))
    for _ in range(200):
        before, motion = motion, stop_step(motion, limits, dt_s)
        for rule in rules(motion, before, 1, None, limits, dt_s):
            assert rule.kept[accepted].all(), rule.refusal


@SETTINGS
@given(runs(), strategies.integers(0, 2**32))
def test_the_way_of_a_stop_is_what_its_steps_add_up_to(run, seed):
    limits, dt_s, _ = run
    rng, size = np.random.default_rng(seed), (50, limits.count)
    velocity = limits.velocity * rng.uniform(-1, 1, size) ** 3
    motion = Motion(np.zeros(size), velocity, limits.acceleration * rng.uniform(-1, 1, size))
    up, down = stop_reach(velocity, motion.acceleration, limits.acceleration, limits.jerk, dt_s)
    while motion.moves:
        motion = stop_step(motion, limits, dt_s)
    end = motion.position
    landed = (np.abs(end - up) < 1e-9) | (np.abs(end - down) < 1e-9) | (np.abs(end) < 1e-9)
    assert landed.all()


def test_bounds_that_shrink_while_a_joint_moves_are_flagged_and_braked_within_the_jerk():
    rng = np.random.default_rng(4)
    wide = robots(rng, 200, 0.004)
    last, wishes = middle(wide), targets(rng, 'ends', wide, 0.004)
    for _ in range(150):
        last = shape(next(wishes)[0], last, wide, 0.004).motion
    narrow = robots(rng, 200, 0.004)
    narrow = Limits(*(
        np.minimum(getattr(narrow, name), getattr(wide, name))
        if name in ('upper', 'velocity') else getattr(wide, name)
        for name in Limits.__slots__
    ))
    flagged = 0
    for _ in range(50):
        shaped = shape(next(wishes)[0], last, narrow, 0.004)
        flagged += int((shaped.active & INFEASIBLE != 0).sum())
        change = np.abs(shaped.motion.acceleration - last.acceleration)
        assert (change <= narrow.jerk * 0.004 * (1 + 1e-6)).all()
        assert (np.abs(shaped.motion.acceleration) <= narrow.acceleration * (1 + 1e-6)).all()
        last = shaped.motion
    assert flagged > 0


@pytest.mark.parametrize('seed', [1, 2])
def test_a_small_campaign_finds_no_violation_and_no_bit_of_difference(seed):
    figures = campaign(1e5, seed, alone=600)
    assert figures['joint_ticks'] >= 1e5
    assert (figures['violations'], figures['infeasible']) == (0, 0), figures['by_rule']
    assert figures['alone_different'] == 0
    assert min(figures['worst_margin'].values()) > -1e-6
