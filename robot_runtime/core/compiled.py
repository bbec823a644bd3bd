"""Compiled: scalar arithmetic as machine code, kept on disk from one start to the next."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
import zlib

import numba

Function = TypeVar('Function', bound=Callable[..., Any])

# Sums and products in the order in which they are written, so that every machine gets the same
# bits; and numpy's way with a division by zero.
OPTIONS: dict[str, Any] = {'error_model': 'numpy', 'fastmath': False}


def inlined(function: Function) -> Function:
    """Make `function` one that compiled functions may call; it is compiled as a part of them."""
    return _typed(numba.njit(**OPTIONS)(function))


def compiled(signature: str) -> Callable[[Function], Function]:
    """
    Compile a function for the types of `signature` at once, or take it from the cache on disk.

    So nothing is left to be compiled when it is first called, from within a real-time loop.
    """

    def compile_it(function: Function) -> Function:
        if numba.config.DISABLE_JIT:
            return function
        # The cache looks at the file of this function alone. What it calls is in other files
        # too, so the name, which is that of the file of the cache, tells the content of all.
        function.__qualname__ = f'{function.__name__}_{_stamp(function):08x}'
        try:
            return _typed(numba.njit(signature, cache=True, **OPTIONS)(function))
        except Exception:  # noqa: BLE001 a full disk, a damaged file, no folder to write to
            # Whatever it is, it must not keep a robot from starting; what is wrong with the
            # function itself is said here.
            return _typed(numba.njit(signature, **OPTIONS)(function))

    return compile_it


def _typed(dispatcher: Any) -> Any:
    """Return what numba made, which has no types, under those of the function it was made of."""
    return dispatcher


def _stamp(function: Callable[..., Any]) -> int:
    """Return a checksum of what is compiled with `function`."""
    return zlib.crc32('\n'.join(_content(function, set())).encode())


def _content(function: Any, seen: set[str]) -> Iterator[str]:
    """Yield the code of a function, of those that it calls, and the constants they name."""
    function = getattr(function, 'py_func', function)
    code = function.__code__
    yield f'{code.co_code.hex()} {code.co_consts}'
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, bool | int | float | tuple):
            yield f'{name} = {value}'
        elif isinstance(value, type):
            yield f'{name}: {getattr(value, "_fields", "")}'
        elif hasattr(value, 'py_func') and name not in seen:
            seen.add(name)
            yield from _content(value, seen)
