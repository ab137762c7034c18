"""`placement convert` and `placement schema`: documents in another form, and which forms they have."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from placement.cli.endings import in_words, warn
from placement.cli.parameters import FullOption


def convert(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A problem or a plan, JSON or YAML; - reads standard input.")
    ],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The file to write, JSON or YAML by its suffix; - writes JSON to standard output."
        ),
    ] = "-",
    full: FullOption = False,
) -> None:
    """Rewrite a document as JSON or YAML, checked on the way. Comments and layout are not kept."""
    with in_words(full=full):
        from placement.cli.streams import DOCUMENTS, check_suffix
        from placement.documents import Problem, check_outputs, write_document
        from placement.documents.read import read_document

        name = "standard output" if out == "-" else "OUT"
        way_out = "convert keeps no comments and no layout, so write to another file and move it there afterwards"
        check_outputs({name: out}, {"FILE": file}, way_out)
        check_suffix(out, DOCUMENTS, "OUT")
        document = read_document(file)
        if isinstance(document, Problem):
            warn(document, file, full=full)
        write_document(document.to_document(), out)


def _documents() -> list[str]:
    from placement.cli.schema import KINDS

    return list(KINDS)


def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[problem|plan|scaling|scenarios|headroom|frontier|transition|rollout|audit|diff]",
            help="The kind of document.",
            autocompletion=_documents,
        ),
    ] = "problem",
) -> None:
    """Print the JSON Schema of a document."""
    with in_words():
        from placement.cli.schema import KINDS, document_schema
        from placement.errors import UsageError, nearest

        if kind not in KINDS:
            raise UsageError(f'no document "{kind}"; {nearest(kind, KINDS)}')
        typer.echo(json.dumps(document_schema(kind), indent=1, ensure_ascii=False))
