"""How a command ends: exit codes, and errors in words instead of tracebacks.

0   a plan was found; a check found every rule kept
1   verify: at least one rule is broken
2   bad input: a document with faults, a file that can't be read or written, a wrong option
3   solve: proven that no plan exists
4   solve: nothing found within the limits
70  a bug of ours: the plan did not survive the check
130 interrupted before there was anything to keep
"""

from __future__ import annotations

import enum
import errno
import os
import platform
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from placement.errors import DocumentError, SolverBugError, UsageError, printable
from placement.result import Status

if TYPE_CHECKING:
    from collections.abc import Iterator


DEBUG = "PLACEMENT_DEBUG"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # of writing to a stream that is open


class Code(enum.IntEnum):
    """Exit codes; 1 is spoken for by `verify`, 2 is also what wrong arguments end with."""

    OK = 0
    BROKEN = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    NOTHING_FOUND = 4
    BUG = 70
    INTERRUPTED = 130


OF_STATUS = {
    Status.OPTIMAL: Code.OK,
    Status.FEASIBLE: Code.OK,
    Status.INFEASIBLE: Code.INFEASIBLE,
    Status.UNKNOWN: Code.NOTHING_FOUND,
}


def say(line: str) -> None:
    """One line on stderr."""
    typer.echo(printable(line), err=True)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what goes wrong inside into lines on stderr and an exit code."""
    try:
        yield
    except DocumentError as error:
        for fault in error.faults:
            say(f"{error.source} at {fault}")
        if len(error.faults) > 1:
            say(f"{error.source}: {len(error.faults)} faults")
        raise typer.Exit(Code.BAD_INPUT) from None
    except UsageError as error:
        say(f"placement: {error}")
        raise typer.Exit(Code.BAD_INPUT) from None
    except SolverBugError as error:
        _own_up(str(error))
        raise typer.Exit(Code.BUG) from None
    except KeyboardInterrupt:
        say("placement: interrupted")
        raise typer.Exit(Code.INTERRUPTED) from None
    except (BrokenPipeError, typer.Exit):
        raise
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        say(f"placement: standard output can't be written: {error.strerror}")
        raise typer.Exit(Code.BAD_INPUT) from None
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        _own_up(f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})")
        say(f"With {DEBUG}=1 in the environment the same command shows the traceback.")
        raise typer.Exit(Code.BUG) from None


def _own_up(what: str) -> None:
    """Say that it is our fault, and what to send."""
    from placement import __version__

    say(f"placement: a bug in this program, not in your problem: {what}")
    say(
        "No plan was written. Please report it with the problem file, the command line, and: "
        f"placement {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
