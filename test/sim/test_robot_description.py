"""Robot description: one URDF, the same robot in every tool that reads it."""

from pathlib import Path
import xml.etree.ElementTree as ElementTree

import numpy as np
import pinocchio
import pytest
from robot_runtime.sim import witness
from robot_runtime.sim.cell import Cell, HOME, OVERLAY, ROBOT, shipped
from robot_runtime.sim.scene import load, SceneError

POSES = np.random.default_rng(5).uniform(0.1, 0.9, (20, 7))

TWO_LINKS = """
<robot name="two"><link name="base"/>
  <link name="arm"><inertial><mass value="1"/>
    <inertia ixx=".1" ixy="0" ixz="0" iyy=".1" iyz="0" izz=".1"/></inertial></link>
  <joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="2" velocity="1" effort="5"/></joint>
</robot>
"""


@pytest.fixture(scope='module')
def cell() -> Cell:
    return Cell()


@pytest.fixture(scope='module')
def arm() -> pinocchio.Model:
    return pinocchio.buildModelFromUrdf(str(shipped(ROBOT)))


def test_mujoco_and_pinocchio_weigh_the_same(cell: Cell, arm: pinocchio.Model) -> None:
    model = cell.scene.model
    links = [k for k in range(model.nbody) if model.body(k).name.startswith('fr3_')]
    fixed_to_world = arm.inertias[0].mass
    assert model.body_mass[links].sum() == pytest.approx(
        pinocchio.computeTotalMass(arm) + fixed_to_world, rel=1e-9
    )


def test_mujoco_and_pinocchio_put_the_tool_at_the_same_place(
    cell: Cell, arm: pinocchio.Model
) -> None:
    data = arm.createData()
    frame = arm.getFrameId('fr3_hand_tcp')
    low, high = np.array(witness.Q_MIN), np.array(witness.Q_MAX)
    for share in POSES:
        q = low + share * (high - low)
        cell.scene.stand(cell.data, np.append(q, 0.02))
        cell._mujoco.mj_kinematics(cell.scene.model, cell.data)
        pinocchio.framesForwardKinematics(arm, data, np.concatenate((q, [0.02, 0.02])))
        assert cell.objects()[-1, :3] == pytest.approx(data.oMf[frame].translation, abs=1e-9)


def test_tool_pose_agrees_with_the_published_denavit_hartenberg_table(cell: Cell) -> None:
    table = [
        (0, 0, 0.333), (0, -1, 0), (0, 1, 0.316), (0.0825, 1, 0), (-0.0825, -1, 0.384),
        (0, 1, 0), (0.088, 1, 0),
    ]  # fmt: skip
    pose = np.eye(4)
    for (a, quarter, d), q in zip(table, HOME, strict=False):
        alpha = quarter * np.pi / 2
        ca, sa, cq, sq = np.cos(alpha), np.sin(alpha), np.cos(q), np.sin(q)
        pose = pose @ np.array(
            [
                [cq, -sq, 0, a],
                [sq * ca, cq * ca, -sa, -d * sa],
                [sq * sa, cq * sa, ca, d * ca],
                [0, 0, 0, 1],
            ]
        )
    cell.reset(0)
    tool = pose @ np.array([0, 0, 0.107 + 0.1034, 1])
    assert cell.objects()[-1, :3] == pytest.approx(tool[:3], abs=1e-9)


def test_limits_are_those_of_the_datasheet() -> None:
    joints = ElementTree.parse(shipped(ROBOT)).getroot().findall('joint')
    limits = {j.get('name'): j.find('limit') for j in joints if j.find('limit') is not None}
    effort = (87, 87, 87, 87, 12, 12, 12)
    for k in range(7):
        limit = limits[f'fr3_joint{k + 1}'].attrib
        assert float(limit['lower']) == witness.Q_MIN[k]
        assert float(limit['upper']) == witness.Q_MAX[k]
        assert float(limit['velocity']) == witness.DQ_MAX[k]
        assert float(limit['effort']) == effort[k]


def test_the_second_finger_mimics_the_first(cell: Cell) -> None:
    cell.reset(0)
    closed = cell.home.copy()
    closed[-1] = 0.01
    cell.step(closed, dt=1.0)
    fingers = [cell.data.joint(f'fr3_finger_joint{k}').qpos[0] for k in (1, 2)]
    assert fingers == pytest.approx([0.01, 0.01], abs=1e-4)


def test_any_other_urdf_loads_without_an_overlay(tmp_path: Path) -> None:
    path = tmp_path / 'two.urdf'
    path.write_text(TWO_LINKS)
    cell = Cell(path)
    assert cell.scene.joint_names == ('turn',)
    cell.step(np.array([0.5]), dt=1.0)
    assert cell.joints()[0] == pytest.approx([0.5], abs=0.01)


def test_any_other_mjcf_loads_without_an_overlay(tmp_path: Path) -> None:
    path = tmp_path / 'pole.xml'
    path.write_text(
        '<mujoco><worldbody><body name="pole"><joint name="hinge" limited="true" range="-1 1"/>'
        '<geom size="0.1" mass="1" pos="0 0 1"/></body></worldbody></mujoco>'
    )
    assert load(path).joint_names == ('hinge',)


def test_a_missing_or_broken_robot_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match='there is no robot or overlay file'):
        load(tmp_path / 'none.urdf')
    (tmp_path / 'broken.urdf').write_text('<robot name="x">')
    with pytest.raises(SceneError, match='refused by MuJoCo'):
        load(tmp_path / 'broken.urdf', shipped(OVERLAY))
