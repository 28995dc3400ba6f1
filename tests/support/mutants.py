"""A mutant is a deliberately wrong variant of a shipped function; the promise's own assertion must catch it."""

import __future__

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any


@contextmanager
def mutated(function: Callable[..., Any], old: str, new: str) -> Iterator[None]:
    """Run the block with `old` replaced by `new` in the source of `function`, wherever it was imported to.

    Swaps the function's code, not its name; under a decorator that wraps, that of the function inside. `old` must occur
    exactly once. For functions without closures; defaults of parameters stay as shipped.
    """
    function = inspect.unwrap(function)
    assert isinstance(function, FunctionType), function
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in {function.__qualname__}"
    module = compile(
        source.replace(old, new), inspect.getfile(function), "exec", flags=__future__.annotations.compiler_flag
    )
    code = next(c for c in _codes(module) if c.co_name == function.__name__)
    shipped = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = shipped


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
