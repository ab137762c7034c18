"""What goes where. One rule: stdout carries either JSON or tables, never both.

- ``--output FILE``: the plan goes to FILE, tables to stdout.
- ``--output -``, or no ``--output`` and stdout is no terminal: JSON alone on stdout; tables go to stderr when a person
  looks at it.
- Otherwise: tables on stdout.
- Where a command has ``--format`` (`transition`, `rollout`, `make-room`): that alone on stdout, also with
  ``--output -``.

Progress is on stderr, and only when that is a terminal. ``--quiet`` leaves only the plan and errors.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from placement.cli.endings import is_terminal
from placement.documents.read import STDIN
from placement.documents.write import check_target
from placement.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

DOCUMENTS = (".json", ".yaml", ".yml")  # suffixes of files of documents
PAGES = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a command writes: the answer's file and the tables' stream (None: nowhere), and whether to show progress.

    `targets` is the answer's file by what it is called, for `check_outputs`.
    """

    plan: str | None
    tables: TextIO | None
    progress: bool
    targets: dict[str, str]


def check_one_stdin(files: Mapping[str, str | None]) -> None:
    """Standard input can be read once: at most one of the files, by what they are called, is ``-``."""
    if list(files.values()).count(STDIN) > 1:
        *names, last = files
        raise UsageError(f"only one of {', '.join(names)} and {last} can be standard input")


def streams(output: str | None, *, quiet: bool) -> Streams:
    """Apply the rule above to the streams of this process.

    Raises UsageError: the plan's file can't be written: better said before a long search than after it.
    """
    watched = is_terminal("stderr")
    if output is not None and output != STDIN:
        check_target(output)
        plan, tables = output, sys.stdout
    elif output == STDIN or not is_terminal("stdout"):
        plan, tables = STDIN, sys.stderr if watched else None
    else:
        plan, tables = None, sys.stdout
    if plan == STDIN and sys.stdout is None:
        raise UsageError("standard output is closed: write the plan to a file with --output FILE")
    targets = {} if plan is None else {"--output" if output else "standard output": plan}
    return Streams(plan, None if quiet else tables, watched and not quiet, targets)


def check_suffix(target: str, known: Sequence[str], name: str = "--output") -> None:
    """Refuse a file, called `name`, whose suffix says that something else is written than is; it may have none.

    Standard output, devices and pipes are written as they are.
    """
    path = Path(target)
    if target == STDIN or path.suffix.lower() in ("", *known) or (path.exists() and not path.is_file()):
        return
    listed = " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
    raise UsageError(f"{name} {printable(target)}: the suffix says what is written, and must be {listed}")


def check_certificate_target(target: str) -> None:
    """Refuse a file that no certificate can be written to, or that its checker could not read.

    Raises UsageError: it is standard output, which has the plan or the tables; it is no JSON; or it can't be written.
    """
    if Path(target).suffix.lower() not in ("", ".json"):
        raise UsageError(f"--certificate {target}: a certificate is JSON, which its checker reads: name a .json file")
    check_file("--certificate", target)


def check_file(option: str, target: str) -> None:
    """Refuse a file of an option that can't be written.

    Raises UsageError: it is standard output, which has the plan or the tables; or the file can't be written.
    """
    if target == STDIN:
        raise UsageError(f"{option}: name a file, as standard output has the plan or what is said of it")
    check_target(target)


def picture_targets(paths: Sequence[str] | None, theme: str = "light") -> dict[str, str]:
    """Pictures by what they are called, for `check_outputs`; each is refused here that could not be drawn."""
    if not paths:
        return {}
    from placement.report.still import check_picture

    for path in paths:
        check_picture(path, theme)
    return {f"--picture {path}": path for path in paths}


def console(stream: TextIO | None) -> Console:
    """A console on a stream. Plain figures are not coloured by guesswork, and ids are never taken for markup.

    Nor are they taken for orders to the terminal: what a report has let through is escaped here.
    """
    from rich.console import Console
    from rich.segment import Segment

    if stream is None:
        raise UsageError("standard output is closed: there is nowhere to write to")

    class Safe(Console):
        def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else "\n".join(map(printable, text.split("\n"))), style, control)

        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError  # for `in_words`; rich itself would end with 1, which means something else here

    return Safe(file=stream, highlight=False, markup=False, emoji=False)
