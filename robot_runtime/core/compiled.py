"""Compiled: scalar arithmetic as machine code, kept on disk from one start to the next."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
import zlib

import numba
from numba.core import sigutils
from numba.core.types import Array
from numba.np.numpy_support import as_dtype
import numpy as np

Function = TypeVar('Function', bound=Callable[..., Any])

# Sums and products in the order in which they are written, so that every machine gets the same
# bits; and numpy's way with a division by zero.
OPTIONS: dict[str, Any] = {'error_model': 'numpy', 'fastmath': False}


def inlined(function: Function) -> Function:
    """Make `function` one that compiled functions may call; it is compiled as a part of them."""
    made: Function = numba.njit(**OPTIONS)(function)
    return made


def compiled(signature: str) -> Callable[[Function], Function]:
    """
    Compile a function for the types of `signature` at once, or take it from the cache on disk.

    And call it once, with empty arrays: nothing is left for the first call from a real-time loop,
    in which numba would look at the types of the arguments for 30 ms.
    """

    def compile_it(function: Function) -> Function:
        # The cache looks at the file of this function alone. What it calls is in other files
        # too, so the name, which is that of the file of the cache, tells the content of all.
        function.__qualname__ = f'{function.__name__}_{_stamp(function):08x}'
        made: Function
        try:
            made = numba.njit(signature, cache=True, **OPTIONS)(function)
        except Exception:  # noqa: BLE001 a full disk, a damaged file, no folder to write to
            # Whatever it is, it must not keep a robot from starting. What is wrong with the
            # function itself is said here once more.
            made = numba.njit(signature, **OPTIONS)(function)
        made(*_nothing(signature))
        return made

    return compile_it


def _nothing(signature: str) -> Iterator[Any]:
    """Yield arguments of the types of `signature`, with no element in any of the arrays."""
    types, _ = sigutils.normalize_signature(signature)
    for one in types:
        if isinstance(one, Array):
            yield np.empty((0,) * one.ndim, as_dtype(one.dtype))
        else:
            yield as_dtype(one).type(1.0).item()


def _stamp(function: Callable[..., Any]) -> int:
    """Return a checksum of what is compiled with `function`."""
    return zlib.crc32('\n'.join((str(OPTIONS), *_content(function, set()))).encode())


def _content(function: Any, seen: set[Any]) -> Iterator[str]:
    """Yield the code of a function, of those that it calls, and the constants they name."""
    function = getattr(function, 'py_func', function)
    if function in seen:
        return
    seen.add(function)
    code = function.__code__
    yield f'{code.co_code.hex()} {code.co_consts} {code.co_names}'
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, bool | int | float | tuple):
            yield f'{name} = {value}'
        elif isinstance(value, type):
            yield f'{name}: {getattr(value, "_fields", "")}'
        elif hasattr(value, 'py_func'):
            yield from _content(value, seen)
