"""What the commands that write parts of problems share: which types, at which prices, into which file."""

from collections.abc import Sequence
from pathlib import Path

from placement.catalogue.blocks import Blocks
from placement.catalogue.market import Market
from placement.catalogue.search import Filter, search
from placement.cli.common_options import number_of_type
from placement.cli.endings import told_together
from placement.cli.streams import check_suffix
from placement.documents.quantities import LARGEST
from placement.documents.write import check_outputs, write_document, write_file
from placement.documents.yaml_rows import comment, list_rows, mapping_rows
from placement.errors import UsageError, printable


def refuse_over(output: str, *, force: bool) -> None:
    """Refuse to write over a file, unless that is asked for."""
    if output != "-" and not force and Path(output).exists():
        raise UsageError(f"{printable(output)} is there already; name another file, or write over it with --force")


def check_new_file(output: str, inputs: Sequence[str | Path], *, known: Sequence[str], force: bool) -> None:
    """Refuse to write over what is read, or over a file unasked, before anything is read.

    Raises UsageError: the file is one of `inputs`, is there, can't be written, or has none of the suffixes `known`.
    """
    check_outputs({"--output": output}, {str(path): path for path in inputs}, "name another file")
    refuse_over(output, force=force)
    check_suffix(output, known)


def chosen(market: Market, names: Sequence[str], wanted: Filter, zones: Sequence[str]) -> tuple[str, ...]:
    """Names of the types to export: those named, those of a filter, or those of the nodes that run in these zones."""
    named = [market.instance_type(name).name for name in names]
    if wanted.is_narrow:
        rows = search(market, wanted)
        if not rows:
            raise UsageError("no machine of the catalogue is like that")
        named += [facts.name for facts, _ in rows]
    if not named:
        here = [node.instance_type for node in market.nodes if not zones or node.zone in zones]
        named = here or [node.instance_type for node in market.nodes]
    if not named:
        raise UsageError("name the instance types to export, or accelerators with --gpu")
    return tuple(dict.fromkeys(named))


def prices_of(words: Sequence[str], market: Market) -> dict[str, float]:
    """`TYPE=DOLLARS` of each word; all that is wrong with them is told."""
    found: dict[str, float] = {}
    with told_together() as one:
        for word in words:
            with one():
                name, dollars = number_of_type("--price", "TYPE=DOLLARS, such as p5.48xlarge=40", word, LARGEST)
                name = market.instance_type(name).name
                if name in found:
                    raise UsageError(f"--price {printable(word)}: a price of {printable(name)} is given already")
                found[name] = dollars
    return found


def write_blocks(made: Blocks, output: str) -> None:
    """Write blocks as YAML with comments, or as JSON where the file's name ends so."""
    if Path(output).suffix.lower() == ".json":
        write_document(made.to_document(), output)
    else:
        write_file("\n".join(block_lines(made)) + "\n", output)


def block_lines(made: Blocks) -> list[str]:
    lines = [line for remark in made.remarks for line in comment(printable(remark))]
    notes = {name: printable(note) for name, note in made.notes.items()}
    for section, rows in made.to_document().items():
        lines.append(f"{section}:")
        lines += mapping_rows(rows, notes) if isinstance(rows, dict) else list_rows(rows)
    return lines
