"""Pages for people: what they say of tests is so."""

import ast
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / 'docs' / 'what-stops-the-robot.md').read_text(encoding='utf-8')
LINK = re.compile(r'`(test/[\w/]+\.py)::(\w+)`')
BUILT, _, NOT_BUILT = PAGE.partition('## Not built yet')


def rows(text: str) -> list[str]:
    """Return the rows of the tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith('| ')]
    return [line for line in lines if not line.startswith(('| fault |', '| --- |'))]


@pytest.mark.parametrize('row', rows(BUILT))
def test_each_fault_that_is_built_links_tests_that_exist(row):
    links = LINK.findall(row)
    assert links, f'no test is linked: {row}'
    for place, name in links:
        tree = ast.parse((ROOT / place).read_text(encoding='utf-8'))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize('row', rows(BUILT))
def test_each_row_has_a_bound_and_a_response(row):
    cells = [cell.strip() for cell in row.strip('|').split('|')]
    assert len(cells) == 4
    assert all(cells)


def test_what_is_not_built_claims_no_test():
    assert rows(NOT_BUILT)
    assert LINK.findall(NOT_BUILT) == []


def test_the_page_says_in_plain_words_what_it_is_not():
    for words in ('not a safety function', 'category 2', '(PL)', '(SIL)', 'ISO 13850'):
        assert words in ' '.join(PAGE.split())
