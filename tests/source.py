"""The package's source as trees, parsed once a process for all tests that look at the whole of it."""

from __future__ import annotations

import ast
from functools import cache


@cache
def tree(source: str) -> ast.Module:
    """A file's tree; no test changes it."""
    return ast.parse(source)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All of a file, each node before those within."""
    return tuple(ast.walk(tree(source)))
