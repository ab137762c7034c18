"""The report as one HTML file that needs nothing else: tables, plots, and the script that draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from placement.errors import UsageError
from placement_bench import markdown
from placement_bench.stats import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from placement_bench.rows import Row


class Plot(NamedTuple):
    """A plot, its heading, and how to read it."""

    title: str
    note: str
    figure: Any  # JSON


class Section(NamedTuple):
    """One set."""

    name: str
    anchor: str
    facts: str
    summary: markdown.Table
    plots: list[Plot]
    runs: markdown.Table


def write_page(rows: Sequence[Row], path: Path) -> None:
    """Write the page.

    Raises
    ------
    UsageError
        The extra `bench` is not installed, or the file can't be written.
    """
    try:
        import jinja2
        import plotly.offline
        from markupsafe import Markup

        from placement_bench import plots
    except ImportError as error:
        raise UsageError(
            f'the page needs {error.name}, of the extra `bench`: pip install "gpu-placement[bench]"; '
            "the Markdown report needs nothing more"
        ) from None
    colours = plots.colours_of(rows)
    sections = [_section(name, some, plots, colours) for (name, _), some in markdown.by_set(rows).items()]
    loader = jinja2.PackageLoader("placement_bench")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    text = environment.get_template("page.html.j2").render(
        facts=markdown.told(rows),
        tiles=_tiles(rows),
        summary=markdown.summary_table(summarise(rows)),
        sections=sections,
        wrong=markdown.wrong_lines(rows),
        script=Markup(plotly.offline.get_plotlyjs()),
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from None


def _tiles(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Figures of the whole report: number, what it counts, and how to show it."""
    published = [row for row in rows if row.best_known is not None]
    matched = sum(
        row.sound and row.gap_to_best_known is not None and row.gap_to_best_known <= 1e-6 for row in published
    )
    wrong, failed = sum(bool(row.faults) for row in rows), sum(row.wrong and row.failed for row in rows)
    cases = len({(row.asked.set, row.asked.case) for row in rows})
    tiles = [
        (str(len(rows)), f"runs on {cases} cases", ""),
        (str(sum(row.solved for row in rows)), "proven, and checked", ""),
        (str(wrong), "wrong answers", "bad" if wrong else ""),
        (str(failed), "runs failed", "bad" if failed else ""),
    ]
    return (
        [*tiles[:2], (f"{matched} of {len(published)}", "reach the best known", ""), *tiles[2:]] if published else tiles
    )


def _section(name: str, rows: Sequence[Row], plots: Any, colours: dict[str, str]) -> Section:
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
            "Value (solid) and bound (dashed) as they came; pick a case on the right.",
            plots.single_runs,
        ),
    ]
    figures = [(title, note, make(rows, colours)) for title, note, make in made]
    drawn = [Plot(title, note, _json(figure)) for title, note, figure in figures if figure is not None]
    anchor = "".join(sign if sign.isalnum() else "-" for sign in name)
    facts = f"{len({row.asked.case for row in rows})} cases, values in {rows[0].unit or 'its own unit'}"
    head, lines = markdown.summary_table(summarise(rows))
    return Section(name, anchor, facts, (head[1:], [line[1:] for line in lines]), drawn, markdown.run_table(rows))


def _json(figure: Any) -> Any:
    """A figure as the page's script reads it; plotly writes < so that no name can end the script element."""
    from markupsafe import Markup

    return Markup(figure.to_json())
