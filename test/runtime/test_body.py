"""Shape of a robot: distances that can be worked out by hand, and one sentence for bad files."""

import copy

import numpy as np
import pytest
from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.robot_file import load_robot
import yaml

BOX = '<collision>{origin}<geometry><box size="{size}"/></geometry></collision>'
# A slider along x that carries a box, an arm of 1 m on it that turns about z with a ball at its
# end, and a post at x = 2 that stands on the base.
URDF = """
<robot name="two">
  <link name="base"><collision><origin xyz="2 0 0"/>
    <geometry><box size="0.2 0.4 1"/></geometry></collision></link>
  <link name="cart"><collision><geometry><box size="0.4 0.2 0.1"/></geometry></collision></link>
  <link name="arm"><collision><origin xyz="1 0 0"/>
    <geometry><sphere radius="0.1"/></geometry></collision></link>
  <link name="tip"/>
  <joint name="slide" type="prismatic"><parent link="base"/><child link="cart"/>
    <axis xyz="1 0 0"/><limit lower="-1" upper="3" velocity="1" effort="5"/></joint>
  <joint name="turn" type="continuous"><parent link="cart"/><child link="arm"/>
    <origin xyz="0 0 0.5"/><axis xyz="0 0 1"/><limit velocity="1" effort="5"/></joint>
  <joint name="end" type="fixed"><parent link="arm"/><child link="tip"/>
    <origin xyz="1 0 0"/></joint>
  {more}
</robot>
"""
ROBOT = {
    'name': 'two', 'source': 'a test', 'urdf': 'two.urdf', 'period_s': 0.004,
    'operating_scale': 1.0,
    'groups': [{
        'name': 'arm', 'command': 'trajectory',
        'sources': dict.fromkeys(('position', 'velocity', 'acceleration', 'lead'), 'a test'),
        'joints': [
            {'name': 'slide', 'lower': -1.0, 'upper': 3.0, 'velocity': 1.0, 'acceleration': 5.0,
             'lead': 0.1},
            {'name': 'turn', 'lower': -9.0, 'upper': 9.0, 'velocity': 1.0, 'acceleration': 5.0,
             'lead': 0.1},
        ],
    }],
    'topics': {'joint_states': 'joint_states',
               'command': {'arm': {'topic': 'arm', 'adapter': 'float64_multi_array'}}},
    'home': {'slide': 0.0, 'turn': 0.0},
    'timeouts': {'joint_state_s': 0.05, 'camera_s': 0.1, 'command_s': 0.06,
                 'command_realtime_s': 0.012, 'estop_s': 0.2},
    'estop': {'topic': 'estop', 'required': False},
    'workspace': {
        'margin_m': 0.05,
        'boxes': [{'frames': ['tip'], 'lower': [-1.0, -2.0, 0.0], 'upper': [3.0, 2.0, 1.0]}],
        'half_spaces': [{'frames': ['tip'], 'normal': [0.0, 0.0, 2.0], 'offset': 0.1}],
    },
    'tool_speed': {'frame': 'tip', 'limit': 0.8},
    'collision': {
        'margin_m': 0.05, 'stop_m': 0.01, 'self': True,
        'obstacles': [
            {'name': 'wall', 'box': [0.2, 8.0, 8.0], 'position': [-2.0, 0.0, 0.0]},
            {'name': 'ball', 'sphere': 0.3, 'position': [0.0, 3.0, 0.5]},
            {'name': 'pole', 'cylinder': {'radius': 0.2, 'length': 4.0},
             'position': [0.0, -3.0, 0.5], 'rpy': [0.0, 0.0, 1.0], 'stop_m': 0.02},
        ],
    },
}  # fmt: skip


def written(tmp_path, change=lambda data: None, more='', urdf=URDF):
    data = copy.deepcopy(ROBOT)
    change(data)
    (tmp_path / 'two.urdf').write_text(urdf.replace('{more}', more), encoding='utf-8')
    path = tmp_path / 'two.yaml'
    path.write_text(yaml.safe_dump(data), encoding='utf-8')
    return path


def body_of(tmp_path, *arguments, **named):
    return load_body(load_robot(written(tmp_path, *arguments, **named)))


def gaps(body, *q):
    return dict(zip(body.labels, body.gaps(np.array(q), np.full(len(body.stop), 99.0)).distance,
                    strict=True))


def test_distances_are_those_worked_out_by_hand(tmp_path):
    body = body_of(tmp_path)
    found = gaps(body, 0.3, np.pi / 2)
    # the arm points along y from the cart at x = 0.3: its ball is at (0.3, 1, 0.5)
    assert found['arm and wall'] == pytest.approx(2.2 - 0.1, abs=1e-6)
    assert found['arm and ball'] == pytest.approx(np.hypot(0.3, 2.0) - 0.4, abs=1e-6)
    assert found['arm and pole'] == pytest.approx(np.hypot(0.3, 4.0) - 0.3, abs=1e-6)
    # the post's nearest edge to the ball: x = 1.9, y = 0.2, at the ball's height
    assert found['base and arm'] == pytest.approx(np.hypot(1.6, 0.8) - 0.1, abs=1e-6)
    assert found['cart and wall'] == pytest.approx(2.3 - 0.2 - 0.1, abs=1e-6)
    assert 'base and cart' not in found  # a joint lies between
    where = 'of workspace.boxes[0]'
    assert found[f'tip to the upper x {where}'] == pytest.approx(2.7)
    assert found[f'tip to the lower y {where}'] == pytest.approx(3.0)
    assert found['tip to the plane of workspace.half_spaces[0]'] == pytest.approx(0.4)
    assert len(found) == 2 * 3 + 1 + 6 + 1


def test_the_speed_at_which_a_gap_closes_is_that_worked_out_by_hand(tmp_path):
    body = body_of(tmp_path)
    near = body.gaps(np.array([0.5, 0.0]), np.full(len(body.stop), 99.0))
    rows = dict(zip((body.labels[k] for k in near.near), near.gradient, strict=True))
    # the ball at (1.5, 0): the slider drives it at the post, the arm turns it along it
    assert rows['base and arm'] == pytest.approx([-1.0, 0.0], abs=1e-5)
    assert rows['arm and wall'] == pytest.approx([1.0, 0.0], abs=1e-5)
    away = np.array([1.5, -3.0]) / np.hypot(1.5, 3.0)
    assert rows['arm and ball'] == pytest.approx([away[0], away[1]], abs=1e-5)
    assert rows['tip to the upper y of workspace.boxes[0]'] == pytest.approx([0.0, -1.0])
    assert body.tool_jacobian(np.array([0.5, 0.0])) == pytest.approx(
        np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), abs=1e-12)
    assert body.frame('tip', np.array([0.5, np.pi / 2]))[:3, 3] == pytest.approx([0.5, 1.0, 0.5])


def test_an_answer_depends_on_the_place_alone_and_a_bound_is_never_more(tmp_path):
    for body in (body_of(tmp_path), load_body(load_robot('fr3'))):
        limits = load_robot('fr3').limits() if len(body.reach.T) == 8 else None
        rng = np.random.default_rng(4)
        low, high = (limits.lower, limits.upper) if limits else (-1.0, 3.0)
        places = rng.uniform(low, high, (60, len(body.reach.T)))
        exact = body.distances(places, np.full(len(body.stop), 99.0))
        again = body.distances(places[::-1], np.full(len(body.stop), 99.0))[::-1]
        np.testing.assert_array_equal(exact, again)
        assert (body.distances(places, np.full(len(body.stop), -99.0)) <= exact + 5e-6).all()
        part = body.distances(places, np.full(len(body.stop), 0.3))
        np.testing.assert_array_equal(part[exact < 0.3 - 1e-4], exact[exact < 0.3 - 1e-4])


def test_a_gradient_is_the_difference_of_two_distances():
    body, limits = load_body(load_robot('fr3')), load_robot('fr3').limits()
    rng, far, h = np.random.default_rng(5), np.full(len(body.stop), 99.0), 1e-4
    for _ in range(40):
        q, way = rng.uniform(limits.lower, limits.upper), rng.normal(size=8)
        after, before = body.distances(np.array([q + h * way, q - h * way]), far)
        rate = body.gaps(q, far).gradient @ way
        np.testing.assert_allclose((after - before) / (2 * h), rate, atol=0.02)


def test_a_robot_without_bounds_in_space_has_no_body(tmp_path):
    def bare(data):
        for name in ('workspace', 'tool_speed', 'collision'):
            del data[name]

    assert body_of(tmp_path, bare) is None


def test_the_speed_of_the_tool_may_be_all_that_is_bounded(tmp_path):
    def bare(data):
        del data['workspace'], data['collision']

    body = body_of(tmp_path, bare)
    assert (body.labels, body.tool_speed) == ((), 0.8)
    assert body.distances(np.zeros((3, 2)), body.stop).shape == (3, 0)
    assert body.gaps(np.zeros(2), body.stop).gradient.shape == (0, 2)


def collision(data):
    return data['collision']


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda d: d.pop('urdf'), 'workspace, tool_speed and collision need a urdf'),
        (lambda d: collision(d).update(margin_m=0.005), 'collision has margin_m 0.005, which '),
        (lambda d: collision(d).update(stop_m=-1.0), 'the field collision.stop_m is -1.0, but it'),
        (lambda d: collision(d).pop('self'), 'the field collision.self is missing'),
        (lambda d: collision(d)['obstacles'][0].update(sphere=0.1),
         "obstacle wall must have one of box, sphere and cylinder; it has ['box', 'sphere']"),
        (lambda d: collision(d)['obstacles'][2].update(stop_m=0.05),
         'obstacle pole has margin_m 0.05, which must be at least 0.066 with stop_m 0.05'),
        (lambda d: collision(d)['obstacles'][1].update(name='wall'),
         "the obstacles ['wall'] stand more than once"),
        (lambda d: collision(d).update(ignored=[['arm', 'leg']]),
         "collision.ignored names ['leg']; links with a shape are: arm, base, cart; obstacles"),
        (lambda d: d['workspace']['boxes'][0].update(frames=['toe']),
         'workspace.boxes[0].frames has toe, which is no link'),
        (lambda d: d['workspace']['boxes'][0].update(lower=[0.0, 0.0, 5.0]),
         'workspace.boxes[0]: lower [0.0, 0.0, 5.0] must be below upper [3.0, 2.0, 1.0]'),
        (lambda d: d['workspace']['half_spaces'][0].update(normal=[0.0, 0.0, 0.0]),
         'has no length, so no direction'),
        (lambda d: d['tool_speed'].update(frame='toe'), 'tool_speed.frame is toe, which is not'),
        (lambda d: d['tool_speed'].update(limit=0.0), 'the field tool_speed.limit is 0.0, but it'),
        (lambda d: collision(d)['obstacles'][0].update(position=[1.0, 0.0, 0.0]),
         'at home these are nearer than they may come: arm and wall (-0.2000 m)'),
        (lambda d: d['home'].update(slide=0.85),
         'base and arm (-0.0500 m); move home or the bound'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(tmp_path, change, sentence):
    with pytest.raises(ConfigError) as caught:
        body_of(tmp_path, change)
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)


def test_links_that_always_touch_may_be_ignored(tmp_path):
    def change(data):
        data['home']['slide'] = 0.95
        data['collision']['ignored'] = [['arm', 'base']]

    assert 'base and arm' not in body_of(tmp_path, change).labels


MORE = """<link name="lid">{shape}</link><joint name="lid_joint" type="{kind}">
  <parent link="base"/><child link="lid"/><origin xyz="0 1.5 0"/><axis xyz="0 0 1"/>
  <limit lower="-1" upper="1" velocity="1" effort="1"/>{mimic}</joint>"""


def test_a_joint_that_the_robot_file_does_not_know_is_refused_unless_it_mimics(tmp_path):
    more = MORE.format(shape=BOX.format(origin='', size='0.1 0.1 0.1'), kind='prismatic',
                       mimic='{mimic}')
    with pytest.raises(ConfigError, match='joint lid_joint moves and is not in the robot file'):
        body_of(tmp_path, more=more.replace('{mimic}', ''))
    body = body_of(tmp_path, more=more.replace(
        '{mimic}', '<mimic joint="slide" multiplier="0.5" offset="0.2"/>'))
    high, low = gaps(body, 1.0, 0.0), gaps(body, 0.0, 0.0)
    # 0.7 above the base, 0.15 above the ball's centre at (2, 0, 0.5)
    assert high['lid and arm'] == pytest.approx(np.hypot(np.hypot(1.95, 1.45), 0.15) - 0.1,
                                                abs=1e-5)
    assert low['lid and arm'] == pytest.approx(np.hypot(np.hypot(0.95, 1.45), 0.25) - 0.1,
                                               abs=1e-5)


def test_a_mesh_is_found_beside_the_urdf_or_missed_in_one_sentence(tmp_path):
    shape = '<collision><geometry><mesh filename="{name}" scale="0.1 0.1 0.1"/></geometry>' \
        '</collision>'
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = [(1, 3, 7, 5), (0, 4, 6, 2), (2, 6, 7, 3), (0, 1, 5, 4), (4, 5, 7, 6), (0, 2, 3, 1)]
    lines = ['v {} {} {}'.format(*corner) for corner in corners]
    for a, b, c, d in faces:
        lines += [f'f {a + 1} {b + 1} {c + 1}', f'f {a + 1} {c + 1} {d + 1}']
    folder = tmp_path / 'lid_description' / 'meshes'
    folder.mkdir(parents=True)
    (folder / 'cube.obj').write_text('\n'.join(lines), encoding='utf-8')
    more = MORE.format(shape=shape, kind='fixed', mimic='')
    for name in ('package://lid_description/meshes/cube.obj', 'lid_description/meshes/cube.obj',
                 f'file://{folder}/cube.obj'):
        body = body_of(tmp_path, more=more.replace('{name}', name))
        # a cube of 0.2 at y = 1.5, the ball at (1, 0, 0.5)
        want = np.sqrt(0.9**2 + 1.4**2 + 0.4**2) - 0.1
        assert gaps(body, 0.0, 0.0)['lid and arm'] == pytest.approx(want, abs=1e-5)
    with pytest.raises(ConfigError) as caught:
        body_of(tmp_path, more=more.replace('{name}', 'package://lid_description/no.stl'))
    assert "link lid has the collision mesh 'package://lid_description/no.stl', which is not " \
        'there; looked for: ' in str(caught.value)
