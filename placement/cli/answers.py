"""Who follows a search, and what it found handed out: document, tables, pictures, and faults of ours that showed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from placement.cli.endings import raised_last, tell_faults
from placement.cli.stops import STOPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from placement.cli.streams import Streams
    from placement.solving.incumbent import Listener


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
    more: tuple[Callable[[], None], ...] = (),
) -> None:
    """Write and print an answer where it was asked for; what fails to be written is raised once the rest is done.

    Parameters
    ----------
    found : the answer, whose `faults` are told.
    document, report : what is written, and what is printed; each is made when it is needed.
    more : what else is to be written.
    """
    with raised_last() as later, STOPS.keeping():
        with later():
            if go.plan is not None:
                from placement.documents import write_document

                write_document(document(), go.plan)
        with later():
            if go.tables is not None:
                from placement.cli.streams import console

                console(go.tables).print(report())
        for write in more:
            with later():
                write()
        tell_faults(found)
