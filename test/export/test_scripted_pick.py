"""Scripted pick-and-place policy: graph, kinematics, and the task done to its end."""

from pathlib import Path
import time

import numpy as np
import onnxruntime as ort
import pinocchio as pin
import pytest
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.limits import shape
from robot_runtime.core.schedule import merge, sample, Schedule
from robot_runtime.core.types import Motion
from robot_runtime.export.expert import DT, example, OPEN, READY_TCP, reference, ROWS
from robot_runtime.export.graph import Trace
from robot_runtime.export.kinematics import forward, READY
from robot_runtime.export.make_scripted_pick import build
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.task import COLOURS, CUBE_HALF_M, in_tray, sample_layout

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'models' / 'scripted_pick'
PERIOD_ROWS = 4  # rows followed before the next inference: 0.2 s
VELOCITY = np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26]) / 2


@pytest.fixture(scope='module')
def session():
    """Return the shipped graph on one CPU thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(
        str(FOLDER / 'policy.onnx'), options, providers=['CPUExecutionProvider'])


def tool(q):
    """Return position (3,) and rotation (3, 3) of the tool."""
    trace = Trace()
    pose = forward(trace, trace.constant(np.asarray(q, dtype=np.float64).reshape(7, 1, 1)))
    return pose.position.value.reshape(3), pose.rotation.value.reshape(3, 3)


def yaw_quaternion(yaw):
    """Return the quaternion xyzw of a turn about the vertical."""
    return np.array([0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])


class Tabletop:
    """Kinematic cell: joints follow the chunk, a cube between closed fingers follows the tool."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.goal = seed % 3
        self.state = np.append(READY, OPEN)
        self.objects = np.zeros((5, 7))
        self.objects[:, 6] = 1.0
        layout = sample_layout(rng, READY_TCP)
        self.objects[:4, :2] = layout.places
        self.objects[:3, 2] = CUBE_HALF_M
        self.objects[:3, 3:] = [yaw_quaternion(yaw) for yaw in layout.yaws]
        self.grip = None

    def observe(self):
        """Return the three inputs of the policy."""
        return {
            'state': self.state[None].astype(np.float32),
            'objects': self.objects[None].astype(np.float32),
            'goal': np.array([self.goal], dtype=np.int64),
        }

    def follow(self, row):
        """Take one row: the arm is there, the fingers move at their own speed, cubes react."""
        self.state[:7] = row[:7]
        move = np.clip(row[7] - self.state[7], -0.2 * DT, 0.2 * DT)
        finger = self.state[7] + move
        at, turn = tool(self.state[:7])
        cube = self.objects[self.goal]
        if self.grip is None and np.linalg.norm((cube[:3] - at)[:2]) < 0.012 \
                and abs(cube[2] - at[2]) < 0.015 and move < 0:
            finger = max(finger, CUBE_HALF_M)
            if finger <= CUBE_HALF_M:
                self.grip = turn.T @ (cube[:3] - at)
        elif self.grip is not None:
            finger = max(finger, CUBE_HALF_M)
            if finger > CUBE_HALF_M + 1e-3:
                self.grip = None
                cube[2] = CUBE_HALF_M
            else:
                cube[:3] = at + turn @ self.grip
                cube[3:] = yaw_quaternion(np.arctan2(turn[1, 0], turn[0, 0]))
        self.state[7] = finger
        self.objects[4, :3] = at

    def placed(self):
        """Return whether the goal's cube lies in the tray and the arm is home again."""
        home = np.linalg.norm(tool(self.state[:7])[0] - READY_TCP) < 0.02
        return self.grip is None and home and in_tray(
            self.objects[self.goal, :3], self.objects[3, :3])


def run(session, seed, seconds=15.0):
    """Return the seconds until placed (or inf), and the joint path, one row per DT."""
    cell = Tabletop(seed)
    path = [cell.state.copy()]
    for _ in range(int(seconds / (PERIOD_ROWS * DT))):
        rows = session.run(None, cell.observe())[0][0]
        for row in rows[1:1 + PERIOD_ROWS]:
            cell.follow(row)
            path.append(cell.state.copy())
        if cell.placed():
            return len(path) * DT, np.array(path)
    return np.inf, np.array(path)


def test_the_graph_on_disk_is_what_the_code_builds():
    """The folder is reproducible from the code, to the byte."""
    assert (FOLDER / 'policy.onnx').read_bytes() == build()


def test_the_graph_agrees_with_numpy_over_a_whole_task(session):
    """Both come from one trace: every observation of a run gives the same chunk."""
    cell = Tabletop(3)
    worst = 0.0
    for _ in range(60):
        seen = cell.observe()
        rows = session.run(None, seen)[0]
        worst = max(worst, float(np.abs(rows - reference(**seen)).max()))
        for row in rows[0, 1:1 + PERIOD_ROWS]:
            cell.follow(row)
    assert worst < 1e-4


def test_forward_kinematics_is_that_of_the_urdf():
    """The tool of the URDF and of the graph are the same point and axes."""
    model = pin.buildModelFromUrdf(str(ROOT / 'config' / 'robots' / 'fr3.urdf'))
    data = model.createData()
    frame = model.getFrameId('fr3_hand_tcp')
    rng = np.random.default_rng(0)
    for _ in range(20):
        q = pin.neutral(model)
        q[:7] = READY + rng.uniform(-0.5, 0.5, 7)
        pin.framesForwardKinematics(model, data, q)
        at, turn = tool(q[:7])
        np.testing.assert_allclose(at, data.oMf[frame].translation, atol=1e-5)
        np.testing.assert_allclose(turn, data.oMf[frame].rotation, atol=1e-5)


def test_the_ready_tool_position_is_that_of_the_ready_joints():
    """The constant in the expert is the forward kinematics of the ready pose."""
    at, turn = tool(READY)
    np.testing.assert_allclose(at, READY_TCP, atol=1e-5)
    np.testing.assert_allclose(turn, np.diag([1.0, -1.0, -1.0]), atol=1e-6)


@pytest.mark.parametrize('seed', range(20))
def test_a_cube_is_in_the_tray_and_the_arm_home_within_15_seconds(session, seed):
    """The stateless phases finish, inside half of the published velocity limits."""
    seconds, path = run(session, seed)
    assert seconds <= 15.0
    speed = np.abs(np.diff(path[:, :7], axis=0)) / DT
    assert np.all(speed <= 0.8 * VELOCITY)
    assert np.all(np.abs(path[:, 6]) < 2.7)
    assert np.all(path[:, 3] > -2.95)


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_a_cube_is_in_the_tray_within_15_seconds_in_physics(seed):
    """With contact, late chunks, the shaper and the robot's limits, the cube lies in the tray."""
    cell, policy, robot = Cell(seed=seed), OnnxPolicy.load(FOLDER), load_robot('fr3')
    schedule, motion = Schedule('blend', 100_000_000), Motion.at_rest(cell.home)
    pending, placed_s, lead = None, np.inf, 0
    for tick in range(5000):
        now_ns = tick * 4_000_000
        if tick % 50 == 0:
            seen = {'state': cell.joints()[0], 'objects': cell.objects(), 'goal': np.array(seed)}
            pending = Chunk(now_ns, 50_000_000, policy.infer(seen), now_ns + 1)
            if cell.success(COLOURS[seed]) and motion.position[7] > OPEN - 1e-3:
                placed_s = min(placed_s, tick * 0.004)
        if tick % 50 == 5:  # 20 ms for the inference
            schedule = merge(schedule, pending, now_ns)
        target, soon = sample(schedule, now_ns), sample(schedule, now_ns + 4_000_000)
        if target is not None:
            drift = (soon - target) / 0.004
            motion = shape(target, motion, robot.limits(), 0.004, robot.groups(), drift).motion
        cell.step(motion.position)
        lead = max(lead, np.abs(motion.position - cell.joints()[0])[:7].max())
    assert placed_s <= 15.0
    assert lead < 0.05  # the arm keeps up with what it is told
    assert np.linalg.norm(cell.objects()[4, :3] - READY_TCP) < 0.02
    np.testing.assert_allclose(cell.joints()[0][:7], READY, atol=0.05)


def test_a_cube_in_the_tray_sends_the_arm_to_the_ready_pose(session):
    """A finished task stays finished: the chunk ends nearer home with open fingers."""
    state, objects, goal = example()
    objects[0, 0, :3] = objects[0, 3, :3] + (0.0, 0.0, CUBE_HALF_M)
    rows = session.run(None, {'state': state, 'objects': objects, 'goal': goal})[0][0]
    assert rows.shape == (ROWS, 8)
    np.testing.assert_allclose(rows[:, :7], np.tile(READY, (ROWS, 1)), atol=1e-3)
    np.testing.assert_allclose(rows[:, 7], OPEN)


def test_inference_is_fast_and_the_graph_small(session):
    """Well under the 5 ms and 2 MB that it may take; the bound allows for a busy machine."""
    seen = Tabletop(0).observe()
    times = []
    for _ in range(50):
        start = time.perf_counter()
        session.run(None, seen)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.02
    assert (FOLDER / 'policy.onnx').stat().st_size < 2_000_000


def test_the_runtime_loads_the_folder_and_its_golden_pairs_agree():
    """Card, hash, graph, golden pairs and the robot file belong together."""
    policy = OnnxPolicy.load(FOLDER)
    check_robot(policy.card, load_robot(ROOT / 'config' / 'robots' / 'fr3.yaml'))
    rows = policy.infer(Tabletop(0).observe())
    assert rows.shape == (ROWS, 8)
