"""Inference: from the newest inputs to a proposed chunk of joint rows, or to what is missing."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.observation import Ages, assemble, Inputs, Missing, state_at
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.images import resized
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.policy_card import terms_of
from robot_runtime.runtime.prefix_terms import PrefixTerms
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """One chunk as the policy wants it, and the tensors it was made from."""

    stamp_ns: int  # t_obs, on the sender's ROS clock
    step_ns: int
    rows: Floats  # (T, J), joints in the robot's order
    tensors: dict[str, NDArray[Any]]

    def chunk(self, interpolation: str) -> Chunk:
        """Return it as a chunk on the sender's clock."""
        return Chunk(self.stamp_ns, self.step_ns, self.rows, self.stamp_ns, interpolation)


class Inference:
    """A policy on a robot: the two were compared when it was made."""

    def __init__(self, policy: OnnxPolicy, robot: RobotFile) -> None:
        """Refuse a policy whose card does not fit the robot."""
        check_robot(policy.card, robot)
        self._policy = policy
        self._terms = terms_of(policy.card, robot)
        self._reference = policy.card.reference
        self._sizes = {t.camera: (t.width, t.height) for t in self._terms if t.kind == 'image'}
        output = policy.card.output
        self._index = np.array([output.joints.index(name) for name in robot.joint_names])
        self._step_ns = round(output.dt_s * SECOND)
        order = np.array([robot.joint_names.index(name) for name in output.joints])
        schedule = policy.card.schedule
        self._prefix = PrefixTerms(
            policy.card.prefix, output.rows, round(schedule.period_s / output.dt_s), order,
            schedule.most_delay,
        )  # fmt: skip
        self._rests = np.zeros(len(order)) if output.action == 'joint_velocity' else None
        state_ns, camera_ns = (
            round(age * SECOND) for age in (robot.timeouts.joint_state_s, robot.timeouts.camera_s)
        )
        self._ages = Ages(state_ns, camera_ns, camera_ns, camera_ns)

    def propose(
        self, inputs: Inputs, now_ns: int, sent: SentChunks | None = None
    ) -> Proposal | Missing:
        """
        Return the chunk for the newest observation, or what is missing for one.

        `sent` is what it is to go on from, for graphs that are told.
        """
        images = {
            name: replace(inputs.images[name], value=resized(inputs.images[name].value, *size))
            for name, size in self._sizes.items()
            if name in inputs.images
        }
        seen = replace(inputs, images=images)
        observation = assemble(self._terms, self._reference, seen, self._ages, now_ns)
        if isinstance(observation, Missing):
            return observation
        terms, stamp_ns = observation.terms, observation.stamp_ns
        if self._prefix:
            state = state_at(inputs.states, stamp_ns, self._ages.joint_state_ns)
            assert state is not None  # or the observation would be missing
            rest = state.position if self._rests is None else self._rests
            terms = terms | self._prefix.tensors(
                sent or SentChunks(), stamp_ns, now_ns, state.position, rest
            )
        rows = self._policy.infer(terms)[:, self._index]
        return Proposal(stamp_ns, self._step_ns, np.ascontiguousarray(rows), terms)
