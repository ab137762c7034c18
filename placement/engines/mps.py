"""Integer programs written down in the free MPS format, which every solver reads.

Only what is decided is written: columns are whole numbers with a range each, rows have whole coefficients, and nothing
is minimised. Numbers are written in full, so that what is read is what was meant.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class MpsRow(NamedTuple):
    """``low <= sum(coefficient x column) <= high``; None: no limit. `terms` are coefficients by column index."""

    low: int | None
    high: int | None
    terms: Mapping[int, int]


def to_mps(name: str, columns: Sequence[tuple[int, int]], rows: Sequence[MpsRow]) -> str:
    """A program of whole-number columns, each with its range, as text. O(columns + terms)."""
    senses, sides = ["N nothing"], []
    terms: list[list[tuple[str, int]]] = [[] for _ in columns]
    for r, row in enumerate(rows):
        for sense, side in (("G", row.low), ("L", row.high)) if row.low != row.high else (("E", row.low),):
            if side is None:
                continue
            title = f"{sense.lower()}{r}"
            senses.append(f"{sense} {title}")
            sides.append((title, side))
            for column, n in row.terms.items():
                if n:
                    terms[column].append((title, n))
    lines = [f"NAME {name}", "ROWS", *(f" {sense}" for sense in senses), "COLUMNS", " M1 'MARKER' 'INTORG'"]
    for k, parts in enumerate(terms):
        lines += [f" x{k} {title} {n}" for title, n in parts] or [f" x{k} nothing 0"]
    lines += [" M2 'MARKER' 'INTEND'", "RHS", *(f" rhs {title} {side}" for title, side in sides if side), "BOUNDS"]
    for k, (low, high) in enumerate(columns):
        lines += [f" LO range x{k} {low}", f" UP range x{k} {high}"]
    return "\n".join([*lines, "ENDATA", ""])
