"""`placement catalogue`: what can be rented, from the shipped tables and the user's own files."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli import common_options as common
from placement.cli.commands import Commands
from placement.cli.endings import say, told_together
from placement.errors import UsageError, printable

if TYPE_CHECKING:
    from placement.catalogue.facts import InstanceFacts, Price
    from placement.catalogue.market import Market

app = Commands(name="catalogue", help="What can be rented: machines, accelerators, prices, zones, quotas.")

FactsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--facts",
        metavar="FILE",
        help="What you have: JSON of aws ec2 describe-instance-types, describe-instance-type-offerings, "
        "describe-spot-price-history, aws pricing get-products, aws service-quotas list-service-quotas, "
        "aws savingsplans describe-savings-plans, aws ec2 describe-reserved-instances, "
        "aws budgets describe-budgets, or kubectl get nodes "
        "-o json; CSV of SkyPilot or gpuhunt. May be repeated; later files count first.",
    ),
]
RegionOption = Annotated[str, typer.Option(help="A region, such as us-east-1.")]
GpuOption = Annotated[list[str] | None, typer.Option(help="An accelerator, such as H100; may be repeated.")]
ProviderOption = Annotated[str, typer.Option(help="aws, sagemaker, gcp, azure or kubernetes.")]
MaxPriceOption = Annotated[
    float | None, typer.Option(min=0, help="The highest price of a machine, in dollars an hour.")
]


def read_market(files: list[str] | None) -> Market:
    """The shipped tables with the user's files; what a file told and could not be used goes to stderr.

    Raises PlacementError: of the last file that is damaged, once the faults of all others are told.
    """
    from placement.catalogue.market import Market

    if not files:
        return Market()
    from placement.catalogue.readers import read_facts

    found = []
    with told_together() as one:
        for file in files:
            with one():
                found.append(read_facts(file))
    for findings in found:
        for line in findings.skipped[:20]:
            say(f"placement: {findings.source}: {line}")
        if len(findings.skipped) > 20:
            say(f"placement: {findings.source}: and {len(findings.skipped) - 20} more such lines")
    return Market(found)


def tell_unused_spot_prices(market: Market, way_out: str) -> None:
    """Say on stderr which files of spot prices are for nothing, where machines are rented on demand."""
    for found in market.findings:
        if found.offers and not found.nodes and all(offer.capacity == "spot" for offer in found.offers):
            say(f"note: {found.source} has spot prices, and machines are on demand here: not used; {way_out}")


@app.command("list")
def list_machines(
    gpu: GpuOption = None,
    region: RegionOption = "",
    provider: ProviderOption = "",
    max_price: MaxPriceOption = None,
    facts: FactsOption = None,
    output_format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """List machines with accelerators, the cheapest first.

    With a region it lists those offered there. Prices that are of another region, or derived, are marked.
    """
    from placement.catalogue.search import Filter, region_remarks, search
    from placement.cli.streams import console
    from placement.report.machines import machine_table

    common.one_of("--format", output_format, ("table", "csv", "json"))
    market = read_market(facts)
    like = Filter(tuple(gpu or ()), region, provider, max_price)
    rows = search(market, like)
    if output_format != "table":
        _print_rows([_plain_row(market, *row, region) for row in rows], output_format)
    elif rows:
        console(sys.stdout).print(machine_table(rows, region))
    for line in region_remarks(market, like):
        say(f"note: {line}")
    if not rows:
        say("placement: no machine of the catalogue is like that")


def _plain_row(market: Market, facts: InstanceFacts, price: Price | None, region: str) -> dict[str, Any]:
    from placement.catalogue.market import usable_memory_gib

    return {
        "instance_type": facts.name,
        "provider": facts.provider,
        "accelerator": facts.device,
        "accelerator_count": facts.accelerator_count,
        "accelerator_memory_gib": usable_memory_gib(facts),
        "vcpus": facts.vcpus,
        "memory_gib": facts.memory_gib,
        "kubernetes_memory_gib": facts.kubernetes_memory_gib,
        **{f"price_{key}": getattr(price, key, None) for key in ("per_hour", "region", "date", "source", "derived")},
        "max_instances": market.most(facts.name, region) if region else None,
        "zones": list(market.zones(facts.name, region)) if region else None,
        "regions": list(market.regions(facts.name)),
    }


def _print_rows(rows: list[dict[str, Any]], output_format: str) -> None:
    if output_format == "json":
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["instance_type"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: " ".join(value) if isinstance(value, list) else value for key, value in row.items()})


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An instance type or an accelerator.")],
    region: RegionOption = "",
    facts: FactsOption = None,
) -> None:
    """Show all that is known of a machine or an accelerator, and where it is from."""
    from placement.catalogue.names import LISTED_BY, nearest_names
    from placement.catalogue.search import check_region
    from placement.catalogue.tables import accelerators, matching_accelerators
    from placement.cli.streams import console
    from placement.report.machines import accelerator_facts, machine_facts

    market = read_market(facts)
    check_region(region, market)
    machine = next((facts for facts in market.types.values() if facts.name.lower() == name.lower()), None)
    found = matching_accelerators(name)
    if machine is None and not found:
        known = nearest_names(name, [*market.types, *accelerators()], listed_by=LISTED_BY)
        raise UsageError(f'neither an instance type nor an accelerator is called "{printable(name)}"; {known}')
    out = console(sys.stdout)
    if machine is not None:
        out.print(machine_facts(market, machine, region))
    else:
        for index, row in enumerate(found):
            if index:
                out.print()
            out.print(accelerator_facts(row, market))


@app.command()
def export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TYPE]...", help="Instance types; or use --gpu.")
    ] = None,
    region: RegionOption = "",
    gpu: GpuOption = None,
    provider: ProviderOption = "",
    max_price: MaxPriceOption = None,
    zones: Annotated[
        str, typer.Option(metavar="A,B", help="The zones to make pools in. Default: all that are known.")
    ] = "",
    spot: Annotated[bool, typer.Option("--spot", help="Make pools at spot prices.")] = False,
    price: common.PriceOption = None,
    facts: FactsOption = None,
    output: Annotated[
        str,
        common.file_option(
            "The file to write: JSON if its name ends in .json, or YAML with comments. - is standard output."
        ),
    ] = "-",
    force: common.WriteOverOption = False,
) -> None:
    """Write parts of a problem: accelerators, instance types, pools, limits from quotas, nodes that run.

    Where --facts has the nodes of a cluster and no type is named, all types of the cluster are written.
    """
    from placement.catalogue.blocks import Wish, blocks
    from placement.catalogue.search import Filter, check_region, region_remarks
    from placement.cli.exporting import check_new_file, chosen, prices_of, write_blocks
    from placement.cli.streams import DOCUMENTS

    check_new_file(output, facts or (), known=DOCUMENTS, force=force)
    market = read_market(facts)
    check_region(region, market)
    places = common.between_commas(zones)
    like = Filter(tuple(gpu or ()), region, provider, max_price)
    wanted = chosen(market, names or (), like, places)
    named = {market.instance_type(name).name for name in names or ()}
    prices = prices_of(price or (), market)
    wish = Wish(wanted, region, places, "spot" if spot else "on-demand", prices, frozenset(wanted) - named)
    made = blocks(market, wish)
    write_blocks(made, output)
    for remark in (*made.left_out, *(region_remarks(market, like) if like.is_narrow else ())):
        say(f"note: {remark}")
    if not spot:
        tell_unused_spot_prices(market, "--spot makes pools at them")
