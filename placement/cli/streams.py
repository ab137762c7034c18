"""What goes where. One rule: stdout carries either JSON or tables, never both.

- ``--output FILE``: the plan goes to FILE, tables to stdout.
- ``--output -``, or no ``--output`` and stdout is no terminal: JSON alone on stdout; tables go to stderr when a person
  looks at it.
- Otherwise: tables on stdout.

Progress is on stderr, and only when that is a terminal. ``--quiet`` leaves only the plan and errors.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from placement.io.read import STDIN

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a solve writes: the plan's file and the tables' stream (None: nowhere), and whether to show progress."""

    plan: str | None
    tables: TextIO | None
    progress: bool


def streams(output: str | None, *, quiet: bool) -> Streams:
    """Apply the rule above to the streams of this process."""
    watched = sys.stderr.isatty()
    if output is not None and output != STDIN:
        plan, tables = output, sys.stdout
    elif output == STDIN or not sys.stdout.isatty():
        plan, tables = STDIN, sys.stderr if watched else None
    else:
        plan, tables = None, sys.stdout
    return Streams(plan, None if quiet else tables, progress=watched and not quiet)


def console(stream: TextIO) -> Console:
    """A console on a stream. Plain figures are not coloured by guesswork, and ids are never taken for markup."""
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)
