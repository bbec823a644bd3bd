"""Card of the pick policy, and the figures that its graph and its training share."""

from typing import Any

import numpy as np
from robot_runtime.export.expert import DT, OPEN, ROWS
from robot_runtime.export.kinematics import READY
from robot_runtime.export.make_scripted_pick import JOINTS

STATE_MEAN = tuple(float(value) for value in (*READY, OPEN / 2))
STATE_STD = (*(0.5,) * 7, OPEN / 2)
RECORD = 'training.json'
SIZE = 128  # [pixels] of an image that the policy sees, each way
PIXEL_MEAN, PIXEL_STD = 0.5, 0.25  # of an image in 0..1, per channel
START_TOLERANCE = 0.3  # [rad] from the ready pose; episodes to learn from begin up to there
IMAGE = """\
  - name: {name}
    term: image
    camera: {name}
    width: {size}
    height: {size}
    layout: CHW
    shape: [1, 3, {size}, {size}]
    dtype: float32
    scale: {scale!r}
    normalization: {{mean: [{mean}, {mean}, {mean}], std: [{std}, {std}, {std}]}}
"""
CARD = """\
# Written by `robot-runtime train`; do not edit.
format: 1
name: pick
licence: Apache-2.0
description: >-
  Looks through two cameras, reads an instruction and puts the cube that it names into the tray;
  holds still for an instruction that names no cube it knows. Trained in simulation.
graph:
  file: policy.onnx
  sha256: {digest}
inputs:
{images}  - name: state
    term: joint_position
    joints: {joints}
    shape: [1, 8]
    dtype: float32
    normalization:
      mean: {mean}
      std: {std}
  - name: instruction
    term: instruction
    shape: [1]
    dtype: string
output:
  name: actions
  action: joint_position
  joints: {joints}
  rows: {rows}
  dt_s: {dt}
  interpolation: linear
  anchor: observation
  normalization: identity
reference_camera: front
schedule:
  kind: blend
  period_s: 0.2
  blend_s: 0.1
start:
  position: {start}
  tolerance: {tolerance}
max_episode_s: 60.0
golden:
  file: golden.npz
  tolerance: 0.001
"""
README = """\
# pick

Looks through the cameras `front` and `wrist`, feels the joints, reads an instruction, and puts
the cube that it names into the tray: 20 rows of absolute joint positions, 0.05 s apart, five times
a second. An instruction that names no cube it knows ("wait", "the yellow cube") makes it hold
still. Words are read inside the graph; a word never heard is passed over.

Two convolutional eyes report what is at the places they attend to; a transformer of three layers
joins those tokens with the arm's state and the words, and a head gives the motion as the tool sees
it, which the arm's geometry inside the graph turns into joint positions. While it learned it was
also asked where the cubes are; that part is not in the graph, which sees images and joints alone.

Made by `robot-runtime train` (extra `[train]`) by imitation of `models/scripted_pick`, which knows
the poses of all objects, in the lockstep simulator; rounds in which the policy acts and the expert
corrects are part of the recipe. `training.json` says what was done for this folder: seeds,
versions, losses and success.

What is not learnt but written into the graph: the arm's geometry, that of the nominal cameras,
when a cube counts as held, and "let go when over the slot".
"""


def card_text(digest: str) -> str:
    """Return the card of a graph with that sha256."""
    images = ''.join(
        IMAGE.format(name=name, size=SIZE, scale=1 / 255, mean=PIXEL_MEAN, std=PIXEL_STD)
        for name in ('front', 'wrist'))
    pose = ', '.join(f'{joint}: {float(value):.6f}'
                     for joint, value in zip(JOINTS, (*READY, OPEN), strict=True))
    return CARD.format(
        digest=digest, images=images, joints=f"[{', '.join(JOINTS)}]", rows=ROWS, dt=DT,
        mean=f"[{', '.join(repr(v) for v in STATE_MEAN)}]",
        std=f"[{', '.join(repr(v) for v in STATE_STD)}]",
        start=f'{{{pose}}}', tolerance=START_TOLERANCE)


def normal_state(state: Any) -> Any:
    """Return joints (..., 8) as the graph takes them."""
    return ((np.asarray(state) - STATE_MEAN) / STATE_STD).astype(np.float32)


def normal_images(images: Any) -> Any:
    """Return pixels (2, size, size, 3) as the graph takes them: a front and a wrist image."""
    scaled = (images.astype(np.float32) * np.float32(1 / 255) - PIXEL_MEAN) / PIXEL_STD
    return np.ascontiguousarray(np.moveaxis(scaled, -1, -3).astype(np.float32))
