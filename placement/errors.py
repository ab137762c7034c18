"""Everything `placement` raises on purpose.

    PlacementError
    ├── DocumentError       a document breaks FORMAT rules: every fault of it, each with its place
    ├── SolverBugError      a solver's plan or bound failed the independent check: never patched over
    └── UsageError          a call that can't mean anything: unknown solver, option out of range
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PlacementError(Exception):
    """Root of the tree: catch this to catch all of it."""


class UsageError(PlacementError):
    """A call or a command line that can't be carried out as written."""


class SolverBugError(PlacementError):
    """A solver returned a plan that breaks a rule, or a bound above a plan's cost."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a document: where it stands, what rule it breaks, what was found.

    `path` is a JSON path such as ``$.pools[2].instance_type``; `rule` is a sentence that names the rule and,
    where there is one, the way out.
    """

    path: str
    rule: str
    value: object = ...  # `...` when there is no value to show

    def __str__(self) -> str:
        """Path, rule and the offending value, on one line."""
        shown = "" if self.value is ... else f", got {_short(self.value)}"
        return f"{self.path}: {self.rule}{shown}"


class DocumentError(PlacementError):
    """A problem or a plan that can't be used; `faults` holds all of them."""

    def __init__(self, faults: Iterable[Fault], source: str = "document") -> None:
        """Collect the faults of one document; `source` is the file's name."""
        self.faults = tuple(faults)
        self.source = source
        super().__init__("\n".join(f"{source} at {fault}" for fault in self.faults))

    def of(self, source: str) -> DocumentError:
        """The same faults, reported against the file `source`."""
        return DocumentError(self.faults, source)


def nearest(name: str, known: Iterable[str]) -> str:
    """A half sentence that helps with a mistyped name: the nearest known one, or a few of those there are."""
    names = [str(n) for n in known]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    if not names:
        return "none is defined"
    listed = ", ".join(names[:8])
    return f"known: {listed}{', …' if len(names) > 8 else ''}"


def _short(value: object, width: int = 60) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"
