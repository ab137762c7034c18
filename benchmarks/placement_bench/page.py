"""The report as one HTML file that needs nothing else: tables, plots, and the script that draws them.

Its look, its tables and its content security policy are those of the report of a plan (`placement.report.page`).
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.documents import write_file
from placement.errors import UsageError
from placement.report.page import html
from placement.report.page.grid import Head, PageCell, PageTable
from placement_bench import markdown
from placement_bench.stats import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from placement_bench.rows import Row


class Plot(NamedTuple):
    """A plot, its heading, how to read it, and what may be picked, one at a time."""

    title: str
    note: str
    figure: Any  # JSON
    choices: list[str]


class Section(NamedTuple):
    """One set."""

    name: str
    anchor: str
    facts: str
    summary: PageTable
    plots: list[Plot]
    runs: PageTable


def write_page(rows: Sequence[Row], path: Path) -> None:
    """Write the page.

    Raises
    ------
    UsageError
        The extra `bench` is not installed, or the file can't be written.
    """
    try:
        import plotly.offline

        from placement_bench import plots
    except ImportError as error:
        raise UsageError(
            f'the page needs {error.name}, of the extra `bench`: pip install "gpu-placement[bench]"; '
            "the Markdown report needs nothing more"
        ) from None
    colours = plots.colours_of(rows)
    sets = enumerate(markdown.by_set(rows).items())
    sections = [_section(k, name, some, plots, colours) for k, ((name, _), some) in sets]
    plotly_js = plotly.offline.get_plotlyjs()
    text = html.page(
        "bench.html.j2",
        package="placement_bench",
        scripts=[html.asset("common.js"), plotly_js, _asset("bench.js")],
        styles=[html.asset("style.css"), _asset("bench.css"), PLOTLYS],
        title="Benchmark report",
        facts=markdown.told(rows),
        tiles=_tiles(rows),
        summary=_grid("Each solver on each set", markdown.summary_table(summarise(rows)), 2),
        sections=sections,
        wrong=markdown.wrong_lines(rows),
        taken=_taken(plotly_js),
    )
    write_file(text, path)


# plotly makes an empty style element and puts its rules in by script; the policy allows the empty one by its hash.
PLOTLYS = ""


def _taken(script: str) -> list[str]:
    """Names of elements that plotly would make for the styles of its maps, if they were not there.

    There are no maps here, and the policy would block those styles with an error on the console.
    """
    return re.findall(r'getElementById\("([0-9a-f]{64})"\)', script)


def _asset(name: str) -> str:
    return resources.files("placement_bench").joinpath("assets", name).read_text("utf-8")


def _grid(caption: str, table: markdown.Table, words: int) -> PageTable:
    """A table of the Markdown report; the first so many columns are words, the others numbers."""
    head, lines = table
    heads = tuple(Head(text, k >= words) for k, text in enumerate(head))
    rows = [tuple(_cell(text, k >= words) for k, text in enumerate(line)) for line in lines]
    return PageTable(caption, heads, rows)


def _cell(text: str, number: bool) -> PageCell:
    """A cell, sorted by the number that it begins with."""
    found = re.match(r"-?[\d,]*\.?\d+", text) if number else None
    return PageCell(
        text, float(found[0].replace(",", "")) if found else None, "bad" if text.startswith("FAULTS") else ""
    )


class Tile(NamedTuple):
    """A figure of the whole report: what it is, in figures, a note; `look` is a class."""

    name: str
    figure: str
    note: str = ""
    look: str = ""


def _tiles(rows: Sequence[Row]) -> list[Tile]:
    """Figures of the whole report."""
    published = [row for row in rows if row.best_known is not None]
    matched = sum(
        row.sound and row.gap_to_best_known is not None and row.gap_to_best_known <= 1e-6 for row in published
    )
    wrong, failed = sum(bool(row.faults) for row in rows), sum(row.wrong and row.failed for row in rows)
    cases = len({(row.asked.set, row.asked.case) for row in rows})
    return [
        Tile("runs", str(len(rows)), f"on {cases} cases"),
        Tile("proven", str(sum(row.solved for row in rows)), "and checked"),
        *([Tile("best known", f"{matched} of {len(published)}", "runs reach it")] if published else []),
        Tile("wrong answers", str(wrong), "", "bad" if wrong else ""),
        Tile("runs failed", str(failed), "", "bad" if failed else ""),
    ]


def _section(k: int, name: str, rows: Sequence[Row], plots: Any, colours: dict[str, str]) -> Section:
    made = [
        (
            "Solved over time",
            "Cases proven optimal or infeasible by a given time, as checked. Higher and further left is better.",
            plots.solved_over_time,
        ),
        (
            "Distance to the best value known",
            "Of every solver, each case a point: 0 is the best value, published or found here.",
            plots.distances,
        ),
        (
            "Cost and bound over time",
            "Mean over the cases: the value (solid) comes down to the best one known, the bound (dashed) up to it.",
            plots.progress,
        ),
        (
            "Gap to the own bound",
            "What is left unproven at the end of a run, by the solver's own bound.",
            plots.own_gaps,
        ),
        (
            "Performance profile: time to a proof",
            "Share of the cases proven within a factor of the fastest solver's time (Dolan and Moré 2002).",
            plots.time_profiles,
        ),
        (
            "Performance profile: value",
            "Share of the cases on which a solver's value is within a factor of the best one known.",
            plots.value_profiles,
        ),
        (
            "One case at a time",
            "Value (solid) and bound (dashed) as they came, of the case that is picked.",
            plots.single_runs,
        ),
    ]
    figures = [(title, note, make(rows, colours)) for title, note, make in made]
    drawn = [Plot(title, note, *_json(figure)) for title, note, figure in figures if figure is not None]
    anchor = f"set-{k}"
    facts = f"{len({row.asked.case for row in rows})} cases, values in {rows[0].unit or 'its own unit'}"
    head, lines = markdown.summary_table(summarise(rows))
    summary = _grid("Each solver", (head[1:], [line[1:] for line in lines]), 1)
    return Section(name, anchor, facts, summary, drawn, _grid("Every run", markdown.run_table(rows), 2))


def _json(figure: Any) -> tuple[Any, list[str]]:
    """A figure as the page's script reads it, and what may be picked; no name in it can end the script element."""
    from markupsafe import Markup

    told = json.loads(figure.to_json())
    choices = (told["layout"].pop("meta", None) or {}).get("choices", [])
    return Markup(html.embed(told)), choices
