"""Maker of the folder models/scripted_pick: graph, golden pair, card, README."""

from collections.abc import Mapping
import hashlib
import io
from pathlib import Path
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
from robot_runtime.export.expert import DT, example, reference, rollout, ROWS, TRAY
from robot_runtime.export.graph import Trace

FOLDER = Path(__file__).resolve().parents[2] / 'models' / 'scripted_pick'
CARD = """\
# Written by `python -m robot_runtime.export.make_scripted_pick`; do not edit.
format: 1
name: scripted_pick
licence: Apache-2.0
description: Scripted pick-and-place expert, one cube into the tray, as a graph without weights.
graph:
  file: policy.onnx
  sha256: {digest}
inputs:
  - name: state
    term: joint_position
    joints: {joints}
    shape: [1, 8]
    dtype: float32
    normalization: identity
  - name: objects
    term: objects
    objects: [red, green, blue, tray, tcp]
    shape: [1, 5, 7]
    dtype: float32
    fields: pose
    normalization: identity
  - name: goal
    term: goal_index
    shape: [1]
    dtype: int64
    goals: [red, green, blue]
output:
  name: actions
  action: joint_position
  joints: {joints}
  rows: {rows}
  dt_s: {dt}
  interpolation: linear
  anchor: observation
  normalization: identity
schedule:
  kind: blend
  period_s: 0.2
  blend_s: 0.1
max_episode_s: 60.0
golden:
  file: golden.npz
  tolerance: 0.0001
"""
CUBE = 0.04  # [m] edge
JOINTS = [*(f'fr3_joint{i}' for i in range(1, 8)), 'fr3_finger_joint1']
README = """\
# scripted_pick

A pick-and-place expert written by hand, as an ONNX graph: no weights, no training data.
It reads joint positions, the poses of three cubes and a tray, and which cube is wanted, and
answers with 20 rows of absolute joint positions 0.05 s apart; row 0 is the observed arm.

The phase (approach, go down, close, lift, carry, release, go home) follows from the observation
alone, so the policy has no memory and a disturbed task starts again by itself. The way to the
phase's target is a roll-out of damped least squares inside the graph, at most 0.25 m/s of the
tool and 0.8 rad/s of a joint.

Made, byte for byte, by `python -m robot_runtime.export.make_scripted_pick` from
`robot_runtime/export/expert.py`, `kinematics.py` and `graph.py`. `golden.npz` holds observations
and the chunk that numpy computes for them.
"""


def build() -> bytes:
    """Return the serialized graph, the same bytes each time."""
    state, objects, goal = example()
    trace = Trace()
    actions = rollout(
        trace, trace.placeholder('state', state), trace.placeholder('objects', objects),
        trace.placeholder('goal', goal))
    model = trace.model({'actions': actions}, 'scripted_pick')
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def archive(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an .npz without times, so that equal arrays make equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as file:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.save(entry, array)
            file.writestr(zipfile.ZipInfo(f'{name}.npy'), entry.getvalue())
    return out.getvalue()


def golden() -> dict[str, NDArray[Any]]:
    """Return observations of several phases, and the chunks that numpy computes for them."""
    state, objects, _ = example()
    carrying, done = (state.copy(), objects.copy()), (state.copy(), objects.copy())
    carrying[0][0, 7] = CUBE / 2
    carrying[1][0, 1, :3] = objects[0, 4, :3]
    done[1][0, 2, :3] = objects[0, TRAY, :3] + (0.0, 0.0, CUBE / 2)
    pairs = [(state, objects, 0), (*carrying, 1), (*done, 2)]
    goals = [np.array([goal], dtype=np.int64) for _, _, goal in pairs]
    chunks = [reference(s, o, g) for (s, o, _), g in zip(pairs, goals, strict=True)]
    return {'state': np.stack([s for s, _, _ in pairs]),
            'objects': np.stack([o for _, o, _ in pairs]),
            'goal': np.stack(goals), 'actions': np.stack(chunks)}


def contents() -> dict[str, bytes]:
    """Return the files of the folder by name."""
    graph = build()
    card = CARD.format(
        digest=hashlib.sha256(graph).hexdigest(), joints=f"[{', '.join(JOINTS)}]", rows=ROWS,
        dt=DT)
    return {'policy.onnx': graph, 'golden.npz': archive(golden()), 'card.yaml': card.encode(),
            'README.md': README.encode()}


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in contents().items():
        (FOLDER / name).write_bytes(content)


if __name__ == '__main__':
    main()
