"""Rows of a problem from facts of the catalogue, as plain values."""

from collections.abc import Mapping
from typing import Any

from placement.catalogue.facts import InstanceFacts, Price
from placement.catalogue.market import reserved_memory_gib, reserved_vcpus, usable_memory_gib
from placement.catalogue.tables import accelerators, instance_type
from placement.errors import Fault, UsageError, json_path
from placement.units import dollars, micro_dollars, money

_KEY = "catalogue"
_PLACEHOLDER = {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0}  # of a row with a fault, so that the rest is checked


def whole(value: float) -> float | int:
    """40.0 as 40, and any other number to six decimals."""
    return int(value) if float(value).is_integer() else round(value, 6)


def accelerator_row(facts: InstanceFacts) -> dict[str, Any]:
    return {"memory_gib": whole(usable_memory_gib(facts))}


def instance_row(facts: InstanceFacts, price_per_hour: float | None) -> dict[str, Any]:
    """The row of an instance type; without a price where none is known."""
    row: dict[str, Any] = {}
    if facts.accelerator_count:
        row |= {"accelerator": facts.device, "accelerator_count": facts.accelerator_count}
    row |= {"vcpus": whole(facts.vcpus), "memory_gib": whole(facts.memory_gib)}
    if price_per_hour is not None:
        row["price_per_hour"] = whole(dollars(micro_dollars(price_per_hour)))
    kept = {"vcpus": reserved_vcpus(facts), "memory_gib": reserved_memory_gib(facts)}
    if any(amount > 0 for amount in kept.values()):
        row["reserved"] = {key: whole(amount) for key, amount in kept.items() if amount > 0}
    return row


def accelerator_words(facts: InstanceFacts) -> str:
    """What the memory of an accelerator's row is, for people."""
    known = accelerators().get(facts.accelerator)
    if facts.accelerator_share < 1:
        return f"a slice of {facts.accelerator}: {whole(facts.accelerator_memory_gib)} GiB as the provider tells"
    if known is None or known.usable_gib is None:
        return f"{whole(facts.accelerator_memory_gib)} GiB as the provider tells; how much is usable is not known"
    return f"{whole(known.usable_gib)} GiB usable of {whole(known.nominal_gb)} GB"


def price_words(price: Price | None, region: str = "") -> str:
    """A price with where it is from, for people: what is derived or of another region says so."""
    if price is None:
        return "no price is known"
    words = [price.source]
    if price.derived:
        words.insert(0, f"derived: {price.derived}")
    words.append(price.region if price.region == region or not region else f"of {price.region}, not {region}")
    if price.date:
        words.append(price.date)
    return f"{money(micro_dollars(price.per_hour))} an hour ({', '.join(words)})"


def written_out(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The document with every reference to the catalogue written out, and the faults of references that can't be.

        instance_types:
          p5: {catalogue: ml.p5.48xlarge, price_per_hour: 60}

    The other keys of the row count instead of the catalogue's; a null counts as absent. The accelerator of such a type
    needs no row of its own: one is added, unless the problem has one of that name. Nothing in `document` is changed.
    """
    faults: list[Fault] = []
    types: dict[str, Any] = {}
    added: dict[str, Any] = {}
    for name, row in document["instance_types"].items():
        if not isinstance(row, dict) or _KEY not in row:
            types[name] = row
            continue
        place = ("instance_types", name, _KEY)
        facts = _facts(row[_KEY], json_path(place))
        if isinstance(facts, Fault):
            faults.append(facts)
            types[name] = dict(_PLACEHOLDER)
            continue
        own = {key: value for key, value in row.items() if key != _KEY and value is not None}
        types[name] = instance_row(facts, facts.price.per_hour if facts.price else None) | own
        if "price_per_hour" not in types[name]:
            faults.append(Fault(json_path(place), f"has no price of {facts.name}; write price_per_hour beside it"))
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
