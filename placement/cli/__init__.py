"""The command line. `main` is the entry point; typer and rich are loaded only when it runs."""

import atexit
import contextlib
import gc
import os
import sys
import threading
import time
from typing import NoReturn

# Made between two looks for what nothing refers to any more. A plan of a million copies is many millions of objects
# that all stay: to walk them again and again takes a third of the time in which it is written.
_OBJECTS = 300_000
_MOMENT = 0.3  # seconds for searches that were left behind


def main() -> None:
    """Run the command line; ends the process with the exit codes of `placement.cli.endings`."""
    from placement.cli.stops import STOPS, StopAtOnce

    STOPS.listen()
    # The interpreter takes handlers away as it ends: a stop then killed a process whose answer was written.
    atexit.register(STOPS.ignore)
    gc.set_threshold(_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that can't show a sign shows another, and no traceback
    before = _stdout()
    try:
        _run()
    except (KeyboardInterrupt, StopAtOnce):
        _leave(130)  # before there were words for it
    except SystemExit as end:
        # Help is drawn by the parser, which ends with 1 when nobody reads it, once it has turned the stream away.
        _leave(141 if end.code == 1 and _stdout() != before else end.code)


def _stdout() -> tuple[int, int] | None:
    """What standard output is: a file, a pipe, a terminal; None when there is none."""
    try:
        found = os.fstat(1)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _leave(code: int | str | None) -> NoReturn:
    """End the process; soon where an engine works on in a search that was left behind, as it can't be stopped.

    A search that only waits for an engine, as for a process that it has begun, has a moment to end it.
    """
    if threading.active_count() > 1 and isinstance(code, int):
        from placement.solving.incumbent import SEARCH

        left = [thread for thread in threading.enumerate() if thread.name.startswith(SEARCH)]
        until = time.monotonic() + _MOMENT
        for thread in left:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in left):
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(code)
    sys.exit(code)


def _run() -> None:
    import typer

    from placement.cli.app import app
    from placement.cli.endings import in_words

    try:
        with in_words():
            app.with_command(sys.argv[1:])(prog_name="placement")
    except typer.Exit as end:
        sys.exit(end.exit_code)
