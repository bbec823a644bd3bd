"""Style of every file: lengths, ruff, mypy and the two linters of ROS."""

import ast
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ['robot_runtime', 'launch', 'test', 'benchmarks']
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob('*.py')
)
CHATTER = re.compile(r'checking |\* |$')
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 60


def content(*arguments: str) -> None:
    """Fail with what a linter says, unless it is content."""
    done = subprocess.run(
        [sys.executable, '-m', *arguments],
        cwd=ROOT,
        env=os.environ | {'NO_COLOR': '1'},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        said = f'{done.stdout}{done.stderr}'.splitlines()
        pytest.fail('\n'.join(line for line in said if not CHATTER.match(line)), pytrace=False)


@pytest.mark.parametrize('place', FILES)
def test_a_file_fits_on_a_few_pages(place):
    assert len((ROOT / place).read_text(encoding='utf-8').splitlines()) <= MOST_LINES


@pytest.mark.parametrize('place', FILES)
def test_a_function_fits_on_a_page(place):
    tree = ast.parse((ROOT / place).read_text(encoding='utf-8'))
    long = [
        node.name for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize('place', [place for place in FILES if Path(place).name != '__init__.py'])
def test_a_file_says_in_its_first_line_what_it_is(place):
    assert ast.get_docstring(ast.parse((ROOT / place).read_text(encoding='utf-8')))


def test_ruff_is_content():
    content('ruff', 'check', '--no-cache', '--output-format', 'concise', '.')


def test_mypy_is_content_with_core_and_runtime():
    content('mypy', '--no-error-summary')


def test_ament_flake8_is_content():
    content('ament_flake8.main', *present())


def test_ament_pep257_is_content():
    # As in a ROS workspace, without the docstrings of tests: their names say it.
    content('ament_pep257.main', *(path for path in present() if path != 'test'))


def present() -> list[str]:
    """Return the folders with Python files, and setup.py."""
    return [folder for folder in FOLDERS if any((ROOT / folder).rglob('*.py'))] + ['setup.py']
