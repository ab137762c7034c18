"""Rows as blocks of lines, for terminals too narrow for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from placement.report.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

NARROW = 72  # columns below which tables become blocks


def block(name: str | Text, *lines: Iterable[str | Text]) -> RenderableType:
    """A name, and below it, indented, lists of facts that wrap between facts."""
    head = name if isinstance(name, Text) else Text(name)
    head.overflow = "fold"
    return Group(head, *(Padding(Flow(line), (0, 0, 0, 2)) for line in lines))
