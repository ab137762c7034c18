"""How a command ends: exit codes, and errors in words instead of tracebacks.

0   a plan was found; a check found every rule kept
1   verify: at least one rule is broken
2   bad input: a document with faults, a file that can't be read or written, a wrong option
3   solve: proven that no plan exists
4   solve: nothing found within the limits
70  a bug of ours: the plan did not survive the check
71  memory ran out before there was a plan
130 interrupted before there was anything to keep
141 nobody reads the output any more: what a shell says of a command that SIGPIPE ended
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import platform
import shutil
import sys
import textwrap
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeGuard

import typer

from placement.cli.stops import StopAtOnce
from placement.errors import (
    FAULTS,
    DocumentError,
    PlacementError,
    SolverBugError,
    UsageError,
    called_file,
    printable,
    ran_out_of_memory,
)
from placement.solving.result import SolverFault, Status
from placement.units import BYTES_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.documents import Problem


DEBUG = "PLACEMENT_DEBUG"
OPTIONS: ContextVar[dict[str, str]] = ContextVar("OPTIONS")  # of the command that runs: what errors call a parameter
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # of writing to a stream that is open
NO_NAME = (errno.ENAMETOOLONG, errno.ELOOP)  # of a path that no file can have, wherever it is looked up


class Code(enum.IntEnum):
    """Exit codes; 1 is spoken for by `verify`, 2 is also what wrong arguments end with."""

    OK = 0
    BROKEN = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    NOTHING_FOUND = 4
    BUG = 70
    OUT_OF_MEMORY = 71
    INTERRUPTED = 130
    CLOSED_PIPE = 141


OF_STATUS = {
    Status.OPTIMAL: Code.OK,
    Status.FEASIBLE: Code.OK,
    Status.INFEASIBLE: Code.INFEASIBLE,
    Status.UNKNOWN: Code.NOTHING_FOUND,
}


def call_files(**files: str) -> None:
    """What errors call arguments of the library that are named unlike the command's parameters: files, by argument."""
    OPTIONS.get({}).update({name: called_file(file) for name, file in files.items()})


def is_terminal(stream: Literal["stdout", "stderr"]) -> bool:
    """Whether a person looks at a stream of this process; it may have been started without one."""
    found = getattr(sys, stream)
    return found is not None and bool(found.isatty())


def say(line: str) -> None:
    """One line on stderr, if that can still be written."""
    with contextlib.suppress(OSError, ValueError):
        tell(line, err=True)


def tell(line: str, *, err: bool = False) -> None:
    """One line on stdout or stderr; a terminal gets it broken between words, and what follows is indented."""
    text = printable(line)
    if is_terminal("stderr" if err else "stdout"):
        width = shutil.get_terminal_size().columns
        wrapped = textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        text = "\n".join(wrapped)
    typer.echo(text, err=err)


def _as_typed(error: PlacementError) -> str:
    """The message of an error; an argument of the library is called by the option, or the file, that gives it."""
    text = str(error)
    name = getattr(error, "argument", "")
    option = OPTIONS.get({}).get(name)
    return text if option is None else option + text.removeprefix(name)


@contextmanager
def in_words(*, full: bool | None = None) -> Iterator[None]:
    """Turn what goes wrong inside into lines on stderr and an exit code.

    `full`: every fault of a document; None where the command has no such option.
    """
    try:
        with _stop_told():
            yield
    except DocumentError as error:
        _tell(error, full=full)
        raise typer.Exit(Code.BAD_INPUT) from None
    except UsageError as error:
        say(f"placement: {_as_typed(error)}")
        raise typer.Exit(Code.BAD_INPUT) from None
    except SolverBugError as error:
        _own_up(error, str(error))
        raise typer.Exit(Code.BUG) from None
    except (KeyboardInterrupt, StopAtOnce):
        say("placement: interrupted")
        raise typer.Exit(Code.INTERRUPTED) from None
    except typer.Exit:
        raise
    except BrokenPipeError:
        hush()
        raise typer.Exit(Code.CLOSED_PIPE) from None
    except Exception as error:
        if ran_out_of_memory(error):
            _tell_memory(error)
            raise typer.Exit(Code.OUT_OF_MEMORY) from None
        if is_full_output(error):
            say(f"placement: {unwritable_output(error)}")
            raise typer.Exit(Code.BAD_INPUT) from None
        if isinstance(error, OSError) and error.errno in NO_NAME and error.filename is not None:
            say(f"placement: {error.filename}: can't be read or written: {error.strerror}")
            raise typer.Exit(Code.BAD_INPUT) from None
        if os.environ.get(DEBUG):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        _own_up(error, f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})")
        say(f"With {DEBUG}=1 in the environment the same command shows the traceback.")
        raise typer.Exit(Code.BUG) from None


@contextmanager
def _stop_told() -> Iterator[None]:
    """An engine that is stopped while it is loaded says that it can't be loaded, because of the stop."""
    try:
        yield
    except ImportError as error:
        if isinstance(error.__cause__, (KeyboardInterrupt, StopAtOnce)):
            raise error.__cause__ from None
        raise


def is_full_output(error: BaseException) -> TypeGuard[OSError]:
    """Whether an error is that standard output can't be written, as on a full disk."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None


def unwritable_output(error: OSError) -> str:
    """That in words, with the way out where the command has one."""
    option = OPTIONS.get({}).get("output", "")
    if option == called_file("-"):
        way_out = "; name a file where there is room in place of -"
    else:
        way_out = f"; name a file where there is room with {option} FILE" if option.startswith("--") else ""
    return f"standard output can't be written: {error.strerror}{way_out}"


@contextmanager
def noting(written: str) -> Iterator[None]:
    """Have an error say what is written, where that nothing is would be untrue."""
    try:
        yield
    except Exception as error:
        error.add_note(written)
        raise


class Attempts:
    """Several things that are tried. Each stands in a block of its own; what one of them raises is kept."""

    def __init__(self, *kinds: type[Exception]) -> None:
        """`kinds` of errors are kept; others are raised at once."""
        self._kinds = kinds
        self.wrong: list[Exception] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        try:
            yield
        except self._kinds as error:
            self.wrong.append(error)


@contextmanager
def raised_last() -> Iterator[Attempts]:
    """Do all of several things, though one fails to be written: nobody reads standard output any more, say.

    Raises OSError or UsageError: the first of them, once the rest is done.
    """
    attempts = Attempts(OSError, UsageError)
    yield attempts
    for error in attempts.wrong:
        raise error


@contextmanager
def told_together() -> Iterator[Attempts]:
    """Try several things, and tell what is wrong with each of them, not with the first alone.

    Raises PlacementError: the last one, once those before it are told.
    """
    attempts = Attempts(PlacementError)
    yield attempts
    for error in attempts.wrong[:-1]:
        if isinstance(error, DocumentError):
            _tell(error, full=None)
        elif isinstance(error, PlacementError):
            say(f"placement: {_as_typed(error)}")
    for error in attempts.wrong[-1:]:
        raise error


def _tell(error: DocumentError, *, full: bool | None) -> None:
    """A line for each fault; of very many, the first and how many more there are."""
    count = len(error.faults)
    shown = count if full else FAULTS
    for fault in error.faults[:shown]:
        say(fault.of(error.source))
    if count > shown:
        say(f"{error.source}: {count:,} faults, {count - shown:,} of them not listed{_way_out(full)}")
    elif count > 1:
        say(f"{error.source}: {count:,} faults")


def warn(problem: Problem, file: str, *, full: bool | None = None) -> None:
    """A line for each thing that a valid problem can hardly mean; of very many, the first. `full` as in `in_words`."""
    from placement.documents.doubts import doubts

    found = list(doubts(problem))
    shown = len(found) if full else FAULTS
    for doubt in found[:shown]:
        say(f"warning: {'standard input' if file == '-' else file} at {doubt}")
    if len(found) > shown:
        say(f"warning: {len(found) - shown:,} more of that kind{_way_out(full)}")


def read_warned(file: str, *, full: bool | None = None, quiet: bool = False) -> Problem:
    """A problem, with warnings as of `warn` unless the command is to be quiet."""
    from placement.documents import read_problem

    problem = read_problem(file)
    if not quiet:
        warn(problem, file, full=full)
    return problem


def _way_out(full: bool | None) -> str:
    return "" if full is None else "; --full lists each"


def hush() -> None:
    """Send what is still to be written nowhere, once nobody reads: the interpreter would complain at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


# --- Memory


def _written(error: BaseException, nothing: str) -> str:
    """What an error that is no word to users says of files; `nothing` where nobody noted anything (`noting`)."""
    return " ".join(getattr(error, "__notes__", ())) or nothing


def _tell_memory(error: BaseException) -> None:
    what = f" ({error})" if str(error) else ""
    say(f"placement: memory ran out{what}: {'; '.join(_memory_facts()) or 'how much there was is not known'}")
    written = _written(error, "Nothing was written.")
    say(
        f"{written} Give the process more memory, or ask for less: solve takes less with --threads 1, least with "
        "--solver ffd, and with --solver decomposition it takes a large problem in parts."
    )


def _memory_facts() -> list[str]:
    """How much this process has used, and what it may use, where the system tells."""
    try:
        import resource
    except ImportError:  # not on Windows
        return []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    facts = [f"this process used up to {peak / BYTES_PER_GIB:.1f} GiB"]
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        facts.append(f"ulimit -v allows it {limit / BYTES_PER_GIB:.1f} GiB of addresses")
    with contextlib.suppress(OSError, ValueError):
        facts.append(
            f"the machine has {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / BYTES_PER_GIB:.1f} GiB"
        )
    return facts


class HasFaults(Protocol):
    """An answer that owns up to bugs."""

    @property
    def faults(self) -> Sequence[SolverFault]:
        """Those that showed on the way."""


def tell_faults(result: HasFaults) -> None:
    """Own up to bugs that cost no plan."""
    for fault in result.faults:
        say(f"placement: a bug in this program, which the answer does not rest on: {fault}")
    if result.faults:
        say(f"Please report it with the problem file, the command line, and: {_versions()}")


def _versions() -> str:
    from placement import __version__

    return f"placement {__version__}, Python {platform.python_version()}, {platform.platform()}"


def _own_up(error: BaseException, what: str) -> None:
    """Say that it is our fault, and what to send."""
    say(f"placement: a bug in this program, not in your problem: {what}")
    written = _written(error, "No plan was written.")
    say(f"{written} Please report it with the problem file, the command line, and: {_versions()}")
