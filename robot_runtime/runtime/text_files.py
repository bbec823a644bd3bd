"""Files of a model folder that turn an instruction into figures: embeddings and tokenizers."""

from collections.abc import Callable, Mapping
import json
from pathlib import Path
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from robot_runtime.core.observation import quoted, words_of
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_inputs import Read
from robot_runtime.runtime.card_terms import TermFields
from robot_runtime.runtime.config_file import check, ConfigError, Strict
from robot_runtime.runtime.policy_card import PolicyCard

Ids = Callable[[str], list[int] | str]


class Words(Strict):
    """A tokenizer that is a table: one token for each word, letters and digits alone counting."""

    words: dict[str, int] = Field(min_length=1)
    unknown: int | None = None  # None: an instruction with another word is refused
    begin: int | None = None
    end: int | None = None


def text_readers(card: PolicyCard, folder: Path) -> dict[str, Read]:
    """Return by the name of each term what makes figures of an instruction."""
    return {
        name: _reader(f'card {card.name}: input {name}', part, folder)
        for item in card.inputs
        for name, part in item.parts()
        if part.file is not None
    }


def _reader(who: str, part: TermFields, folder: Path) -> Read:
    assert part.file is not None
    assert part.length is not None
    path, length = folder / part.file, part.length
    if part.term == 'embedding':
        return _embedding(who, path, length)
    ids, pad, mask = _tokenizer(path), part.pad, part.term == 'token_mask'

    def read(text: str) -> NDArray[Any] | str:
        found = ids(text)
        if isinstance(found, str):
            return found
        if len(found) > length:
            return f'instruction of at most {length} tokens (it has {len(found)})'
        row = np.full(length, 0 if mask else pad, np.int64)
        row[: len(found)] = 1 if mask else found
        return row

    return read


def _embedding(who: str, path: Path, length: int) -> Read:
    """Return what looks up the vector of an instruction that the maker has computed."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            texts, vectors = [str(text) for text in stored['texts']], stored['vectors']
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f'{who}: {path} must be an .npz file with the arrays texts and vectors'
        ) from error
    if vectors.shape != (len(texts), length):
        raise ConfigError(
            f'{who}: {path} has vectors of the shape {list(vectors.shape)}, but {len(texts)} '
            f'texts and length: {length} need {[len(texts), length]}'
        )
    table: dict[str, Floats] = {
        ' '.join(words_of(text)): np.array(row, dtype=np.float64)
        for text, row in zip(texts, vectors, strict=True)
    }

    def read(text: str) -> NDArray[Any] | str:
        vector = table.get(' '.join(words_of(text)))
        if vector is None:
            said = quoted(text)
            return f'instruction that is one of {len(table)} the policy knows (it is {said})'
        return vector

    return read


def _tokenizer(path: Path) -> Ids:
    """Return a tokenizer: a table of words, or a file of the library `tokenizers`."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ConfigError(f'the tokenizer {path} cannot be read as JSON') from error
    if isinstance(data, Mapping) and 'model' in data:
        return _of_library(path)
    table = check(Words, data, str(path))
    known = {word.casefold(): token for word, token in table.words.items()}

    def ids(text: str) -> list[int] | str:
        found = [known.get(word, table.unknown) for word in words_of(text)]
        if None in found:
            word = words_of(text)[found.index(None)]
            return f'instruction of words that the policy knows ({quoted(word)} is none)'
        whole = [table.begin, *found, table.end]
        return [token for token in whole if token is not None]

    return ids


def _of_library(path: Path) -> Ids:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ConfigError(
            f'the tokenizer {path} needs the package tokenizers: pip install tokenizers'
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ConfigError(f'the tokenizer {path} cannot be read: {error}') from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return lambda text: list(tokenizer.encode(text).ids)
