"""Reads a traffic file, whichever of the known kinds it is."""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from placement.catalogue.readers.fields import parse_csv
from placement.documents.read import MOST_MIB, input_limit, read_text
from placement.errors import DocumentError, Fault
from placement.simulation.readers import listed, requests, wide
from placement.simulation.readers.cells import Renaming
from placement.simulation.traffic import Traffic
from placement.units import BYTES_PER_MIB

_KINDS = (
    "this project's (component, time, rate), a column a time (client, t0, t10, ... in minutes or h0, h1, ...), counts "
    "(service, minute, requests), or one of Azure's LLM inference trace, BurstGPT or Mooncake"
)

_OURS = ("component", "time", "rate")
_AZURE = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_BURSTGPT = ("Timestamp", "Model")
_COUNTED = ("service", "minute", "requests")


@dataclass(frozen=True, slots=True)
class TrafficGiven:
    """What the user says of a file that it does not say itself.

    `names`: components by the names that the file has for them; others keep theirs.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    component: str | None = None  # whose requests they are, where the file does not say
    gaps: str = "error"  # what a missing row means: an error, the rate before it (``hold``), or none (``zero``)


def read_traffic(path: str | Path, given: TrafficGiven | None = None) -> Traffic:
    """The traffic in a file, which may be compressed by gzip; ``-`` is standard input.

    Raises DocumentError: the file is of no known kind, or damaged: gaps, time that goes back, negative rates, with the
    row of each.
    Raises UsageError: a name is given that the file does not have.
    """
    given = given or TrafficGiven()
    source, text = _text(path)
    names = Renaming(given.names)
    found = _parsed(text, source, given, names)
    names.check(source)
    return found


def _parsed(text: str, source: str, given: TrafficGiven, names: Renaming) -> Traffic:
    if not text.strip():
        raise DocumentError([Fault("row 1", "is empty: there is no traffic")], source)
    if text.lstrip().startswith("{"):
        return requests.read_mooncake(text, source, given.component)
    rows = parse_csv(text, source)
    if not rows:
        raise DocumentError([Fault("row 1", "has no rows below it: there is no traffic")], source)
    columns = set(rows[0].cells)
    if columns >= set(_OURS):
        return listed.read(rows, source, given.gaps, names)
    if columns >= set(_AZURE):
        return requests.read_azure(rows, source, given.component)
    if columns >= set(_BURSTGPT):
        return requests.read_burstgpt(rows, source, names)
    if columns >= set(_COUNTED):
        return listed.read_counted(rows, source, names)
    if wide.is_wide(rows[0]):
        return wide.read(rows, source, given.gaps, names)
    raise DocumentError([Fault("row 1", _unknown(list(columns)))], source)


def _unknown(columns: Sequence[str]) -> str:
    """What is wrong with columns of no kind: how those of a kind are spelled, else which kinds there are."""
    small = {name.lower() for name in columns}
    for kind in (_OURS, _AZURE, _BURSTGPT, _COUNTED):
        if small >= {name.lower() for name in kind}:
            return f"must spell its columns {', '.join(kind)}: capital and small letters differ"
    return f"names no columns that are known here; traffic is {_KINDS}"


def _text(path: str | Path) -> tuple[str, str]:
    if not str(path).endswith(".gz"):
        return read_text(path)
    source, most = str(path), input_limit(MOST_MIB)
    try:
        with gzip.open(Path(path), "rb") as stream:
            found = stream.read(most * BYTES_PER_MIB + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(
            [Fault("$", f"can't be read: {getattr(error, 'strerror', None) or error}")], source
        ) from None
    if len(found) > most * BYTES_PER_MIB:
        raise DocumentError([Fault("$", f"is too large: at most {most} MiB are read, unpacked")], source)
    try:
        return source, found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([Fault("$", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")], source) from None
