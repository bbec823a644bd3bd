"""Tests of instructions as figures: tokenizers and embeddings that lie in the model folder."""

import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
from onnx import helper, TensorProto
import pytest
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.onnx_policy import package_sha256
from term_folder import JOINTS, loaded, model, MS, state, value, write

TABLE = {'words': {'put': 5, 'the': 6, 'red': 7, 'Cube': 8}, 'begin': 1, 'end': 2}
TOKENS = {'name': 'tokens', 'term': 'tokens', 'file': 'words.json', 'length': 6, 'pad': 9}
MASK = {'name': 'mask', 'term': 'token_mask', 'file': 'words.json', 'length': 6}
VECTORS = {'texts': ['Put the red cube.', 'stop'], 'vectors': np.array([[1.0, 2.0], [3.0, 4.0]])}
EMBEDDING = {'term': 'embedding', 'file': 'said.npz', 'length': 2}
STATE = {'name': 'obs', 'term': 'joint_position', 'joints': JOINTS, 'normalization': 'identity'}


def holding(*more):
    """Return a graph that holds the pose, whatever the other inputs say."""
    nodes = [helper.make_node('Identity', ['obs'], ['actions'])]
    return model(nodes, [value('obs', [1, 8]), *more], [value('actions', [1, 8])])


def words(tmp_path, table=TABLE, kind=TensorProto.BOOL, length=6):
    (tmp_path / 'words.json').write_text(json.dumps(table), encoding='utf-8')
    graph = holding(
        value('tokens', [1, length], TensorProto.INT64), value('mask', [1, length], kind)
    )
    return write(tmp_path, graph, [STATE, TOKENS | {'length': length}, MASK | {'length': length}])


def embedded(tmp_path, **change):
    np.savez(tmp_path / 'said.npz', **(VECTORS | change))
    terms = [EMBEDDING, {'term': 'constant', 'values': [7.0]}]
    said = {'name': 'said', 'terms': terms, 'normalization': 'identity'}
    return write(tmp_path, holding(value('said', [1, 3])), [STATE, said])


def told(folder, instruction):
    """Return what the graph is fed, or what is missing for it."""
    inputs = Inputs((state(np.zeros(8)),), instruction=instruction)
    answer = loaded(folder).propose(inputs, 10 * MS)
    return answer if isinstance(answer, Missing) else answer.tensors


def test_a_table_makes_one_token_of_each_word_and_fills_the_rest(tmp_path):
    tensors = told(words(tmp_path), 'Put the cube!')
    assert tensors['tokens'].tolist() == [1, 5, 6, 8, 2, 9]
    assert tensors['mask'].tolist() == [1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ('instruction', 'phrase'),
    [
        (None, 'instruction'),
        ('put the spoon', "instruction of words that the policy knows ('spoon' is none)"),
        ('put the red red cube', 'instruction of at most 6 tokens (it has 7)'),
    ],
)
def test_an_instruction_that_the_table_cannot_say_is_missing(tmp_path, instruction, phrase):
    assert told(words(tmp_path), instruction) == Missing((phrase,))


def test_a_table_may_have_a_token_for_words_that_it_does_not_know(tmp_path):
    folder = words(tmp_path, {'words': {'put': 5}, 'unknown': 3})
    assert told(folder, 'put spoons')['tokens'].tolist() == [5, 3, 9, 9, 9, 9]


def test_an_embedding_is_that_of_the_instruction_and_no_other(tmp_path):
    folder = embedded(tmp_path)
    assert told(folder, 'put the RED cube')['said'].tolist() == [1.0, 2.0, 7.0]
    phrase = "instruction that is one of 2 the policy knows (it is 'put the red cube away')"
    assert told(folder, 'put the red cube away') == Missing((phrase,))


def test_the_pin_of_a_robot_file_holds_the_tokenizer_too(tmp_path):
    before = package_sha256(words(tmp_path))
    assert package_sha256(words(tmp_path, TABLE | {'end': 3})) != before


def fake_library(monkeypatch):
    """Put in a library whose tokens are the letters of a text."""
    library = ModuleType('tokenizers')
    tokenizer = SimpleNamespace(
        no_padding=lambda: None, no_truncation=lambda: None,
        encode=lambda text: SimpleNamespace(ids=[ord(letter) for letter in text]),
    )  # fmt: skip
    library.Tokenizer = SimpleNamespace(from_file=lambda path: tokenizer)
    monkeypatch.setitem(sys.modules, 'tokenizers', library)


def test_a_file_of_the_library_is_read_by_the_library(tmp_path, monkeypatch):
    fake_library(monkeypatch)
    folder = words(tmp_path, {'version': '1.0', 'model': {}})
    assert told(folder, 'ab')['tokens'].tolist() == [97, 98, 9, 9, 9, 9]


def test_without_the_library_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tokenizers', None)
    with pytest.raises(ConfigError, match='needs the package tokenizers: pip install tokenizers'):
        loaded(words(tmp_path, {'version': '1.0', 'model': {}}))


@pytest.mark.parametrize(
    ('make', 'sentence'),
    [
        (lambda path: words(path, {'words': {}}), 'the field words is {}, but dictionary should'),
        (
            lambda path: words(path, kind=TensorProto.STRING),
            "input mask is object in the graph, but token_mask needs one of ['int64', 'int32', 'b",
        ),
        (
            lambda path: embedded(path, vectors=np.zeros((2, 3))),
            'said.npz has vectors of the shape [2, 3], but 2 texts and length: 2 need [2, 2]',
        ),
        (
            lambda path: embedded(path, texts=np.array([{}])),
            'must be an .npz file with the array',
        ),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_one_clear_sentence(tmp_path, make, sentence):
    with pytest.raises(ConfigError) as caught:
        loaded(make(tmp_path))
    assert '\n' not in str(caught.value)
    assert sentence in str(caught.value)
