"""Shipped pick policy: it belongs to the robot, reads any text, listens and looks."""

import json
from pathlib import Path

import numpy as np
import pytest
from robot_runtime.export.pick_student import INSTRUCTION
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.sim.task import COLOURS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'models' / 'pick'
NEAR_ROWS = 8


@pytest.fixture(scope='module')
def policy():
    """Return the policy as the runtime loads it: card, hash and golden pairs agree."""
    return OnnxPolicy.load(FOLDER)


@pytest.fixture(scope='module')
def seen():
    """Return what the robot sees at its start, without an instruction."""
    with np.load(FOLDER / 'golden.npz') as golden:
        return {name: golden[name][0] for name in ('front', 'wrist', 'state')}


@pytest.fixture(scope='module')
def say(policy, seen):
    """Return the chunk for a text, and for images other than the golden ones."""
    return lambda text, **images: policy.infer(
        seen | images | {'instruction': np.array([text], dtype=object)})


def apart(one, other):
    """Return the largest difference of two chunks' arms."""
    return float(np.abs(one[:, :7] - other[:, :7]).max())


def test_the_card_fits_the_robot(policy):
    check_robot(policy.card, load_robot('fr3'))
    assert policy.card.cameras == ['front', 'wrist']
    assert policy.card.start is not None


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 20_000_000


@pytest.mark.parametrize('text', [
    '', ' ', 'zebra', 'ROT würfel 红', '!?', 'red' * 500, 'pick up the ' * 200, 'red green blue',
])
def test_any_text_gives_a_chunk_that_begins_where_the_arm_is(say, policy, seen, text):
    rows = say(text)
    limits = load_robot('fr3').limits()
    state = policy.card.inputs[2].normalization
    arm = seen['state'][0] * np.array(state.std) + np.array(state.mean)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows[0, :7], arm[:7], atol=1e-3)
    assert (rows >= limits.lower - 1e-6).all()
    assert (rows <= limits.upper + 1e-6).all()


def test_another_colour_is_another_chunk(say):
    chunks = [say(INSTRUCTION.format(colour)) for colour in COLOURS]
    for i, one in enumerate(chunks):
        for other in chunks[i + 1:]:
            assert apart(one, other) > 0.05


@pytest.mark.parametrize('colour', COLOURS)
def test_other_words_for_the_same_are_nearer_than_another_colour(say, colour):
    plain = say(INSTRUCTION.format(colour))
    others = [say(INSTRUCTION.format(other)) for other in COLOURS if other != colour]
    for text in (f'please grab the {colour} block and drop it into the bin', colour.upper(),
                 f'Put the {colour} cube into the tray!'):
        assert apart(plain, say(text)) < min(apart(plain, other) for other in others)


@pytest.mark.parametrize('text', ['wait', '', 'pick up the yellow cube and put it in the tray'])
def test_an_instruction_that_names_no_known_cube_keeps_the_arm_nearly_still(say, text):
    still, goes = (rows[:NEAR_ROWS] for rows in (say(text), say(INSTRUCTION.format('red'))))
    assert apart(still, still[:1]) < 0.2 * apart(goes, goes[:1])


@pytest.mark.parametrize('camera', ['front', 'wrist'])
def test_a_blank_image_is_another_chunk(say, seen, camera):
    text = INSTRUCTION.format('green')
    assert apart(say(text), say(text, **{camera: np.zeros_like(seen[camera])})) > 0.02


def test_the_record_names_seeds_versions_and_figures():
    record = json.loads((FOLDER / 'training.json').read_text(encoding='utf-8'))
    assert record['first_training_seed'] > max(record['evaluation']['seeds'])
    assert {'torch', 'onnxruntime', 'mujoco', 'numpy'} <= set(record['versions'])
    assert record['parity'] < 1e-3
