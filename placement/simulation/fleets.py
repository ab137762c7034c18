"""The problem as a simulation plays it: nothing runs at first, and copies come and go up to a most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.documents import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_COUNTS = ("copies", "demand", "min_copies")


def simulated(
    problem: Problem,
    most: Sequence[int],
    *,
    dedicated: bool = False,
    whole: bool = False,
    alone: frozenset[str] = frozenset(),
) -> Problem:
    """The problem with up to `most` (C,) copies of each component, none of them required, and nothing that runs.

    Parameters
    ----------
    dedicated : each component on machines of its own; else those in `alone`, beside those of the problem itself.
    whole : no two copies share an accelerator.
    """

    def change(row: dict[str, Any], c: int) -> dict[str, Any]:
        found = {key: value for key, value in row.items() if key not in _OF_COUNTS}
        found |= {"copies": int(most[c]), "min_copies": 0}
        if dedicated or row["name"] in alone:
            found["dedicated"] = True
        if whole:
            found = _owning(found)
            if "options" in found:
                found["options"] = [_owning(option) for option in found["options"]]
        return found

    return _with(problem, change)


def with_copies(problem: Problem, copies: Sequence[int]) -> Problem:
    """The problem with just so many copies (C,) of each component, and nothing that runs."""

    def change(row: dict[str, Any], c: int) -> dict[str, Any]:
        return {key: value for key, value in row.items() if key not in _OF_COUNTS} | {"copies": int(copies[c])}

    return _with(problem, change)


def of_one(problem: Problem, c: int) -> Problem:
    """The problem with one of its components, and nothing that runs."""
    document = problem.to_document()
    row = {key: value for key, value in document["components"][c].items() if key != "avoid"}
    return Problem(**_without_state({**document, "components": [row]}))


def _with(problem: Problem, change: Any) -> Problem:
    document = problem.to_document()
    document["components"] = [change(row, c) for c, row in enumerate(document["components"])]
    return Problem(**_without_state(document))


def _owning(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("shared", "accelerator_share")}


def _without_state(document: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in document.items() if key not in ("instances", "placements")}
    if "max_moves" in found.get("objective", {}):
        found["objective"] = {key: value for key, value in found["objective"].items() if key != "max_moves"}
    return found
