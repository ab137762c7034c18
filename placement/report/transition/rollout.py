"""A rollout on the terminal and as a checklist: its steps, and what it takes beside blue/green."""

from collections.abc import Iterator

from rich.console import Group, RenderableType

from placement.documents.rollout import FleetBeside, Rollout
from placement.documents.transition import Transition
from placement.markdown import escaped
from placement.report import words
from placement.report.narrow import PlainTable
from placement.report.transition.table import checklist_lines, headed, step_table
from placement.units import micro_dollars

HEAD = ("", "extra machines", "machine-hours", "cost", "takes")


def rollout_table(found: Rollout, *, full: bool = False) -> RenderableType:
    """Steps, all of them if `full`, then both ways side by side, then what is proven."""
    parts: list[RenderableType] = [*step_table(found.steps, full=full), ""] if found.steps else []
    rows = list(side_by_side(found))
    if rows:
        table = PlainTable(tight=False)
        for k, head in enumerate(HEAD):
            table.add_column(head, justify="right" if k else "left")
        for row in rows:
            table.add_row(*row)
        parts.append(table)
    return Group(*parts, *headed(rollout_lines(found), is_good=found.found))


def side_by_side(found: Rollout) -> Iterator[tuple[str, ...]]:
    """What each way takes beside the fleet that runs."""
    for name, way in (("rolling", found.rolling), ("blue/green", found.blue_green)):
        if way is not None:
            yield name, *_figures(way)


def _figures(way: FleetBeside) -> tuple[str, ...]:
    hours = f"{way.machine_hours:.2f}"
    return f"{way.instances:,}", hours, words.money(micro_dollars(way.cost)), words.seconds(way.duration_seconds)


def rollout_lines(found: Rollout) -> Iterator[str]:
    """What is rolled, what is proven, how to go back, what to know."""
    name = words.shown(found.component)
    if not found.found:
        yield from _why_none(found, name)
    else:
        yield from _what_is_proven(found, name)
    for note in found.notes:
        yield f"note: {words.shown(note)}"


def _why_none(found: Rollout, name: str) -> Iterator[str]:
    yield f"no such rollout of {name} exists, which is proven" if found.status == "infeasible" else "none was found"
    if found.reason:
        yield words.shown(found.reason)


def _what_is_proven(found: Rollout, name: str) -> Iterator[str]:
    copies = words.count(found.copies, "copy", "copies")
    batches = words.count(found.batches or 0, "batch", "batches")
    yield f"{name}: {copies} in {batches} of up to {found.batch_copies}, all of them serve at every moment"
    if found.status == "optimal":
        yield "no order of such batches needs fewer extra machines at once: proven"
    else:
        yield f"proven: at least {words.count(found.extra_bound or 0, 'extra machine')} at once"
    yield "to go back: the batches backwards, each in the room that it had (`rollback_steps` of the document)"


def rollout_checklist(found: Rollout) -> str:
    """A box to tick for each step, and a second list for the way back."""
    lines = [f"# Rolling update of {escaped(found.component)}", ""]
    lines += [f"- {escaped(line)}" for line in rollout_lines(found)]
    rows = [f"| {' | '.join(row)} |" for row in side_by_side(found)]
    if rows:
        lines += ["", f"| {' | '.join(HEAD)} |", "|---|---:|---:|---:|---:|", *rows]
    lines += checklist_lines(as_transition(found))
    if found.rollback:
        lines += ["", "## To go back", ""]
        lines += [f"- [ ] {escaped(line)}" for line in found.rollback]
    return "\n".join(lines) + "\n"


def as_transition(found: Rollout) -> Transition:
    """The steps of a rollout as a transition, which can be drawn."""
    duration = found.rolling.duration_seconds if found.rolling is not None else 0
    return Transition(
        status=found.status,
        problem=found.problem,
        moves=found.copies,
        batches=found.batches or 0,
        duration_seconds=duration,
        steps=found.steps,
    )
