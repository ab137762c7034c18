"""Certificates on the command line: the option, and how one is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.endings import noting, say

if TYPE_CHECKING:
    from placement.solving.result import Result

CertificateOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write a proof of the bound, which `python -m placement.check_certificate` checks. It may "
        "take as long again as the search.",
    ),
]


def write_certificate(result: Result, path: str, time_limit: float | None, *, quiet: bool) -> None:
    """Write the certificate of a result, and say what it proves."""
    from placement.documents import write_document
    from placement.planner import certify

    with noting("No certificate was written; the answer does not depend on it."):
        found = certify(result, time_limit=time_limit)
    write_document(found.document, path)
    if not quiet:
        say(f"certificate: {found}")
    if not found.complete:
        say("certificate: the rest of the bound has no argument that can be written down")
