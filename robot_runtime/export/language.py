"""Instructions in words: the sentences a policy learns from, its vocabulary, and its reader."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.sim.task import COLOURS

WORDS = 16  # of an instruction; later ones are not read
PAD, UNKNOWN = 0, 1
HOLD = len(COLOURS)  # the goal of a sentence that names no known cube
ENDINGS = ('', '.', ',', '!', '?')

CUBES = ('cube', 'block', 'box', 'brick', 'one', 'object')
TRAYS = ('tray', 'dish', 'bin', 'box', 'container', 'basket')
TAKES = ('pick up', 'grab', 'take', 'lift', 'grasp', 'get', 'fetch', 'pick')
PUTS = ('put', 'place', 'drop', 'move', 'bring', 'set', 'lay')
INTOS = ('in', 'into', 'inside', 'on', 'onto', 'to')
FRAMES = (
    '{take} the {colour} {cube} and {put} it {into} the {tray}',
    '{put} the {colour} {cube} {into} the {tray}',
    '{take} the {colour} {cube}',
    '{take} {colour} {cube} and {put} it {into} {tray}',
    '{into} the {tray} {put} the {colour} {cube}',
    'the {colour} {cube} goes {into} the {tray}',
    'i want the {colour} {cube} {into} the {tray}',
    'can you {put} the {colour} {cube} {into} the {tray}',
    'could you {take} the {colour} {cube} for me',
    '{colour} {cube} {into} the {tray}',
    '{colour} {cube}',
    '{colour}',
    'now the {colour} {cube}',
    'robot {take} the {cube} that is {colour} and {put} it {into} the {tray}',
    '{put} the {cube} of colour {colour} {into} the {tray}',
)
OTHERS = ('yellow', 'black', 'white', 'orange', 'purple', 'pink', 'grey', 'brown', '', 'wooden')
IDLE = (
    '', 'stop', 'wait', 'hello', 'hold still', 'do nothing', 'stay', 'stay where you are',
    'stop now', 'be quiet', 'what is in the tray', 'good morning', 'go', 'open the window',
)  # fmt: skip
STRANGE = ('quickly', 'gently', 'zebra', 'carefully', 'dear', 'um', 'x7', 'over', 'nice', 'that')


def vocabulary() -> tuple[str, ...]:
    """Return every word that has a number of its own, in lower case and in their order."""
    sentences = ' '.join(FRAMES + IDLE).replace('{', ' ').replace('}', ' ').split()
    names = {'take', 'colour', 'cube', 'put', 'into', 'tray'}
    groups = ' '.join(COLOURS + CUBES + TRAYS + TAKES + PUTS + INTOS + OTHERS).split()
    known = [word for word in sentences if word not in names or word in groups]
    return tuple(dict.fromkeys([*COLOURS, *groups, *known, 'please', 'color', 'colour']))


def entries(words: Sequence[str]) -> dict[str, int]:
    """Return the number of each written form of a word: alone, or with a mark behind it."""
    table = {'': PAD}
    for number, word in enumerate(words, UNKNOWN + 1):
        table |= {word + ending: number for ending in ENDINGS}
    return table


def tokenize(text: str, table: dict[str, int]) -> NDArray[np.int64]:
    """Return the numbers of the words (WORDS,), as the graph computes them."""
    numbers = [table.get(word, UNKNOWN) for word in text.lower().split(' ') if word][:WORDS]
    return np.array(numbers + [PAD] * (WORDS - len(numbers)), dtype=np.int64)


def sentence(rng: np.random.Generator, goal: int) -> str:
    """Return a sentence for a goal, in one of many wordings."""
    if goal == HOLD and rng.random() < 0.5:
        return str(rng.choice(IDLE))
    colour = COLOURS[goal] if goal != HOLD else str(rng.choice(OTHERS))
    frame = FRAMES[0] if rng.random() < 0.25 else str(rng.choice(FRAMES))
    text = frame.format(
        colour=colour, cube=rng.choice(CUBES, p=[0.5, *[0.1] * 5]),
        tray=rng.choice(TRAYS, p=[0.5, *[0.1] * 5]), take=rng.choice(TAKES),
        put=rng.choice(PUTS), into=rng.choice(INTOS))
    words = text.split()
    if rng.random() < 0.15:
        words.insert(int(rng.integers(len(words) + 1)), str(rng.choice(STRANGE)))
    if rng.random() < 0.2:
        words.insert(0 if rng.random() < 0.5 else len(words), 'please')
    text = ' '.join(words)
    style = rng.random()
    text = text.capitalize() if style < 0.3 else text.upper() if style < 0.4 else text
    return text + str(rng.choice(['', '.', '!'], p=[0.7, 0.2, 0.1]))


def reader(words: Sequence[str], text: str, tokens: str) -> tuple[list[Any], list[Any]]:
    """Return ONNX nodes and constants that turn the input `text` (1,) into `tokens` (1, WORDS)."""
    from onnx import helper, numpy_helper

    table = entries(words)
    pads = np.full((1, WORDS), PAD, dtype=np.int64)
    constants = [
        numpy_helper.from_array(value, name) for name, value in {
            'text_pads': pads, 'text_start': np.array([0]), 'text_end': np.array([WORDS]),
            'text_axis': np.array([1]),
        }.items()
    ]  # fmt: skip
    nodes = [
        helper.make_node(
            'StringNormalizer', [text], ['text_lower'], case_change_action='LOWER', locale='C'),
        helper.make_node('StringSplit', ['text_lower'], ['text_words', 'text_counts']),
        helper.make_node(
            'LabelEncoder', ['text_words'], ['text_numbers'], domain='ai.onnx.ml',
            keys_strings=list(table), values_int64s=list(table.values()), default_int64=UNKNOWN),
        helper.make_node('Concat', ['text_numbers', 'text_pads'], ['text_padded'], axis=1),
        helper.make_node(
            'Slice', ['text_padded', 'text_start', 'text_end', 'text_axis'], [tokens]),
    ]
    return nodes, constants
