"""A transition as a table on the terminal, and as a checklist in Markdown, for a change request or a runbook."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from placement.documents.transition import Transition, TransitionStep
from placement.markdown import code, escaped
from placement.report import words
from placement.report.narrow import PlainTable
from placement.report.tables import ROWS
from placement.report.transition.sentences import by_batch, clock, sentence, summary

_NAMES = 8  # components in one line


def transition_table(found: Transition, *, full: bool = False) -> RenderableType:
    """Steps, all of them if `full`, and below what they come to: what matters most stands last."""
    steps = [*step_table(found.steps, full=full), ""] if found.steps else []
    return Group(*steps, *headed(summary(found, None if full else _NAMES), is_good=found.found))


def headed(lines: Iterable[str], *, is_good: bool) -> Iterator[Text]:
    """Lines, of which the first one has the answer."""
    for k, line in enumerate(lines):
        yield Text(line, style="" if k else "bold" if is_good else "bold red")


def step_table(steps: Sequence[TransitionStep], *, full: bool) -> Iterator[RenderableType]:
    """A row a step, batches apart; of very many the first, unless `full`."""
    shown = steps if full else steps[:ROWS]
    table = PlainTable(tight=False)
    for head in ("batch", "from", "to", "step"):
        table.add_column(head, justify="left" if head == "step" else "right", ratio=1 if head == "step" else None)
    batch = 0
    for step in shown:
        if batch and step.batch != batch:
            table.add_section()
        number = "" if step.batch == batch else str(step.batch)
        batch = step.batch
        look = "" if step.critical else "dim"
        table.add_row(number, clock(step.starts_at), clock(step.ends_at), Text(sentence(step), style=look))
    yield table
    if len(shown) < len(steps):
        yield Text(f"and {words.count(len(steps) - len(shown), 'more step')}; --full lists each", style="dim")
    if any(not step.critical for step in shown):
        yield _DimLegend()


class _DimLegend:
    """What dim steps are, where the console can show them so; in a file or a pipe no step is dim."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system is not None:
            yield Text("steps that are not on the critical path are dim", style="dim")


def checklist(found: Transition) -> str:
    """A box to tick for each step, batch after batch. Names are code, so nothing in them is taken for Markdown."""
    name = escaped(found.problem)
    lines = [f"# Transition{' of ' + name if name else ''}", ""]
    lines += [f"- {escaped(line)}" for line in summary(found)]
    return "\n".join([*lines, *checklist_lines(found)]) + "\n"


def checklist_lines(found: Transition) -> Iterator[str]:
    """A heading for each batch, and its steps."""
    for number, steps in enumerate(by_batch(found), 1):
        begin, end = min(step.starts_at for step in steps), max(step.ends_at for step in steps)
        yield ""
        yield f"## Batch {number}, {clock(begin)} to {clock(end)}"
        yield ""
        yield from (f"- [ ] {sentence(step, code)}" for step in steps)
