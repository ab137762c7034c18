"""A failing problem cut down: rows, then keys, then numbers, for as long as the same fault remains (Zeller's ddmin).

It knows the document: what names a row that goes, goes with it. A document that is no problem any more has no fault, so
no cut needs to be sound beforehand.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.reading import Doc

    Fails = Callable[[Doc], bool]

SECTIONS = ("placements", "instances", "components", "pools")
KEPT = ("format", "name", "instance_type", "zone", "pool", "component", "instance", "id")  # keys that rows need


def shrink(doc: Doc, fails: Fails, seconds: float = 60.0) -> Doc:
    """The smallest document found in so many seconds on which `fails` still says so."""
    end = time.monotonic() + seconds
    best = copy.deepcopy(doc)
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for cuts in (_rows, _keys, _numbers, _zones):
            best, smaller = _cut(best, cuts, fails, end)
            changed = changed or smaller
    return best


def _cut(doc: Doc, cuts: Callable[[Doc], Iterator[Doc]], fails: Fails, end: float) -> tuple[Doc, bool]:
    """Take every cut of a kind that the fault outlives; cuts are listed anew after each that was taken."""
    smaller = False
    tried: set[str] = set()
    going = True
    while going:
        going = False
        for one in cuts(doc):
            if time.monotonic() > end:
                return doc, smaller
            text = repr(one)
            if text in tried or one == doc:
                continue
            tried.add(text)
            if fails(one):
                doc, smaller, going = one, True, True
                break
    return doc, smaller


def _rows(doc: Doc) -> Iterator[Doc]:
    """Without half of a section, then without single rows, single options, unused types and accelerators."""
    for section in SECTIONS:
        rows = doc.get(section, [])
        size = len(rows)
        while size > 1:
            size = (size + 1) // 2
            for first in range(0, len(rows), size):
                yield without(doc, section, set(range(first, min(first + size, len(rows)))))
        if len(rows) == 1:
            yield without(doc, section, {0})
    for c, component in enumerate(doc["components"]):
        for o in range(len(component.get("options", ())) if len(component.get("options", ())) > 1 else 0):
            yield _without_option(doc, c, o)
    used = {pool["instance_type"] for pool in doc["pools"]}
    kinds = {name: kind for name, kind in doc["instance_types"].items() if name in used}
    named = {kind.get("accelerator") for kind in kinds.values()}
    accelerators = {name: row for name, row in doc.get("accelerators", {}).items() if name in named}
    if len(kinds) < len(doc["instance_types"]) or len(accelerators) < len(doc.get("accelerators", {})):
        yield copy.deepcopy({**doc, "instance_types": kinds, "accelerators": accelerators})


def without(doc: Doc, section: str, gone: set[int]) -> Doc:
    """A document without some rows of a section, nor what names them."""
    out = copy.deepcopy(doc)
    rows = out[section]
    out[section] = [row for index, row in enumerate(rows) if index not in gone]
    left = [row for index, row in enumerate(rows) if index in gone]
    if section == "components":
        names = {row["name"] for row in left}
        out["placements"] = [row for row in out.get("placements", []) if row["component"] not in names]
        labels = {label for row in out["components"] for label in row.get("groups", [])}
        for row in out["components"]:
            if "avoid" in row:
                known = {f"group:{label}" for label in labels} | {other["name"] for other in out["components"]}
                row["avoid"] = [entry for entry in row["avoid"] if entry in known]
    if section == "pools":
        names = {row["name"] for row in left}
        machines = {row["id"] for row in out.get("instances", []) if row["pool"] in names}
        out["instances"] = [row for row in out.get("instances", []) if row["id"] not in machines]
        out["placements"] = [row for row in out.get("placements", []) if row["instance"] not in machines]
    if section == "instances":
        machines = {row["id"] for row in left}
        out["placements"] = [row for row in out.get("placements", []) if row["instance"] not in machines]
    return out


def _without_option(doc: Doc, c: int, o: int) -> Doc:
    """A document without one option; copies that run by a later one are renumbered."""
    out = copy.deepcopy(doc)
    component = out["components"][c]
    gone = component["options"].pop(o)
    rows = []
    for row in out.get("placements", []):
        option = row.get("option", 0)
        if row["component"] == component["name"] and option in (o, gone.get("name")):
            continue
        if row["component"] == component["name"] and isinstance(option, int) and option > o:
            row["option"] = option - 1
        rows.append(row)
    if "placements" in out:
        out["placements"] = rows
    return out


def _keys(doc: Doc) -> Iterator[Doc]:
    """Without one key, or with one option written on its component."""
    for place in list(_places(doc)):
        holder = _at(doc, place[:-1])
        if isinstance(holder, dict) and place[-1] not in KEPT:
            yield _edited(doc, place, ...)
    for c, component in enumerate(doc["components"]):
        if len(component.get("options", ())) == 1:
            out = copy.deepcopy(doc)
            option = out["components"][c].pop("options")[0]
            option.pop("name", None)
            out["components"][c] |= option
            yield out


def _numbers(doc: Doc) -> Iterator[Doc]:
    """With one number smaller, or rounder."""
    for place in list(_places(doc)):
        value = _at(doc, place)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for smaller in _simpler(value):
            yield _edited(doc, place, smaller)


def _simpler(value: float) -> Iterator[float]:
    """Numbers that say less, the least first."""
    found: list[float] = [0, 1, 2, 10, int(value) // 2, int(value), int(value) - 1]
    found += [round(value, digits) for digits in (1, 2, 3, 6)]
    seen = {value}
    for one in found:
        if one >= 0 and one not in seen and (one < value or len(repr(one)) < len(repr(value))):
            seen.add(one)
            yield one


def _zones(doc: Doc) -> Iterator[Doc]:
    """With all pools in one zone, or one more of them there."""
    names = sorted({pool["zone"] for pool in doc["pools"]})
    if len(names) > 1:
        yield copy.deepcopy({**doc, "pools": [{**pool, "zone": names[0]} for pool in doc["pools"]]})
        for p, pool in enumerate(doc["pools"]):
            if pool["zone"] != names[0]:
                yield _edited(doc, ("pools", p, "zone"), names[0])


def _places(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value, outer ones first."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from _places(value, (*place, key))


def _at(node: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        node = node[key]
    return node


def _edited(doc: Doc, place: tuple[Any, ...], value: Any) -> Doc:
    """A copy with another value at a path; without it when that is ``...``."""
    out = copy.deepcopy(doc)
    holder = _at(out, place[:-1])
    if value is ...:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return out
