"""Schedules on the real graph: a policy that goes on from what is executed, and one that waits."""

from pathlib import Path

from model_folder import folder
import numpy as np
import policy_joints
import prefix_policy
from robot_runtime.core.chunk import Chunk
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import load_robot
from running_robot import CONTROL, RunningRobot
from trajectory_msgs.msg import JointTrajectory

NAMES = load_robot('fr3').joint_names
SECOND = 1_000_000_000


class Chunks:
    """The chunks of the policy, on its own clock."""

    def __init__(self, robot: RunningRobot) -> None:
        self.seen: list[Chunk] = []
        node = robot.client._node
        node.create_subscription(
            JointTrajectory, 'policy_node/chunk', self._on_chunk, qos.INTERNAL
        )

    def _on_chunk(self, message: JointTrajectory) -> None:
        self.seen.append(conversions.chunk_from(message, NAMES, 0))


def test_a_policy_is_told_what_is_executed_and_its_chunks_agree_where_they_overlap(
    tmp_path: Path,
) -> None:
    policy = tmp_path / 'told'
    policy.mkdir()
    folder(policy, prefix_policy.card, prefix_policy.graph())
    with RunningRobot(tmp_path) as robot:
        joints, chunks = policy_joints.Joints(robot, list(NAMES)), Chunks(robot)
        robot.start('--policy', str(policy))
        policy_joints.policy_past(robot, joints, 0.4)
        delay_ms = float(robot.value(CONTROL, 'chunk_delay_p95_ms'))
        assert int(robot.value(CONTROL, 'chunk_ns')) in [one.stamp_ns for one in chunks.seen]
        policy_joints.no_violation(robot)
    assert 0.0 < delay_ms < 2000.0
    seams = [
        np.abs(old_rows - new.rows[0]).max()
        for old, new in zip(chunks.seen, chunks.seen[1:], strict=False)
        if (old_rows := old.at(new.start_ns)) is not None
    ]
    # An engagement that lateness has ended goes on from nothing.
    assert sum(seam < 1e-5 for seam in seams) >= 0.7 * len(seams)
    assert len(seams) >= 3


def test_in_sync_a_chunk_is_observed_when_the_one_before_has_been_executed(
    tmp_path: Path,
) -> None:
    policy = tmp_path / 'sync'
    policy.mkdir()
    folder(policy, prefix_policy.sync_card, prefix_policy.plain_graph())
    with RunningRobot(tmp_path) as robot:
        joints, chunks = policy_joints.Joints(robot, list(NAMES)), Chunks(robot)
        robot.start('--policy', str(policy))
        policy_joints.policy_past(robot, joints, 0.3)
        policy_joints.no_violation(robot)
    spans = np.diff([one.stamp_ns for one in chunks.seen])
    assert len(spans) >= 3
    assert np.median(spans) >= 0.5 * SECOND
    assert np.median(spans) < 2.0 * SECOND
