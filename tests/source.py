"""The package's source as trees, parsed once a process for all tests that look at the whole of it."""

from __future__ import annotations

import ast
import gc
from functools import cache


@cache
def tree(source: str) -> ast.Module:
    """A file's tree; no test changes it.

    It stays until the end, so no collection of garbage goes through it: with them 750 files take four times as long.
    """
    gc.disable()
    try:
        parsed = ast.parse(source)
    finally:
        gc.enable()
    gc.freeze()
    return parsed


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All of a file, each node before those within."""
    return tuple(ast.walk(tree(source)))
