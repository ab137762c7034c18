"""Numba, where it is installed, compiles the loop of annealing; where it is not, the loop is plain Python, for tests.

Nothing that is compiled makes arrays, so that Numba need not count references (`_nrt`), which would cost more than all
the rest: three times as many moves were drawn a second without.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    _F = TypeVar("_F", bound=Callable[..., Any])

COMPILES = importlib.util.find_spec("numba") is not None


def compiled(function: _F) -> _F:
    """Compiled by Numba when it is first called, and kept on disk where that can be; as it is without Numba."""
    return _compiled(function, fast=False)


def compiled_sums(function: _F) -> _F:
    """The same, of sums of floating-point numbers whose last digits do not count: several are added at once."""
    return _compiled(function, fast=True)


def _compiled(function: _F, *, fast: bool) -> _F:
    if not COMPILES:
        return function
    from numba import njit

    try:
        done: _F = njit(cache=True, _nrt=False, fastmath=fast)(function)
    except RuntimeError:  # nowhere to keep it
        done = njit(fastmath=fast)(function)
    return done
