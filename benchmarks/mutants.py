"""
Mutants: whether a test notices when one thing in guard, brake, shaper or mode table is wrong.

    make mutants [ARGS="[NAME]... [--seconds 300] [--anew]"]

The mutants are those that mutmut makes. Its own runner leaves out functions with a decorator, as
all of the shaper's are, and what stands outside of functions; this one runs them all. Each is
a process, forked from one that has loaded numpy and pytest, with the file of the mutant in memory.
What was noticed is kept in build/mutants until the file changes, so a run that is cut off goes on.
Survivors are tried again each time. The exit status is 0 if at most 2 % of all have survived and
docs/mutants.md has the line of each.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
import gc
import hashlib
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
import json
import os
from pathlib import Path
import signal
import sys
import time
from types import CodeType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import deep_replace, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode
import numba
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE, KEPT = ROOT / 'docs' / 'mutants.md', ROOT / 'build' / 'mutants'
MOST = 0.02  # of all mutants, that may survive
SHAPER = ('shaper', 'landing', 'nearest')
TESTS = {  # of each file, the quick ones first
    'mode': ('mode',),
    'guard': ('guard_verdict', 'guard_many', 'guard', 'guard_time'),
    'brake': ('brake_whole', 'brake'),
    'limits': SHAPER,
    'shaping': SHAPER,
    'nearest': SHAPER,
    'landing': SHAPER,
}
OPTIONS = (
    '-x', '-q', '--tb=no', '--assert=plain', '-p', 'no:cacheprovider', '-p', 'no:warnings',
    '-p', 'no:unraisableexception', '-p', 'no:threadexception', '--deselect',
    # Takes seconds, and notices nothing that others do not.
    'test/core/test_guard_time.py::'
    'test_a_stop_from_any_accepted_state_stays_inside_and_is_itself_accepted',
)
ORDER = {'left': 0, 'late': 1, 'survived': 2, 'killed': 3}  # in which they are tried
ENDS = {0: 'survived', 1: 'killed', 2: 'killed'}  # pytest: all passed, one failed, no import


class Finder(MutationVisitor):
    """Mutmut's visitor, that goes into functions with a decorator too."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        return not isinstance(node, cst.FunctionDef) and super()._skip_node_and_children(node)


class Mutated(SourceFileLoader, MetaPathFinder):
    """Import of one module of core/ from a text instead of its file."""

    def __init__(self, name: str, text: str) -> None:
        """Take the text of the module."""
        super().__init__(f'robot_runtime.core.{name}', str(place_of(name)))
        self.text = text

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return how to load the module, and nothing for all others."""
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled text."""
        return compile(self.text, self.path, 'exec', dont_inherit=True)


def main() -> int:
    """Try the mutants; return 0 if few survive and the page has each of these."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help=f'of {", ".join(TESTS)}')
    parser.add_argument('--seconds', type=float, default=np.inf, help='0: only tell')
    parser.add_argument('--anew', action='store_true', help='forget what was found before')
    words = parser.parse_args()
    if not numba.config.DISABLE_JIT:
        parser.error('what is compiled has no mutants: set NUMBA_DISABLE_JIT=1')
    if unknown := set(words.names) - set(TESTS):
        parser.error(f'{", ".join(unknown)}: not one of {", ".join(TESTS)}')
    silent(lambda: pytest.main([*OPTIONS, str(ROOT / 'test' / 'test_docs.py')]))  # loads pytest
    gc.freeze()
    until, page = time.monotonic() + words.seconds, PAGE.read_text(encoding='utf-8').splitlines()
    total, unlisted = Counter[str](), 0
    for name in words.names or TESTS:
        mutants = Mutants(name)
        found = tried(mutants, until, anew=words.anew)
        for number in [number for number, end in enumerate(found) if end == 'survived']:
            line = f'    {mutants.told(number)}'
            unlisted += line not in page
            print(line + ('' if line in page else '   <- not in the page'))
        count = Counter(found)
        total += count
        print(f'{name}: {said(count)}', flush=True)
    print(f'all: {said(total)}')
    few = total['survived'] <= MOST * sum(total.values())
    return 0 if few and not unlisted and not total['left'] else 1


def said(count: Counter[str]) -> str:
    """Return the figures of some mutants in words."""
    ends = ', '.join(f'{count[end]} {end}' for end in ('killed', 'late', 'survived', 'left'))
    return f'{sum(count.values())} mutants: {ends}'


def place_of(name: str) -> Path:
    """Return the file of one module."""
    return ROOT / 'robot_runtime' / 'core' / f'{name}.py'


class Mutants:
    """The mutants of one file."""

    def __init__(self, name: str) -> None:
        """Find them; none is made yet."""
        self.name, self.text = name, place_of(name).read_text(encoding='utf-8')
        finder = Finder(mutation_operators, IgnoredCode(set(), set(), set()))
        self._module = MetadataWrapper(cst.parse_module(self.text)).visit(finder)
        self._mutations = finder.mutations

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._mutations)

    def crude(self, number: int) -> bool:
        """Return if one of them leaves out an argument or a value, which most tests notice."""
        return isinstance(
            self._mutations[number].original_node, cst.Call | cst.Assign | cst.AnnAssign)

    def made(self, number: int) -> str:
        """Return the text of the file with one of them."""
        one = self._mutations[number]
        text: str = deep_replace(self._module, one.original_node, one.mutated_node).code
        return text

    def told(self, number: int) -> str:
        """Return in which function one of them is, and its new lines, or those that are gone."""
        around = self._mutations[number].contained_by_top_level_function
        where = around.name.value if isinstance(around, cst.FunctionDef) else 'itself'
        old, new = self.text.splitlines(), self.made(number).splitlines()
        while old and new and old[0] == new[0]:
            del old[0], new[0]
        while old and new and old[-1] == new[-1]:
            del old[-1], new[-1]
        lines = ' '.join(line.strip() for line in new)
        gone = ' '.join(line.strip() for line in old)
        return f'{self.name}.{where}: {lines or "without " + gone}'


def tried(mutants: Mutants, until: float, *, anew: bool) -> list[str]:
    """Return what became of each mutant of a file: killed, late, survived or left."""
    name, place = mutants.name, KEPT / f'{mutants.name}.json'
    source, found = hashlib.sha256(mutants.text.encode()).hexdigest(), ['left'] * len(mutants)
    if place.exists() and not anew:
        kept = json.loads(place.read_text(encoding='utf-8'))
        found = kept['found'] if kept['source'] == source else found
    if (begin := time.monotonic()) >= until:
        return found
    if (end := outcome(name, mutants.text, 600)) != 'survived':
        raise SystemExit(f'{name}: without a mutant its tests are {end}')
    limit_s = round(3.0 * (time.monotonic() - begin)) + 20
    KEPT.mkdir(parents=True, exist_ok=True)
    for number in sorted(range(len(found)), key=lambda at: (ORDER[found[at]], mutants.crude(at))):
        if found[number] == 'killed' or time.monotonic() > until:
            break
        found[number] = outcome(name, mutants.made(number), limit_s)
        place.write_text(json.dumps({'source': source, 'found': found}), encoding='utf-8')
    return found


def outcome(name: str, text: str, limit_s: int) -> str:
    """Return what the tests of a file say of it with another text."""
    child = os.fork()
    if child == 0:
        signal.alarm(limit_s)  # nobody catches it: it ends the process
        sys.meta_path.insert(0, Mutated(name, text))
        try:
            os._exit(silent(lambda: judged(name)))
        finally:
            os._exit(3)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return 'late' if os.WTERMSIG(status) == signal.SIGALRM else 'killed'
    code = os.WEXITSTATUS(status)
    if code not in ENDS:
        raise SystemExit(f'{name}: pytest ended with {code}')
    return ENDS[code]


def judged(name: str) -> int:
    """Return what pytest ends with: the first of the tests of a file that does not pass, or 0."""
    for one in TESTS[name]:
        if end := pytest.main([*OPTIONS, str(ROOT / 'test' / 'core' / f'test_{one}.py')]):
            return int(end)
    return 0


def silent(act: Callable[[], int]) -> int:
    """Return what `act` returns, and let nothing of it be seen."""
    with open(os.devnull, 'w', encoding='utf-8') as nowhere:
        with redirect_stdout(nowhere), redirect_stderr(nowhere):
            return act()


if __name__ == '__main__':
    raise SystemExit(main())
