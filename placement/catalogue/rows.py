"""Rows of a problem from facts of the catalogue, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.catalogue.market import reserved_memory_gib, usable_memory_gib
from placement.catalogue.tables import accelerators
from placement.units import dollars, micro_dollars, money

if TYPE_CHECKING:
    from placement.catalogue.facts import InstanceFacts, Price


def whole(value: float) -> float | int:
    """40.0 as 40; 2 decimals are what the tables have."""
    return int(value) if float(value).is_integer() else round(value, 6)


def accelerator_row(facts: InstanceFacts) -> dict[str, Any]:
    """The row of the accelerators that a machine has."""
    return {"memory_gib": whole(usable_memory_gib(facts))}


def instance_row(facts: InstanceFacts, price_per_hour: float | None) -> dict[str, Any]:
    """The row of an instance type; without a price where none is known."""
    row: dict[str, Any] = {}
    if facts.accelerator_count:
        row |= {"accelerator": facts.device, "accelerator_count": facts.accelerator_count}
    row |= {"vcpus": whole(facts.vcpus), "memory_gib": whole(facts.memory_gib)}
    if price_per_hour is not None:
        row["price_per_hour"] = whole(dollars(micro_dollars(price_per_hour)))
    kept = reserved_memory_gib(facts)
    if kept > 0:
        row["reserved"] = {"memory_gib": whole(kept)}
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
