"""Machines of the catalogue as a table, and one machine or accelerator with all its facts."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from placement.catalogue.facts import AcceleratorFacts, InstanceFacts, Price
from placement.catalogue.market import Market, usable_memory_gib
from placement.catalogue.rows import accelerator_words, price_words, whole
from placement.catalogue.tables import accelerators
from placement.report import words
from placement.report.narrow import Fitting, PlainTable

Row = tuple["InstanceFacts", "Price | None"]


def machine_table(rows: Sequence[Row], region: str) -> RenderableType:
    """A line a machine: accelerators, what each has usable, host, price and where the price is from."""
    table = PlainTable()
    table.names("instance type", "accelerators")
    table.figures("GiB each", "vCPUs", "GiB", "$/hour")
    table.add_column("price of")
    for facts, price in rows:
        table.add_row(words.shown(facts.name), devices(facts), *_figures(facts, price), price_origin(price, region))
    return Fitting(table)


def devices(facts: InstanceFacts) -> str:
    """Count and name of a machine's accelerators."""
    return f"{facts.accelerator_count} x {words.shown(facts.device)}" if facts.accelerator_count else "none"


def price_origin(price: Price | None, region: str) -> str:
    """What a price is not: of that region, listed, or known at all; when it is from."""
    if price is None:
        return ""
    place = [] if price.region == region else [words.shown(price.region)]
    return ", ".join([*place, *([f"derived: {price.derived}"] if price.derived else []), *filter(None, [price.date])])


def _figures(facts: InstanceFacts, price: Price | None) -> tuple[str, str, str, str]:
    cost = "?" if price is None else f"{price.per_hour:,.2f}" if price.per_hour >= 1 else f"{price.per_hour:.4f}"
    return f"{usable_memory_gib(facts):.2f}", f"{whole(facts.vcpus):,}", f"{whole(facts.memory_gib):,}", cost


def machine_facts(market: Market, facts: InstanceFacts, region: str) -> RenderableType:
    """All that is known of one machine, a line a fact; what is not known says so."""
    return _facts(facts.name, _machine_lines(market, facts, region))


def accelerator_facts(facts: AcceleratorFacts, market: Market) -> RenderableType:
    return _facts(facts.name, _accelerator_lines(facts, market))


def _facts(name: str, lines: Iterator[tuple[str, str]]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in lines:
        table.add_row(heading, text or "not known")
    return Group(Text(words.shown(name), style="bold"), table)


def _machine_lines(market: Market, facts: InstanceFacts, region: str) -> Iterator[tuple[str, str]]:
    yield "provider", facts.provider
    if facts.accelerator_count:
        each = f"{accelerator_words(facts)} each"
        link = f", joined by {facts.accelerator_link}" if facts.accelerator_link else ""
        yield "accelerators", f"{devices(facts)}: {each}{link}"
        source = accelerators()[facts.accelerator].usable_source if facts.accelerator in accelerators() else ""
        if source and facts.accelerator_share == 1:
            yield "usable memory", source
    yield "host", f"{whole(facts.vcpus):,} vCPUs, {whole(facts.memory_gib):,} GiB"
    if facts.provider == "aws":
        left = facts.kubernetes_memory_gib
        yield "on Kubernetes", f"{left:,} GiB are left of the host's memory" if left else ""
    efa = f", {facts.efa_interfaces} EFA interfaces" if facts.efa_interfaces else ""
    yield "network", f"{whole(facts.network_gbps):,} Gbit/s{efa}" if facts.network_gbps else ""
    yield "price", price_words(market.price(facts.name, region), region)
    most = market.most(facts.name, region)
    if most is not None:
        yield "quota", f"at most {words.count(most, 'machine')} in {region}"
    others = "" if facts.regions or market.nodes_of(facts.name) else " (of the prices; others are not known)"
    there = ", ".join(market.regions(facts.name))
    yield "regions", f"{there}{others}" if there else ""
    if region:
        yield "zones", ", ".join(market.zones(facts.name, region))
    if facts.note:
        yield "note", facts.note


def _accelerator_lines(facts: AcceleratorFacts, market: Market) -> Iterator[tuple[str, str]]:
    yield "vendor", facts.vendor
    usable = (
        f", of which {facts.usable_gib} GiB are usable" if facts.usable_gib else "; how much is usable is not known"
    )
    yield "memory", f"{whole(facts.nominal_gb)} GB{usable}"
    yield "source", facts.usable_source
    if facts.vendor == "NVIDIA":
        yield "capability", ".".join(map(str, facts.compute_capability or ()))
    yield "also called", ", ".join(facts.aliases) or "nothing else"
    yield (
        "found in",
        ", ".join(row.name for row in market.types.values() if row.accelerator == facts.name) or "no machine here",
    )
