"""The command line. `main` is the entry point; typer and rich are loaded only when it runs."""

from __future__ import annotations


def main() -> None:
    """Run the command line; ends the process with the exit codes of `placement.cli.endings`."""
    from placement.cli.app import app

    app(prog_name="placement")
