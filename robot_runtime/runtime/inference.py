"""Inference: from the newest inputs to a proposed chunk of joint rows, or to what is missing."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.assembly import assemble
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Ages, Inputs, Missing
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.core.stacking import feed_of
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.card_inputs import view_of
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.policy_card import entries_of
from robot_runtime.runtime.prefix_terms import PrefixTerms
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.runtime.tool_ik import ToolIk

SECOND = 1_000_000_000
RATES = ('joint_velocity', 'effort')  # of which a robot that is told nothing has none
# An observation later than this after the one before begins a policy's memory anew.
GAP_PERIODS, GAP_NS = 5, SECOND // 2  # whichever is more


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """One chunk as the policy wants it, and the tensors it was made from."""

    stamp_ns: int  # t_obs, on the sender's ROS clock
    step_ns: int
    rows: Floats  # (T, J), joints in the robot's order
    tensors: dict[str, NDArray[Any]]
    memory: Memory = field(default_factory=Memory)  # for the next one

    def chunk(self, interpolation: str) -> Chunk:
        """Return it as a chunk on the sender's clock."""
        return Chunk(self.stamp_ns, self.step_ns, self.rows, self.stamp_ns, interpolation)


class Inference:
    """A policy on a robot: the two were compared when it was made."""

    def __init__(self, policy: OnnxPolicy, robot: RobotFile) -> None:
        """Refuse a policy whose card does not fit the robot."""
        check_robot(policy.card, robot)
        self._policy = policy
        self._entries = entries_of(policy.card, robot, policy.texts)
        self._terms = tuple(term for entry in self._entries for term in entry.terms)
        self._reference = policy.card.reference
        self._views = [(item.name, item.camera or '', view_of(item)) for item in policy.card.inputs
                       if item.term == 'image']
        output = policy.card.output
        self._index = np.array([output.joints.index(name) for name in robot.joint_names])
        self._joints = np.array([robot.joint_names.index(name) for name in output.joints])
        self._ik = None if output.tool is None else ToolIk(robot, output)
        self._step_ns = round(output.dt_s * SECOND)
        schedule = policy.card.schedule
        self._prefix = PrefixTerms(
            policy.card.prefix, output.rows, round(schedule.period_s / output.dt_s),
            self._joints, schedule.most_delay,
        )  # fmt: skip
        self._rests = np.zeros(len(self._joints)) if output.action in RATES else None
        state_ns, camera_ns = (
            round(age * SECOND) for age in (robot.timeouts.joint_state_s, robot.timeouts.camera_s)
        )
        memory_ns = max(GAP_NS, GAP_PERIODS * round(policy.card.schedule.period_s * SECOND))
        self._ages = Ages(state_ns, camera_ns, camera_ns, camera_ns, memory_ns)

    def propose(
        self, inputs: Inputs, now_ns: int, memory: Memory | None = None,
        sent: SentChunks | None = None,
    ) -> Proposal | Missing:  # fmt: skip
        """
        Return the chunk for the newest observation, or what is missing for one.

        `memory` is that of the proposal before, None at the beginning of an engagement; `sent`
        is what the chunk is to go on from, for graphs that are told.
        """
        views = {
            name: view.of(inputs.images[camera].value)
            for name, camera, view in self._views
            if camera in inputs.images
        }
        seen = replace(inputs, views=views)
        observation = assemble(
            self._terms, self._reference, seen, self._ages, now_ns, memory
        )
        if isinstance(observation, Missing):
            return observation
        stamp_ns, known = observation.stamp_ns, observation.memory
        feed, frames = feed_of(self._entries, observation.terms, known.frames)
        position = observation.state.position
        if self._prefix:
            rest = position if self._rests is None else self._rests
            feed = feed | self._prefix.tensors(
                sent or SentChunks(), stamp_ns, now_ns, position, rest
            )
        output, recurrent = self._policy.step(feed, known.recurrent)
        table = self._policy.table(output)
        rows = self._policy.rows(table, position[self._joints])
        found = rows[:, self._index] if self._ik is None else self._ik.rows(rows, position)
        if isinstance(found, str):
            return Missing((found,))
        return Proposal(
            stamp_ns, self._step_ns, np.ascontiguousarray(found), feed,
            known.then(stamp_ns, table[-1], frames, recurrent),
        )  # fmt: skip
