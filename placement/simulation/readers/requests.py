"""Traces with a row a request: Azure's LLM inference trace, BurstGPT, Mooncake. Requests are counted by the minute."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from placement.catalogue.readers.fields import CsvRow, FieldError, each, parse_json
from placement.errors import DocumentError, Fault
from placement.simulation.readers.cells import LONGEST, Renaming, date
from placement.simulation.traffic import Traffic, from_rows
from placement.units import MICRO

_BIN = 60  # seconds
_WHOSE = "does not say whose requests they are: name the component with --component"


def read_azure(rows: Sequence[CsvRow], source: str, component: str | None) -> Traffic:
    """TIMESTAMP, ContextTokens, GeneratedTokens (Azure/AzurePublicDataset): the requests of one service."""
    if component is None:
        raise DocumentError([Fault("row 1", _WHOSE)], source)

    def one(row: CsvRow) -> datetime:
        return date(row.required("TIMESTAMP"), row.place("TIMESTAMP"))

    moments: list[datetime] = each(rows, one, source)
    first = moments[0]
    seconds = [(moment - first).total_seconds() for moment in moments]
    _check_order(seconds, [row.number for row in rows], source)
    return _counted({component: seconds}, source, first)


def read_burstgpt(rows: Sequence[CsvRow], source: str, names: Renaming) -> Traffic:
    """Timestamp (seconds), Model, Request tokens, ... (HPMLL/BurstGPT): each model is a component."""

    def one(row: CsvRow) -> tuple[str, float]:
        name = row.required("Model")
        row.required("Timestamp")
        found = row.value("Timestamp")
        if found is None:
            raise FieldError(row.place("Timestamp"), "must be a number of seconds", row.text("Timestamp"))
        return names(name), found

    found: list[tuple[str, float]] = each(rows, one, source)
    _check_order([at for _, at in found], [row.number for row in rows], source)
    first = found[0][1]
    by_model: dict[str, list[float]] = {}
    places: dict[str, str] = {}
    for row, (name, at) in zip(rows, found, strict=True):
        by_model.setdefault(name, []).append(at - first)
        places.setdefault(name, f"row {row.number}, column Model")
    return _counted(by_model, source, places=list(places.values()))


def read_mooncake(text: str, source: str, component: str | None) -> Traffic:
    """A JSON object a line with timestamp in milliseconds (kvcache-ai/Mooncake): the requests of one service."""
    if component is None:
        raise DocumentError([Fault("row 1", _WHOSE)], source)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]

    def one(entry: tuple[int, str]) -> float:
        number, line = entry
        try:
            stamp = parse_json(line, source).key("timestamp").number()
        except DocumentError as error:
            raise FieldError(f"row {number}", str(error.faults[0].rule)) from None
        except FieldError as error:
            raise FieldError(f"row {number}, {error.fault.path}", error.fault.rule, error.fault.value) from None
        return stamp / 1000

    seconds: list[float] = each(lines, one, source)
    _check_order(seconds, [number for number, _ in lines], source)
    return _counted({component: [at - seconds[0] for at in seconds]}, source)


def _check_order(seconds: Sequence[float], numbers: Sequence[int], source: str) -> None:
    """Requests come in the order of time."""
    back = [k for k in range(1, len(seconds)) if seconds[k] < seconds[k - 1]]
    if back:
        rule = "goes back in time: the request before it came later"
        raise DocumentError([Fault(f"row {numbers[k]}", rule) for k in back[:1000]], source)


def _counted(
    requests: Mapping[str, Iterable[float]], source: str, start: datetime | None = None, places: Sequence[str] = ()
) -> Traffic:
    """Requests by the minute from the first on; the last minute is whole."""
    counts: dict[str, dict[int, int]] = {}
    for name, seconds in requests.items():
        mine = counts.setdefault(name, {})
        for at in seconds:
            mine[int(at) // _BIN] = mine.get(int(at) // _BIN, 0) + 1
    last = max(k for mine in counts.values() for k in mine)
    if last * _BIN > LONGEST:
        raise DocumentError([Fault("$", "is longer than a year")], source)
    rates = {name: [round(mine.get(k, 0) * MICRO / _BIN) for k in range(last + 1)] for name, mine in counts.items()}
    return from_rows(rates, [_BIN * k for k in range(last + 1)], _BIN * (last + 1), start, source, places)
