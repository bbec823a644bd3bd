"""Space around the FR3: nothing is touched, by what MuJoCo says; and a robot may leave."""

import mujoco
import numpy as np
import pytest
from robot_runtime.core.gate import Phase
from robot_runtime.core.mode import Mode
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.touch import Touch
from space_rig import BODY, distances, Pair, ROBOT

HOME = ROBOT.home_position
FAR = 1.0


class Witness:
    """The cell with its physics; it knows by MuJoCo's own geometry what came how near."""

    def __init__(self):
        self.cell = Cell()
        model, data = self.cell.scene.model, self.cell.data
        for k, name in enumerate(('red', 'green', 'blue')):  # out of the way: they may be pushed
            joint = model.body_jntadr[self.cell.scene.body(name)]
            data.qpos[model.jnt_qposadr[joint]:][:3] = (2.0 + k, 2.0, -0.7)
        data.mocap_pos[:] = (2.0, -2.0, -0.7)
        mujoco.mj_forward(model, data)
        self.touch = Touch(self.cell)
        self.over_table = [
            (g, self.touch.table) for g in self.touch.shapes if self.touch.link(g) != 'fr3_link0']
        self.nearest_table, self.ticks = FAR, 0

    def moved(self, position):
        for _ in range(2):  # as often as the simulator looks
            self.cell.step(position, self.cell.timestep_s)
            self.touch.step()
        self.ticks += 1
        if self.ticks % 3 == 0:
            gaps = (self.touch.distance(*pair, 0.05) for pair in self.over_table)
            self.nearest_table = min(self.nearest_table, *gaps)
        return self.cell.joints()[0].copy()


def test_distances_are_those_that_mujoco_finds():
    witness = Witness()
    touch, model, data = witness.touch, witness.cell.scene.model, witness.cell.data
    limits, rng = ROBOT.limits(), np.random.default_rng(2)
    for _ in range(40):
        q = rng.uniform(limits.lower, limits.upper)
        witness.cell.scene.stand(data, q)
        mujoco.mj_kinematics(model, data)
        theirs = {}
        for a, b in touch.pairs + witness.over_table:
            names = frozenset('table' if g == touch.table else touch.link(g) for g in (a, b))
            theirs[names] = min(theirs.get(names, 9.0), touch.distance(a, b, 3.0))
        ours = {}
        for label, gap in zip(BODY.labels, distances(q), strict=True):
            names = frozenset(label.split(' and '))
            if 'workspace' not in label:
                ours[names] = min(ours.get(names, 9.0), gap)
        assert ours.keys() == theirs.keys()
        apart = [names for names in ours if ours[names] > 0.0]
        assert len(apart) > 30
        for names in apart:  # of how deep two shapes are in each other, each has its own idea
            assert ours[names] == pytest.approx(theirs[names], abs=2e-5), names
        assert all(theirs[names] <= 1e-6 for names in ours.keys() - set(apart))


@pytest.mark.parametrize('seed', range(4))
def test_random_targets_never_make_the_robot_touch_the_table_or_itself(seed):
    witness = Witness()
    pair = Pair(moved=witness.moved)
    pair.wander(1500, seed)
    assert (pair.gate.latched, pair.gate.reason) == (False, '')
    assert pair.gate.counters.refused == 0
    assert pair.loop.mode is Mode.POLICY
    assert pair.slowed > 100
    assert (witness.touch.contacts, witness.touch.self_contacts) == (0, 0)
    assert witness.touch.nearest_m > 0.005  # 0.01 is kept of what is sent
    assert witness.nearest_table > 0.0


def test_without_the_loops_own_check_the_gate_refuses_and_brakes_before_the_table():
    witness = Witness()
    down = HOME.copy()
    down[1] = 1.2
    pair = Pair(moved=witness.moved, control_body=None)
    pair.ticks(600, target=down)
    assert pair.gate.latched
    assert 'distance on the way to the end of a stop: fr3_' in pair.gate.reason
    assert pair.gate.state is Phase.REST
    assert witness.touch.contacts == 0
    assert (distances(pair.sent[-1].position) >= BODY.stop - BODY.unseen).all()


def test_without_the_loops_own_check_nothing_random_gets_past_the_gate():
    for seed in range(12):
        pair = Pair(control_body=None)
        pair.wander(500, seed)
        for motion in pair.sent[::5]:
            assert (distances(motion.position) >= BODY.stop - BODY.unseen).all()


def test_the_speed_of_the_tool_is_kept_by_the_loop_and_refused_by_the_gate():
    away = HOME + np.array([2.0, 0.9, 0.0, 1.2, 0.0, 0.0, 0.0, 0.0])

    def fastest(pair):
        return max(
            float(np.linalg.norm(BODY.tool_jacobian(m.position) @ m.velocity)) for m in pair.sent)

    pair = Pair(limits=ROBOT.published_limits())
    pair.ticks(500, target=away)
    assert not pair.gate.latched
    assert 0.9 < fastest(pair) <= 1.0 + 1e-6
    bare = Pair(limits=ROBOT.published_limits(), control_body=None)
    bare.ticks(500, target=away)
    assert 'speed of the tool: fr3_hand_tcp' in bare.gate.reason


def inside():
    """Return a pose with the hand a little too near to the table."""
    q = HOME.copy()
    for share in np.linspace(0.0, 2.0, 4000):
        q[1], q[3] = HOME[1] + share, HOME[3] + 0.3 * share
        if (distances(q) < BODY.stop - 0.001).any():
            return q
    raise AssertionError('no pose found')


def test_a_robot_that_starts_too_near_may_stand_and_leave():
    start = inside()
    pair = Pair(start=start)
    pair.ticks(50, target=start)
    pair.ticks(1000, target=HOME)
    assert not pair.gate.latched
    assert pair.sent[-1].position == pytest.approx(HOME, abs=1e-3)


def test_a_robot_that_starts_too_near_goes_no_further_in():
    start = inside()
    further = start + 0.5 * (start - HOME)
    before = np.minimum(distances(start), BODY.stop)
    pair = Pair(start=start)
    pair.ticks(300, target=further)
    assert not pair.gate.latched
    assert all((distances(m.position) >= before - BODY.unseen).all() for m in pair.sent)
    bare = Pair(start=start, control_body=None)
    bare.ticks(300, target=further)
    assert 'distance on the way' in bare.gate.reason
    assert all((distances(m.position) >= before - BODY.unseen).all() for m in bare.sent)


def test_the_robot_stops_before_the_table_and_leaves_it_at_full_speed():
    down = HOME.copy()
    down[1] = 1.2
    pair = Pair()
    pair.ticks(1500, target=down)
    assert not pair.gate.latched
    gap = (distances(pair.sent[-1].position) - BODY.stop).min()
    assert 0.0 <= gap < 0.003
    assert np.abs(pair.sent[-1].velocity).max() < 0.02
    slowed = pair.slowed
    pair.ticks(700, target=HOME)
    assert pair.slowed <= slowed + 5
    assert pair.sent[-1].position == pytest.approx(HOME, abs=1e-3)


def test_home_and_the_way_of_a_random_stop_agree_with_the_reach():
    limits, rng = ROBOT.limits(), np.random.default_rng(3)
    for _ in range(300):
        a, b = rng.uniform(limits.lower, limits.upper, (2, limits.count))
        b = a + rng.choice([0.01, 0.1, 1.0]) * (b - a)
        change = np.abs(distances(b) - distances(a))
        assert (change <= BODY.reach @ np.abs(b - a) + 5e-6).all()
