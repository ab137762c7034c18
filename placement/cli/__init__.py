"""The command line. `main` is the entry point; typer and rich are loaded only when it runs."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line; ends the process with the exit codes of `placement.cli.endings`."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # who stops us gently gets what Ctrl-C gets: the best plan
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that can't show a sign shows another, and no traceback
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)  # before there were words for it


def _run() -> None:
    import typer

    from placement.cli.app import app
    from placement.cli.endings import in_words

    try:
        with in_words():
            app(prog_name="placement")
    except typer.Exit as end:
        sys.exit(end.exit_code)
