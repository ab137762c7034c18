"""`catalogue:` in a problem: an instance type by its name in the catalogue, written out before it is checked.

    instance_types:
      p5: {catalogue: ml.p5.48xlarge, price_per_hour: 60}

The other keys of the row count instead of the catalogue's; a null counts as absent. The accelerator of such a type
needs no row of its own: one is added, unless the problem has one of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.catalogue.rows import accelerator_row, instance_row
from placement.catalogue.tables import instance_type
from placement.errors import Fault, UsageError, json_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.catalogue.facts import InstanceFacts

KEY = "catalogue"
_PLACEHOLDER = {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0}  # of a row with a fault, so that the rest is checked


def written_out(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The document with every reference to the catalogue written out, and the faults of references that can't be.

    Nothing in `document` is changed.
    """
    faults: list[Fault] = []
    types: dict[str, Any] = {}
    added: dict[str, Any] = {}
    for name, row in document["instance_types"].items():
        if not isinstance(row, dict) or KEY not in row:
            types[name] = row
            continue
        place = ("instance_types", name, KEY)
        facts = _facts(row[KEY], json_path(place))
        if isinstance(facts, Fault):
            faults.append(facts)
            types[name] = dict(_PLACEHOLDER)
            continue
        own = {key: value for key, value in row.items() if key != KEY and value is not None}
        types[name] = instance_row(facts, facts.price.per_hour if facts.price else None) | own
        if "price_per_hour" not in types[name]:
            rule = f"has no price of {facts.name}; write price_per_hour beside it"
            faults.append(Fault(json_path(place), rule))
            types[name]["price_per_hour"] = 0
        if facts.accelerator_count and types[name].get("accelerator") == facts.device:
            added[facts.device] = accelerator_row(facts)
    written = document.get("accelerators")
    if added and (written is None or isinstance(written, dict)):
        document = {**document, "accelerators": {**added, **(written or {})}}
    return {**document, "instance_types": types}, faults


def _facts(name: object, path: str) -> InstanceFacts | Fault:
    if not isinstance(name, str) or not name:
        return Fault(path, "must be the name of an instance type in the catalogue", name)
    try:
        return instance_type(name)
    except UsageError as error:
        return Fault(path, str(error))
