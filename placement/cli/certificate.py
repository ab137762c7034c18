"""Certificates on the command line: the option, and how one is written."""

from typing import Annotated

import typer

from placement.cli.endings import noting, say
from placement.cli.stops import STOPS
from placement.errors import UsageError
from placement.solving.result import Result

CertificateOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write a proof of the bound, which `python -m placement.check_certificate` checks. It may "
        "take as long again as the search.",
    ),
]


_STOPPED = 1.0  # seconds to write down what is known, once someone asked to stop
_NONE = "no certificate was written, as there was no time after the request to stop"


def write_certificate(result: Result, path: str, time_limit: float | None, *, quiet: bool) -> None:
    """Write the certificate of a result, and say what it proves.

    Once someone asked to stop, no argument is looked for that the search does not know, and what takes long to write
    down is left out: the certificate then claims less, or there is none.
    """
    from placement.documents import write_document
    from placement.planner import certify

    seconds = (_STOPPED if time_limit is None else min(time_limit, _STOPPED)) if STOPS.asked else time_limit
    with noting("No certificate was written; the answer does not depend on it."):
        try:
            found = certify(result, time_limit=seconds)
        except (KeyboardInterrupt, UsageError):
            if not STOPS.asked:
                raise
            say(f"certificate: {_NONE}")
            return
    write_document(found.document, path)
    if not quiet:
        say(f"certificate: {found}")
    if not found.complete and STOPS.asked:
        say("certificate: after the request to stop there was no time for the rest of the bound")
    elif not found.complete:
        say("certificate: the rest of the bound has no argument that can be written down")
