"""A transition as a checklist in Markdown, for a change request or a runbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.markdown import code, escaped
from placement.report.transition.sentences import by_batch, clock, sentence, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents.transition import Transition


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
