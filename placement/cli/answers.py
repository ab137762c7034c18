"""Who follows a search, and what it found handed out: document, tables, pictures, and faults of ours that showed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.cli.endings import raised_last, say, tell_faults
from placement.cli.stops import STOPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from placement.cli.streams import Streams
    from placement.solving.incumbent import Listener


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a command writes, or standard output: what it holds, and what is said once it is there."""

    path: str
    content: Callable[[], dict[str, Any] | str | bytes]
    said: str = ""


def write_outputs(outputs: Sequence[Output]) -> None:
    """Write all files of one answer, or none of them, and say what is to be said of each.

    Raises
    ------
    UsageError
        One of them can't be made or written; what stood at the others' paths before is untouched.
    """
    if not outputs:
        return
    from placement.documents import write_together

    write_together([(output.content(), output.path) for output in outputs])
    for output in outputs:
        if output.said:
            say(output.said)


def following(*, live: bool, verbose: bool = False, chart: bool = False) -> AbstractContextManager[Listener | None]:
    """A listener for a search: a line for each event, a live line with or without a chart, or none."""
    if not live and not verbose:
        return nullcontext()  # without rich: a script pays for what it sees
    from placement.cli import progress

    return progress.following(verbose=verbose, chart=chart)


def hand_out(
    go: Streams,
    found: Any,
    *,
    document: Callable[[], Any],
    report: Callable[[], Any],
    more: Sequence[Output] = (),
) -> None:
    """Write and print an answer where it was asked for; what fails to be written is raised once the rest is done.

    Parameters
    ----------
    found : the answer, whose `faults` are told.
    document, report : what is written, and what is printed; each is made when it is needed.
    more : what else is to be written: with the document, or not at all.
    """
    with raised_last() as later, STOPS.keeping():
        with later():
            write_outputs([*([] if go.plan is None else [Output(go.plan, document)]), *more])
        with later():
            if go.tables is not None:
                from placement.cli.streams import console

                console(go.tables).print(report())
        tell_faults(found)
