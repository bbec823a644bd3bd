"""Tests of images: cut, resized, coloured and laid out as a policy was trained on them."""

import numpy as np
from onnx import helper, TensorProto
from PIL import Image as Pillow
import pytest
from robot_runtime.core.observation import Inputs
from robot_runtime.core.stream import Sample
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.images import View
from term_folder import JOINTS, loaded, model, MS, proposals, state, value, write

RNG = np.random.default_rng(3)
FRAME = RNG.integers(0, 256, (240, 320, 3), dtype=np.uint8)
FRONT = {
    'name': 'front', 'term': 'image', 'camera': 'front', 'width': 8, 'height': 6, 'layout': 'HWC',
    'normalization': 'identity',
}  # fmt: skip
STATE = {'name': 'obs', 'term': 'joint_position', 'joints': JOINTS, 'normalization': 'identity'}


def looking(kind=TensorProto.FLOAT, shape=(1, 6, 8, 3)):
    """Return a graph that takes an image, and holds the pose."""
    nodes = [
        helper.make_node('Cast', ['front'], ['pixels'], to=TensorProto.FLOAT),
        helper.make_node('ReduceSum', ['pixels'], ['sum'], keepdims=0),
        helper.make_node('Mul', ['sum', 'zero'], ['none']),
        helper.make_node('Add', ['obs', 'none'], ['actions']),
    ]
    zero = helper.make_tensor('zero', TensorProto.FLOAT, [], [0.0])
    inputs = [value('front', list(shape), kind), value('obs', [1, 8])]
    return model(nodes, inputs, [value('actions', [1, 8])], [zero])


def fed(tmp_path, graph=None, frame=FRAME, **front):
    folder = write(tmp_path, graph or looking(), [FRONT | front, STATE])
    images = {'front': Sample(10 * MS, 10 * MS, frame)}
    return proposals(loaded(folder), [np.zeros(8)], images=images)[0].tensors['front']


def test_a_window_is_cut_before_the_image_is_resized():
    window = (100, 40, 16, 12)
    wanted = View(8, 6).of(FRAME[40:52, 100:116])
    assert (View(8, 6, window=window).of(FRAME) == wanted).all()
    assert (View(16, 12, window=window).of(FRAME) == FRAME[40:52, 100:116]).all()


@pytest.mark.parametrize(
    ('size', 'have', 'part'),
    [
        ((40, 40), (240, 320), np.s_[0:240, 40:280]),
        ((40, 40), (320, 240), np.s_[40:280, 0:240]),
        ((64, 40), (240, 320), np.s_[20:220, 0:320]),
    ],
)
def test_crop_keeps_the_proportions_and_the_middle(size, have, part):
    frame = RNG.integers(0, 256, (*have, 3), dtype=np.uint8)
    assert (View(*size, 'crop').of(frame) == View(*size).of(frame[part])).all()


@pytest.mark.parametrize(
    ('have', 'size', 'where'),
    [
        ((480, 640), (224, 224), (28, 0, 168, 224)),
        ((640, 480), (224, 224), (0, 28, 224, 168)),
        ((100, 301), (224, 224), (75, 0, 74, 224)),
        ((60, 80), (224, 224), (28, 0, 168, 224)),
    ],
)
def test_pad_keeps_the_whole_image_in_the_middle_of_black(have, size, where):
    frame = RNG.integers(1, 256, (*have, 3), dtype=np.uint8)
    top, left, rows, columns = where
    whole = View(*size, 'pad').of(frame)
    small = Pillow.fromarray(frame).resize((columns, rows), Pillow.Resampling.BILINEAR)
    inside = np.zeros(whole.shape[:2], np.bool_)
    inside[top: top + rows, left: left + columns] = True
    assert (whole[inside].reshape(rows, columns, 3) == np.asarray(small)).all()
    assert (whole[~inside] == 0).all()


def test_an_image_of_the_right_size_is_left_alone():
    for rule in ('stretch', 'crop', 'pad'):
        assert (View(320, 240, rule).of(FRAME) == FRAME).all()


def test_a_card_may_ask_for_blue_first(tmp_path):
    rgb, bgr = fed(tmp_path), fed(tmp_path, colour='bgr')
    assert (bgr == rgb[:, :, ::-1]).all()


def test_pixels_for_a_graph_of_bytes_stay_bytes(tmp_path):
    pixels = fed(tmp_path, looking(TensorProto.UINT8), dtype='uint8')
    assert pixels.dtype == np.uint8
    assert (pixels == View(8, 6).of(FRAME)).all()


def test_two_inputs_may_take_one_camera_in_two_sizes(tmp_path):
    graph = looking()
    graph.graph.input.append(value('close', [1, 3, 4, 4]))
    close = FRONT | {'name': 'close', 'width': 4, 'height': 4, 'layout': 'CHW', 'resize': 'crop'}
    inference = loaded(write(tmp_path, graph, [FRONT, STATE, close]))
    images = {'front': Sample(10 * MS, 10 * MS, FRAME)}
    seen = Inputs((state(np.zeros(8)),), images)
    tensors = inference.propose(seen, 10 * MS).tensors
    assert (tensors['front'] == View(8, 6).of(FRAME)).all()
    assert (tensors['close'] == np.moveaxis(View(4, 4, 'crop').of(FRAME), 2, 0)).all()


def test_images_of_the_steps_before_are_stacked(tmp_path):
    inference = loaded(
        write(tmp_path, looking(shape=(1, 2, 6, 8, 3)), [FRONT | {'history': 2}, STATE])
    )
    memory = None
    for k in range(3):
        at_ns = (10 + 20 * k) * MS
        images = {'front': Sample(at_ns, at_ns, FRAME // (k + 1))}
        made = inference.propose(
            Inputs((state(np.zeros(8), 10 + 20 * k),), images), at_ns, memory=memory
        )
        memory = made.memory
    wanted = [View(8, 6).of(FRAME // 2), View(8, 6).of(FRAME // 3)]
    assert (made.tensors['front'] == np.stack(wanted)).all()


@pytest.mark.parametrize(
    ('front', 'kind', 'sentence'),
    [
        (
            {'crop': {'left': 300, 'top': 0, 'width': 30, 'height': 9}},
            TensorProto.FLOAT,
            'input front has a crop that ends at 330x9, but the images of front are 320x240',
        ),
        (
            {'resize': 'squeeze'},
            TensorProto.FLOAT,
            "inputs[0].resize is 'squeeze', but it should be 'stretch', 'crop' or 'pad'",
        ),
        (
            {},
            TensorProto.UINT8,
            'input front is uint8 in the graph, which the card must say too: dtype: uint8',
        ),
        (
            {'dtype': 'uint8', 'scale': 0.5},
            TensorProto.UINT8,
            'has dtype: uint8, so its pixels stay as they are: scale 1.0 and normalization: iden',
        ),
        ({'history': 2, 'by': 'element'}, TensorProto.FLOAT, 'images are stacked by: step'),
        ({'history': 2}, TensorProto.FLOAT, 'but the card says [2, 6, 8, 3]'),
    ],
)
def test_a_card_that_cannot_be_meant_is_one_clear_sentence(tmp_path, front, kind, sentence):
    with pytest.raises(ConfigError) as caught:
        fed(tmp_path, looking(kind), **front)
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)
