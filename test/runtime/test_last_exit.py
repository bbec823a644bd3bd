"""A process that hangs on its way out ends all the same, with the code that it was to end with."""

import subprocess
import sys

import pytest

# The hang is in C and keeps the lock of the interpreter, as that of the middleware does.
HANGS = """
import ctypes, sys
from robot_runtime.runtime.last_exit import ends_within
print('said', end='')
with ends_within(0.2, {code}):
    if {hangs}:
        ctypes.PyDLL(None).pause()
ctypes.CDLL(None).usleep(400_000)  # nothing is left that would end it now
print(' all', end='')
sys.exit({code})
"""


@pytest.mark.parametrize('code', [0, 1, 7])
@pytest.mark.parametrize('hangs', [True, False])
def test_a_process_ends_with_its_code_whether_it_hangs_or_not(code, hangs):
    program = HANGS.format(code=code, hangs=hangs)
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, timeout=60, check=False)
    said = b'said' if hangs else b'said all'
    assert (done.returncode, done.stdout, done.stderr) == (code, said, b'')
