"""Instructions in words: what is said for a goal, and how the graph reads it."""

import numpy as np
from onnx import checker, helper, TensorProto
import onnxruntime as ort
import pytest
from robot_runtime.export.language import (
    entries,
    HOLD,
    PAD,
    reader,
    sentence,
    tokenize,
    UNKNOWN,
    vocabulary,
    WORDS,
)
from robot_runtime.sim.task import COLOURS, instruction

TABLE = entries(vocabulary())


@pytest.fixture(scope='module')
def read():
    """Return the numbers that a graph of nothing but the reader gives for a text."""
    nodes, constants = reader(vocabulary(), 'text', 'numbers')
    graph = helper.make_graph(
        nodes, 'reader', [helper.make_tensor_value_info('text', TensorProto.STRING, [1])],
        [helper.make_tensor_value_info('numbers', TensorProto.INT64, [1, WORDS])], constants)
    model = helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid('', 20), helper.make_opsetid('ai.onnx.ml', 4)])
    checker.check_model(model)
    session = ort.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider'])
    return lambda text: session.run(None, {'text': np.array([text], dtype=object)})[0][0]


@pytest.mark.parametrize('text', [
    '', '   ', 'red', 'Pick up the RED cube, and put it in the tray!', 'zü ß 红 red', 'a ' * 50,
    '!', 'red \t green', *(instruction(colour) for colour in COLOURS),
])
def test_the_graph_reads_as_training_does(read, text):
    np.testing.assert_array_equal(read(text), tokenize(text, TABLE))


def test_the_graph_reads_every_kind_of_sentence_as_training_does(read):
    rng = np.random.default_rng(0)
    for i in range(300):
        text = sentence(rng, i % (HOLD + 1))
        np.testing.assert_array_equal(read(text), tokenize(text, TABLE))


def test_a_sentence_names_its_colour_and_no_other():
    rng = np.random.default_rng(1)
    for i in range(600):
        words = set(tokenize(sentence(rng, i % (HOLD + 1)), TABLE))
        named = [goal for goal, colour in enumerate(COLOURS) if TABLE[colour] in words]
        assert named == ([] if i % (HOLD + 1) == HOLD else [i % (HOLD + 1)])


def test_every_word_of_a_sentence_is_read():
    rng = np.random.default_rng(2)
    longest = max(len(sentence(rng, i % HOLD).split()) for i in range(3000))
    assert longest <= WORDS


def test_upper_case_and_a_full_stop_change_nothing():
    np.testing.assert_array_equal(tokenize('TAKE THE RED CUBE.', TABLE),
                                  tokenize('take the red cube', TABLE))


def test_a_word_never_heard_is_unknown_and_a_missing_one_is_padding():
    numbers = tokenize('zebra red', TABLE)
    assert numbers[0] == UNKNOWN
    assert numbers[1] == TABLE['red']
    assert set(numbers[2:]) == {PAD}
