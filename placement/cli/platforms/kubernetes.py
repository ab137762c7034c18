"""`placement import kubernetes` and `placement export kubernetes`."""

from __future__ import annotations

from typing import Annotated

import typer

from placement.cli.catalogue import FactsOption, read_market
from placement.cli.endings import in_words
from placement.cli.platforms.shared import (
    AllNotesOption,
    ForceOption,
    OutputOption,
    check_import_output,
    write_imported,
)


def import_command(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="What kubectl get nodes,pods,pdb,priorityclasses,resourceslices,resourceclaims -A -o json prints; "
            "several files are one cluster; - is stdin.",
        ),
    ],
    output: OutputOption = "-",
    price: Annotated[
        list[str] | None, typer.Option(metavar="TYPE=DOLLARS", help="The price of a type an hour; may be repeated.")
    ] = None,
    facts: FactsOption = None,
    zone_label: Annotated[
        str, typer.Option(metavar="LABEL", help="The label of nodes that says which zone, or rack, they are in.")
    ] = "topology.kubernetes.io/zone",
    grow: Annotated[int, typer.Option(min=0, metavar="N", help="Nodes that each pool may have beyond today's.")] = 0,
    name: Annotated[str, typer.Option(help="What to call the problem.")] = "cluster",
    force: ForceOption = False,
    full: AllNotesOption = False,
) -> None:
    """Read a cluster as a problem: nodes as machines, pods as copies, with the rules they have.

    Every rule and field that a problem can't say is told on stderr, and so is every rule that what runs breaks.

    Exit codes: 0 done, 2 bad input.
    """
    with in_words(full=full):
        from placement.integrations.kubernetes import Wishes, import_kubernetes

        check_import_output(output, force=force)
        wishes = Wishes(name, zone_label, _prices(price or []), read_market(facts), grow)
        write_imported(import_kubernetes(files, wishes), output, full=full)


def _prices(words: list[str]) -> dict[str, float]:
    """Prices by instance type; of a type given twice the later one.

    Raises
    ------
    UsageError
        One is no type and price.
    """
    from placement.documents.quantities import LARGEST
    from placement.errors import UsageError, printable

    found = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        try:
            price = float(text)
        except ValueError:
            price = -1
        if not equals or not name or not 0 <= price <= LARGEST:
            raise UsageError(f"--price must be TYPE=DOLLARS, such as m5.large=0.096, got {printable(word)}")
        found[name] = price
    return found
