"""The strategies beside each other, state by state, from the rows of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement_bench.consolidation.strategies import OURS, PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from placement_bench.rows import Row

_ORDER = (*PLATFORMS, *OURS)
_COLUMNS = (
    *("state", "strategy", "$/h", "moves", "evictions", "GiB moved", "cost $", "over the bound", "left out"),
    *("rules broken", "CPU s"),
)
_HEAD = f"| {' | '.join(_COLUMNS)} |"
_LINE = "|---|---|---:|---:|---:|---:|---:|---:|---:|---|---:|"


def consolidation_table(rows: Iterable[Row]) -> str:
    """A Markdown table, a line a run; runs that failed say how."""
    by_case: dict[str, list[Row]] = {}
    for row in rows:
        by_case.setdefault(row.asked.case, []).append(row)
    lines = [_HEAD, _LINE]
    for case, runs in by_case.items():
        known = [run.bound for run in runs if run.bound is not None and run.sound]
        least = min((run.left_out for run in runs if run.sound and not _broken(run)), default=0)
        bound = max(known, default=None)
        lines += ["| " + " | ".join((case, *_cells(run, bound, least))) + " |" for run in sorted(runs, key=_place)]
    return "\n".join([*lines, "", *_notes()]) + "\n"


def _notes() -> Sequence[str]:
    return (
        "Over the bound: the cost less the proven bound on plans that keep every rule, relative to the bound; in "
        "brackets where a plan breaks rules, and absent where it leaves out more. Evictions count a copy each time "
        "that it restarts, moves count it once.",
    )


def _place(run: Row) -> tuple[int, str]:
    name = run.asked.solver
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), run.label


def _broken(run: Row) -> bool:
    return bool(run.metrics.get("broken"))


def _cells(run: Row, bound: float | None, least: int) -> Iterator[str]:
    facts = run.metrics
    yield run.label
    if not run.sound or run.value is None:
        yield from (run.status, *[""] * 8)
        return
    yield f"{facts['price_per_hour']:,.2f}"
    yield f"{facts['moves']:,}"
    yield f"{facts['evicted']:,}" if "evicted" in facts else ""
    yield f"{facts['moved_gib']:,.0f}" if "moved_gib" in facts else ""
    yield f"{run.value:,.2f}"
    yield _over(run, bound, least)
    yield str(run.left_out)
    yield str(facts["rules"]) or "none"
    yield "" if run.cpu_seconds is None else f"{run.cpu_seconds:.1f}"


def _over(run: Row, bound: float | None, least: int) -> str:
    if not bound or run.value is None or run.left_out > least:
        return ""
    text = f"{run.value / bound - 1:.1%}"
    return f"({text})" if _broken(run) else text
