"""Tests of the fence: what the gate refuses of distances and of the speed of the tool."""

from itertools import pairwise

from gate_robot import after, DT, HOME, LIMITS, MOVING, moving, MS, onward, P, REST, Rig
import numpy as np
import pytest
from robot_runtime.core.brake import stop_step
from robot_runtime.core.fence import breach, fenced
from robot_runtime.core.gate import Phase
from robot_runtime.core.guard import Refusal
from robot_runtime.core.stop_path import StopPath
from robot_runtime.core.types import Motion
from walls import Post, STOP, UNSEEN, wall, Walls


def stop_end(motion):
    path = StopPath(motion, LIMITS, DT)
    return path.after(np.array([float(path.ticks)]))[0]


END = stop_end(MOVING[-1])[0]


def judged(body, motion=MOVING[-1], last=MOVING[-2]):
    return breach(body, motion, last, LIMITS, DT)


def test_a_stop_may_end_at_its_bound_and_no_further():
    assert judged(wall(8, END + STOP + 1e-9)).ok
    verdict = judged(wall(8, END + STOP - 1e-6))
    assert verdict.refusal is Refusal.CLEARANCE
    assert (verdict.place, verdict.joint) == ('point and wall 0', -1)
    assert verdict.value == pytest.approx(STOP - 1e-6)
    assert verdict.allowed == STOP


def test_what_lies_across_the_way_to_a_free_end_is_seen():
    begin = MOVING[-1].position[0]
    for share in np.linspace(0.02, 0.98, 40):
        verdict = judged(Post(8, begin + share * (END - begin), 1e-4))
        assert verdict.refusal is Refusal.CLEARANCE


def test_a_post_between_two_commands_is_seen():
    fast = Motion(HOME, np.append(1.3, np.zeros(7)), np.zeros(8))
    there = after(fast, np.zeros(8))
    middle = (fast.position[0] + there.position[0]) / 2.0
    body = Post(8, middle, 0.0)
    body.stop, body.unseen = np.array([0.0005]), np.array([0.0001])
    assert not breach(body, there, fast, LIMITS, DT).ok


def test_nothing_that_passes_comes_nearer_than_is_said():
    rng = np.random.default_rng(7)
    passed = refused = turned = 0
    for _ in range(800):
        velocity = rng.uniform(-1.0, 1.0, 8) * LIMITS.velocity * rng.choice([0.0, 0.05, 1.0], 8)
        gain = rng.uniform(-1.0, 1.0, 8) * LIMITS.acceleration * rng.choice([0.0, 1.0])
        motion = Motion(HOME, velocity, gain)
        last = Motion(HOME - velocity * DT, velocity - gain * DT, gain)
        turned += bool(len(StopPath(motion, LIMITS, DT).turns))
        end = stop_end(motion)
        middle = HOME + rng.uniform(-0.2, 1.2) * (end - HOME) + rng.normal(size=8) * 0.03
        body = Round(middle, rng.uniform(0.01, 0.2))
        if (body.distances(last.position[np.newaxis], 0.0) < STOP).any():
            continue
        if breach(body, motion, last, LIMITS, DT).ok:
            passed += 1
            while motion.moves:
                step = stop_step(motion, LIMITS, DT)
                way = motion.position + np.linspace(0, 1, 5)[:, None] * (
                    step.position - motion.position)
                assert (body.distances(way, 0.0) >= STOP - UNSEEN).all()
                motion = step
        else:
            refused += 1
    assert min(passed, refused, turned) > 50


def test_the_steps_of_a_stop_that_turns_round_need_no_verdict_and_come_no_nearer():
    # joint 0 brakes too hard to land: it moves back, away from one wall and toward the other
    motion = Motion(HOME, np.append(0.02, np.zeros(7)), np.append(-4.0, np.zeros(7)))
    last = Motion(HOME - motion.velocity * DT, motion.velocity - motion.acceleration * DT,
                  motion.acceleration)
    steps = [motion]
    while steps[-1].moves:
        steps.append(stop_step(steps[-1], LIMITS, DT))
    places = np.array([step.position[0] for step in steps])
    assert places.max() > places[0]
    assert places[-1] < places[0] - 0.002
    for normal, furthest in ((1.0, places.max()), (-1.0, -places.min())):
        for room, fine in ((1e-9, True), (-1e-6, False)):
            body = Walls([np.append(normal, np.zeros(7))], [furthest + STOP + room])
            assert breach(body, motion, last, LIMITS, DT).ok is fine
            for before, step in pairwise(steps):
                assert breach(body, step, before, LIMITS, DT).ok


def test_the_tool_may_not_get_too_fast_while_a_stop_lets_go_of_its_acceleration():
    motion = Motion(HOME, np.append(0.4, np.zeros(7)), np.append(4.0, np.zeros(7)))
    last = Motion(HOME - motion.velocity * DT, motion.velocity - motion.acceleration * DT,
                  motion.acceleration)
    fastest, step = 0.0, motion
    while step.moves:
        fastest, step = max(fastest, step.velocity[0]), stop_step(step, LIMITS, DT)
    assert fastest > 0.45
    assert breach(wall(8, 10.0, tool_speed=fastest + 1e-6), motion, last, LIMITS, DT).ok
    verdict = breach(wall(8, 10.0, tool_speed=fastest - 1e-3), motion, last, LIMITS, DT)
    assert verdict.refusal is Refusal.TOOL_SPEED


class Round(Walls):
    """A ball in the space of the joints."""

    def __init__(self, centre, radius):
        super().__init__(np.zeros((1, len(centre))), [0.0])
        self.centre, self.radius = centre, radius
        self.reach = np.ones((1, len(centre)))

    def distances(self, positions, within):
        return np.sqrt(((positions - self.centre) ** 2).sum(axis=1))[:, None] - self.radius


def test_far_from_everything_one_look_is_enough():
    body = wall(8, 10.0)
    slow = Motion(HOME, np.full(8, 0.05), np.zeros(8))
    assert breach(body, slow, Motion(HOME - slow.velocity * DT, slow.velocity, np.zeros(8)),
                  LIMITS, DT).ok
    assert body.asked == 1


def test_a_distance_that_is_not_a_number_is_refused():
    body = wall(8, 10.0)
    body.distances = lambda positions, within: np.full((len(positions), 1), np.nan)
    assert judged(body).refusal is Refusal.CLEARANCE


def test_a_robot_that_is_too_near_may_stand_and_leave_and_not_go_on():
    body = wall(8, HOME[0] + STOP / 2)
    ahead = np.append(0.1, np.zeros(7))
    assert judged(body, REST, REST).ok
    assert judged(body, after(REST, -ahead), REST).ok
    assert not judged(body, after(REST, ahead), REST).ok
    assert not judged(body, after(REST, ahead * 1e-3), REST).ok


def test_the_next_step_of_the_own_stop_is_never_refused():
    body = wall(8, END, tool_speed=1e-3)
    assert judged(body, stop_step(MOVING[-1], LIMITS, DT), MOVING[-1]).ok
    assert not judged(body).ok


def test_the_speed_of_the_tool_has_a_bound():
    speed = float(np.linalg.norm(MOVING[-1].velocity[:3]))
    assert judged(wall(8, 10.0, tool_speed=speed)).ok
    verdict = judged(wall(8, 10.0, tool_speed=speed * 0.999))
    assert verdict.refusal is Refusal.TOOL_SPEED
    assert (verdict.place, verdict.value) == ('point', pytest.approx(speed))


def test_the_gate_brakes_before_the_wall_and_says_what_was_near():
    at = MOVING[-1].position[0] + 0.3
    rig = moving(body=wall(8, at))
    for n, motion in enumerate(onward(MOVING[-1], 300), start=len(MOVING) + 1):
        rig.run(P)
        if not rig.send(n, motion):
            break
    assert rig.gate.latched
    assert rig.gate.reason.startswith(
        'command refused: distance on the way to the end of a stop: point and wall 0 0.00')
    rig.until_rest()
    assert at - 0.04 < rig.sent[-1].position[0] <= at - STOP


@pytest.mark.parametrize('room', [0.001, 0.005, 0.02, 0.05])
def test_a_gate_that_coasts_stops_before_the_wall_too(room):
    at = END + STOP + room
    rig = moving(body=wall(8, at))
    rig.run(400 * MS)
    assert rig.state is Phase.REST
    assert rig.sent[-1].position[0] <= at - STOP + 1e-9
    bare = moving()
    bare.run(400 * MS)
    assert bare.sent[-1].position[0] > END + 0.008  # past the bound of the nearer walls


def test_a_step_of_its_own_is_kept_where_it_is_allowed():
    assert fenced(wall(8, 10.0), MOVING[-1], MOVING[-2], LIMITS, DT) is MOVING[-1]
    braked = fenced(wall(8, END), MOVING[-1], MOVING[-2], LIMITS, DT)
    assert np.array_equal(braked.position, stop_step(MOVING[-2], LIMITS, DT).position)


def test_without_a_body_nothing_is_looked_at():
    assert Rig().config.body is None
