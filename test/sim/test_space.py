"""Space around the FR3: nothing is touched, by what MuJoCo says; and a robot may leave."""

from itertools import combinations

import mujoco
import numpy as np
import pytest
from robot_runtime.core.gate import Phase
from robot_runtime.core.mode import Mode
from robot_runtime.sim.cell import Cell
from space_rig import BODY, distances, IGNORED, Pair, ROBOT

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
        shapes = [g for g in range(model.ngeom)
                  if model.body(model.geom_bodyid[g]).name.startswith('fr3_')
                  and model.geom_contype[g]]
        self.table = model.geom('table').id
        self.pairs = [(a, b) for a, b in combinations(shapes, 2) if self._apart(a, b)]
        base = model.body('fr3_link0').id
        self.over_table = [g for g in shapes if model.geom_bodyid[g] != base]
        self.shapes = set(shapes)
        self.contacts, self.nearest, self.ticks = 0, {'itself': FAR, 'table': FAR}, 0

    def _apart(self, a, b):
        model = self.cell.scene.model
        names = {model.body(model.geom_bodyid[g]).name for g in (a, b)}
        weld = [model.body_weldid[model.geom_bodyid[g]] for g in (a, b)]
        above = [model.body_weldid[model.body_parentid[w]] for w in weld]
        adjacent = weld[0] == weld[1] or above[0] == weld[1] or above[1] == weld[0]
        return not adjacent and names not in IGNORED

    def moved(self, position):
        self.cell.step(position, 0.004)
        data = self.cell.data
        for contact in data.contact[: data.ncon]:
            if self.table in contact.geom and self.shapes & set(contact.geom.tolist()):
                self.contacts += 1
        self.ticks += 1
        if self.ticks % 3 == 0:
            for kind, pairs in (('itself', self.pairs),
                                ('table', [(g, self.table) for g in self.over_table])):
                gap = min(self.distance(a, b, 0.05) for a, b in pairs)
                self.nearest[kind] = min(self.nearest[kind], gap)
        return self.cell.joints()[0].copy()

    def distance(self, a, b, most=FAR):
        return mujoco.mj_geomDistance(self.cell.scene.model, self.cell.data, a, b, most, None)


def test_distances_are_those_that_mujoco_finds():
    witness = Witness()
    model, data = witness.cell.scene.model, witness.cell.data
    limits, rng = ROBOT.limits(), np.random.default_rng(2)
    for _ in range(40):
        q = rng.uniform(limits.lower, limits.upper)
        witness.cell.scene.stand(data, q)
        mujoco.mj_kinematics(model, data)
        theirs = {}
        for a, b in witness.pairs + [(g, witness.table) for g in witness.over_table]:
            names = frozenset(
                'table' if g == witness.table else model.body(model.geom_bodyid[g]).name
                for g in (a, b))
            theirs[names] = min(theirs.get(names, 9.0), witness.distance(a, b, 3.0))
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
    assert witness.contacts == 0
    assert witness.nearest['itself'] > 0.005  # 0.01 is kept of what is sent
    assert witness.nearest['table'] > 0.0


def test_without_the_loops_own_check_the_gate_refuses_and_brakes_before_the_table():
    witness = Witness()
    down = HOME.copy()
    down[1] = 1.2
    pair = Pair(moved=witness.moved, control_body=None)
    pair.ticks(600, target=down)
    assert pair.gate.latched
    assert 'distance on the way to the end of a stop: fr3_' in pair.gate.reason
    assert pair.gate.state is Phase.REST
    assert witness.contacts == 0
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
