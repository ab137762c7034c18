"""The tables of a report as Markdown."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from placement.errors import printable
from placement_bench.stats import (
    TARGETS,
    Summary,
    first_time,
    groups,
    median,
    summarise,
    time_profile,
    time_to,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement_bench.rows import Row

NONE = "-"
FACTORS = (1, 2, 10)

Table = tuple[tuple[str, ...], list[list[str]]]  # head, rows


def to_markdown(rows: Sequence[Row], *, every_run: bool = False) -> str:
    """All tables: what was measured, each solver on each set, speed side by side, and where asked every run."""
    parts = [
        "# Benchmark report",
        *map(escaped, told(rows)),
        "## Each solver on each set",
        text(summary_table(summarise(rows))),
    ]
    profiles = profile_table(rows)
    if profiles[1]:
        parts += ["## Speed side by side", PROFILE_NOTE, text(profiles)]
    for (one, _), some in by_set(rows).items():
        if every_run or all(row.best_known is None for row in some):
            parts += [f"## {escaped(one)}: every run", text(run_table(some)), text(median_table(some))]
    if any("certificate" in row.metrics for row in rows):
        parts += ["## What was checked without any engine", CERTIFICATE_NOTE, text(certificate_table(rows))]
    wrong = wrong_lines(rows)
    if wrong:
        parts += ["## What went wrong or was refused", *(f"- {escaped(line)}" for line in wrong)]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


PROFILE_NOTE = "Share of the cases proven within a factor of the time of the fastest solver (Dolan and Moré 2002)."


CERTIFICATE_NOTE = (
    "Of the proven cases, how many have a certificate that holds without an engine's word, with one, or that claims "
    "less than the run; the certified gap is between value and what was checked without an engine, of all cases."
)


def certificate_table(rows: Sequence[Row]) -> Table:
    """One line a set and solver: what became of certificates."""
    head = (
        "set", "solver", "proven", "checked", "on an engine's word", "less", "refused", "certified gap: median",
        "certified gap: max", "leaves: median", "seconds to write: median", "to check: median", "to check: max",
    )  # fmt: skip
    chosen = groups(row for row in rows if "certificate" in row.metrics)
    return head, [[one, label, *_certificate_line(some)] for (one, label), some in chosen.items()]


def _certificate_line(rows: Sequence[Row]) -> list[str]:
    proven = [row for row in rows if row.solved]
    counts = Counter(row.metrics["certificate"] for row in proven)
    gaps = [found for row in rows if (found := _certified_gap(row)) is not None]
    checks = [row.metrics["certificate_check_seconds"] for row in rows]
    return [
        str(len(proven)),
        *(str(counts[key] or NONE) for key in ("checked", "engine", "less", "refused")),
        percent(median(gaps)),
        percent(max(gaps, default=None)),
        f"{median([row.metrics.get('certificate_leaves', 0) for row in rows]):.0f}",
        seconds(median([row.metrics["certificate_seconds"] for row in rows])),
        seconds(median(checks)),
        seconds(max(checks)),
    ]


def _certified_gap(row: Row) -> float | None:
    bound = row.metrics.get("certified_bound")
    return None if bound is None or not row.value else abs(row.value - bound) / max(abs(row.value), abs(bound))


def told(rows: Sequence[Row]) -> list[str]:
    """What was measured, where and with which limits, a line each."""
    commits, cpus = _listed({row.commit for row in rows}), _listed({row.cpu for row in rows if row.cpu})
    cores = _listed({str(row.cores) for row in rows if row.cores})
    versions = {f"{name} {number}" for row in rows for name, number in row.versions.items()}
    limits = {f"{row.asked.seconds:g} s" + (f", work {row.asked.work}" if row.asked.work else "") for row in rows}
    checkers = {name for row in rows if row.verified_by for name in row.verified_by.split(", ")}
    return [
        f"{len(rows)} runs, commit {commits}, {cpus} ({cores} cores).",
        f"Versions: {_listed(versions)}. Limit of a run: {_listed(limits)}. Checked by: {_listed(checkers)}.",
    ]


def by_set(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by set and unit."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.asked.set, row.unit), []).append(row)
    return found


def summary_table(summaries: Iterable[Summary]) -> Table:
    """One line a set and solver."""
    head = (
        "set", "solver", "runs", "proven", "reach best known", "gap to it: mean", "gap to it: max", "own gap: median",
        "seconds (geometric mean)", "ratio to best: min", "ratio: median", "ratio: p90", "ratio: max", "failed",
        "refused", "wrong",
    )  # fmt: skip
    return without_empty((head, [_summary_line(one) for one in summaries]))


def without_empty(table: Table) -> Table:
    """The table without the columns that tell nothing of any line."""
    head, lines = table
    kept = [place for place in range(len(head)) if any(line[place] != NONE for line in lines)]
    return tuple(head[place] for place in kept), [[line[place] for place in kept] for line in lines]


def _summary_line(one: Summary) -> list[str]:
    ratio = one.ratio
    figures = (None,) * 4 if ratio is None else (ratio.lowest, ratio.median, ratio.p90, ratio.highest)
    return [
        one.set,
        one.label,
        str(one.runs),
        str(one.solved),
        f"{one.matched} of {one.published}" if one.published else NONE,
        percent(one.gap_mean),
        percent(one.gap_max),
        percent(one.bound_gap_median),
        seconds(one.seconds),
        *(NONE if figure is None else f"{figure:.4f}" for figure in figures),
        str(one.failed or NONE),
        str(one.refused or NONE),
        str(one.wrong or NONE),
    ]


def profile_table(rows: Sequence[Row]) -> Table:
    """The performance profile of the time to a proof, at a few factors; empty when one solver alone was run."""
    head = ("set", "solver", "fastest", *(f"within {factor} times" for factor in FACTORS[1:]), "proven at all")
    lines = []
    for (one, _), some in by_set(rows).items():
        profile = time_profile(some)
        if len(profile.factors) < 2 or not any(profile.factors.values()):
            continue
        for label in profile.factors:
            shares = [profile.share(label, factor) for factor in (*FACTORS, float("inf"))]
            lines.append([one, label, *(f"{share:.0%}" for share in shares)])
    return head, lines


def run_table(rows: Iterable[Row]) -> Table:
    """One line a run."""
    head = (
        "case", "solver", "seed", "status", "value", "bound", "gap", "best known", "seconds", "first plan", "to 1 %",
        "to 0.1 %", "CPU s", "peak MiB", "checked by",
    )  # fmt: skip
    return without_empty((head, [_run_line(row) for row in rows]))


def _run_line(row: Row) -> list[str]:
    return [
        row.asked.case,
        row.label,
        str(row.asked.seed),
        row.status,
        number(row.value),
        number(row.bound),
        percent(row.gap),
        number(row.best_known),
        seconds(row.seconds),
        seconds(first_time(row)),
        *(seconds(time_to(row, target)) for target in TARGETS),
        seconds(row.cpu_seconds),
        NONE if row.peak_mib is None else f"{row.peak_mib:.0f}",
        f"FAULTS: {'; '.join(row.faults)}" if row.faults else row.verified_by or NONE,
    ]


def median_table(rows: Sequence[Row]) -> Table:
    """Medians by solver and by the case's name without its seed (``shared-100``)."""
    head = ("cases", "solver", "runs", "proven", "median gap", "first plan", "to 1 %", "to 0.1 %", "median seconds")
    lines = []
    for (_, label), some in groups(rows).items():
        for family in dict.fromkeys(_family(row) for row in some):
            part = [row for row in some if _family(row) == family]
            lines.append(
                [
                    family,
                    label,
                    str(len(part)),
                    str(sum(row.solved for row in part)),
                    percent(median(row.gap if row.sound else None for row in part)),
                    seconds(median(first_time(row) for row in part)),
                    *(seconds(median(time_to(row, target) for row in part)) for target in TARGETS),
                    seconds(median(row.seconds for row in part)),
                ]
            )
    return head, lines


def _family(row: Row) -> str:
    return row.asked.case.rpartition("-")[0] or row.asked.set


def wrong_lines(rows: Iterable[Row]) -> list[str]:
    """Runs that somebody should look at, a line each; and what was refused, a line for each solver, set and reason."""
    rows = list(rows)
    refused = Counter((row.asked.set, row.label, row.error.strip()) for row in rows if row.refused)
    lines = [fault_line(row) for row in rows if row.wrong]
    return lines + [f"{one}, {label}: {count} refused: {why}" for (one, label, why), count in refused.items()]


def fault_line(row: Row) -> str:
    """A failed or faulty run, and what is known of it."""
    what = "; ".join(row.faults) or row.error.strip().splitlines()[-1] if row.faults or row.error else row.status
    return f"{row.asked.set} {row.asked.case}, {row.label}, seed {row.asked.seed}: {row.status}: {what}"


def text(table: Table) -> str:
    """A table in Markdown."""
    head, lines = table
    marks = ["---" if place < 2 else "---:" for place in range(len(head))]
    shown = [marks if line is marks else [escaped(cell) for cell in line] for line in (head, marks, *lines)]
    return "\n".join("| " + " | ".join(line) + " |" for line in shown)


# What Markdown or HTML reads as more than text. An underscore inside a word is one; at its edge it may be emphasis.
_SPECIAL = re.compile(r"[\\`*\[\]<|#~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escaped(words: str) -> str:
    """Text as Markdown that shows just that, on one line: names of cases, messages of peers.

    >>> escaped("a|b <c> first_fit _d_")
    'a\\\\|b \\\\<c> first_fit \\\\_d\\\\_'
    """
    return _SPECIAL.sub(r"\\\g<0>", printable(words))


def percent(share: float | None) -> str:
    """A share as per cent; a small one is not shown as none."""
    if share is None:
        return NONE
    return f"{share:.2%}" if share == 0 or abs(share) >= 5e-5 else f"{share:.1e}"


def number(value: float | None) -> str:
    """A value in the set's unit."""
    return NONE if value is None else f"{value:,.6f}".rstrip("0").rstrip(".")


def seconds(value: float | None) -> str:
    """Seconds to two digits that count."""
    if value is None:
        return NONE
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "unknown"
