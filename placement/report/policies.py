"""What the same traffic costs with several policies, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from placement.report import scaling, words
from placement.report.narrow import Fitting, PlainTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.simulation import PolicyComparison, Simulation


def policies_table(found: PolicyComparison) -> RenderableType:
    """For each strategy, cheapest first, a row a policy; then what each policy is measured by and wants."""
    table = PlainTable(tight=False, collapse_padding=True)
    table.words("policy")
    table.figures(*scaling.COLUMNS)
    for strategy, rows in _groups(found):
        table.add_row(Text(strategy, style="bold"))
        for name, cells in rows:
            table.add_row(f"  {words.shown(name)}", *(told for told, _ in cells))
    first = next(iter(found.simulations.values()))
    notes = [Text(line) for line in (scaling.span_in_words(first), *_notes(found.simulations))]
    legend = f"{scaling.LEGEND}; each policy has a floor of its own, since it wants other copies"
    return Group(Fitting(table), "", *notes, Text(legend, style="dim"))


def _groups(found: PolicyComparison) -> Iterator[tuple[str, list[tuple[str, list[scaling.Figure]]]]]:
    """Each strategy with the cells of all policies, and each measure."""
    simulations = found.simulations
    large = scaling.is_large(row.cost for simulation in simulations.values() for row in simulation.strategies)
    names = [outcome.strategy.name for outcome in next(iter(simulations.values())).strategies]
    cheapest = {name: min(simulation.outcome(name).cost for simulation in simulations.values()) for name in names}
    for strategy in sorted(names, key=lambda name: cheapest[name]):
        yield (
            strategy,
            [(name, scaling.figures(one, one.outcome(strategy), large=large)) for name, one in simulations.items()],
        )
    measured: dict[str, list[tuple[str, list[scaling.Figure]]]] = {}
    for name, simulation in simulations.items():
        for measure, cells in scaling.measures(simulation, large=large):
            measured.setdefault(measure, []).append((name, cells))
    yield from measured.items()


def _notes(simulations: dict[str, Simulation]) -> Iterator[str]:
    for name, simulation in simulations.items():
        yield f"{words.shown(name)}: {scaling.wanted_in_words(simulation)}"
        yield from (f"{words.shown(name)}, {line}" for line in scaling.lost_in_words(simulation))
