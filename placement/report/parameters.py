"""Parameters as a table: what each is, with its unit, by room and module; and what was measured of them."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rich.text import Text

from placement.parameters import PARAMETERS
from placement.report.narrow import PlainTable
from placement.solving.parameters import parameter_rows

if TYPE_CHECKING:
    from rich.console import RenderableType


def parameter_table() -> RenderableType:
    """All of them; above those of a module what it does, from the docstring of their class."""
    table = PlainTable(tight=False)
    table.names("parameter")
    table.add_column("value", justify="right", overflow="fold")
    table.words("unit", "what it is")
    for room in fields(PARAMETERS):
        modules = getattr(PARAMETERS, room.name)
        for module in fields(modules):
            group = getattr(modules, module.name)
            said = " ".join((inspect.getdoc(group) or "").split())
            table.add_row(Text(f"{room.name}.{module.name}", style="bold"), "", "", Text(said, style="bold"))
            for row in parameter_rows(group):
                table.add_row(f"  {row.name}", _value(row.value), row.unit, row.what)
    return table


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
