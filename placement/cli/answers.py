"""Who follows a search, and what it found handed out: document, tables, pictures, and faults of ours that showed."""

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from placement.cli.endings import is_full_output, noting, raised_last, say, tell_faults, unwritable_output
from placement.cli.stops import STOPS
from placement.cli.streams import Streams, console
from placement.documents import write_together
from placement.documents.read import YAML_SUFFIXES
from placement.errors import UsageError
from placement.solving.incumbent import Listener


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a command writes, or standard output: what it holds, and what is said once it is there."""

    path: str
    content: Callable[[], dict[str, Any] | str | bytes]
    said: str = ""


def drawn(paths: Sequence[str], draw: Callable[[], str], what: str) -> list[Output]:
    """Pictures to write, SVG or PNG by the suffix of each; `draw` gives them as SVG, `what` is what they show."""
    from placement.report.still import as_file

    def picture(path: str) -> str | bytes:
        return as_file(draw(), path)

    return [Output(path, partial(picture, path), f"{path}: {what}") for path in paths]


def write_outputs(outputs: Sequence[Output]) -> None:
    """Write all files of one answer, or none of them, and say what is to be said of each.

    Raises UsageError: one of them can't be made or written; what stood at the others' paths before is untouched.
    """
    if not outputs:
        return
    write_together([(output.content(), output.path) for output in outputs])
    for output in outputs:
        if output.said:
            say(output.said)


def following(*, live: bool, verbose: bool = False, chart: bool = False) -> AbstractContextManager[Listener | None]:
    """A listener for a search: a line for each event, a live line with or without a chart, or none."""
    if not live and not verbose:
        return nullcontext()  # without rich: a script pays for what it sees
    from placement.cli import progress

    return nullcontext(progress.logged) if verbose else progress.live_line(chart=chart)


def hand_out(
    go: Streams,
    found: Any,
    *,
    document: Callable[[], Any],
    report: Callable[[], Any],
    more: Sequence[Output] = (),
) -> None:
    """Write and print an answer where it was asked for, as `write_then_print` does.

    `found`: the answer, whose `faults` are told.
    `document`, `report`: what is written, and what is printed; each is made when it is needed.
    `more`: what else is to be written: with the document, or not at all.
    """
    with raised_last() as later:
        with later():
            outputs = [*([] if go.plan is None else [Output(go.plan, document)]), *more]
            write_then_print(outputs, go.tables, report, holds_answer=go.plan is not None)
        tell_faults(found)


def write_then_print(
    outputs: Sequence[Output], screen: TextIO | None, report: Callable[[], Any], *, holds_answer: bool
) -> None:
    """Write an answer's files, then print its tables; what fails to be written is raised once the rest is done.

    An answer that can't be written is kept in the folder for temporary files: it may have taken an hour. A first
    request to stop that comes meanwhile is met by it.

    `screen`: where tables go; None where none are printed. `holds_answer`: whether the first file is the answer itself.
    """
    said: AbstractContextManager[None] = nullcontext()
    with raised_last() as later, STOPS.keeping():
        with later():
            write_or_keep(outputs)
            if holds_answer:
                said = noting("The answer was written before that.")
        with later(), said:
            if screen is not None:
                console(screen).print(report())


def write_or_keep(outputs: Sequence[Output]) -> None:
    """As `write_outputs`; the first of them is kept in the folder for temporary files where they can't be written.

    Raises UsageError: one of them can't be made or written; it names the file that holds the first.
    Raises BrokenPipeError: nobody reads standard output any more: its reader has seen enough.
    """
    if not outputs:
        return
    answer = outputs[0].content()
    try:
        write_outputs([replace(outputs[0], content=lambda: answer), *outputs[1:]])
    except BrokenPipeError:
        raise
    except Exception as error:  # a bug in a picture or a page costs no answer either
        kept = _kept(answer, Path(outputs[0].path).suffix.lower())
        if kept is None:
            raise
        if isinstance(error, UsageError):
            raise UsageError(f"{error}; the answer is kept in {kept}") from None
        if is_full_output(error):
            raise UsageError(f"{unwritable_output(error)}; the answer is kept in {kept}") from None
        error.add_note(f"Nothing was written where it was asked for; the answer is kept in {kept}.")
        raise


def _kept(answer: dict[str, Any] | str | bytes, suffix: str) -> str | None:
    """The temporary file that holds an answer now; None where that can't be written either."""
    if isinstance(answer, dict):
        suffix = suffix if suffix in YAML_SUFFIXES else ".json"
    with suppress(OSError):
        handle, name = tempfile.mkstemp(prefix="placement-", suffix=suffix or ".txt")
        os.close(handle)
        try:
            write_together([(answer, name)])
        except UsageError:
            Path(name).unlink(missing_ok=True)
        else:
            return name
    return None
