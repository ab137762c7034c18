"""One measurement of a copy: a model on accelerators, a load, and what came of it.

`placement-profile/v1` is one CSV, a row a measurement, the format's name in the first column.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from placement.catalogue import find_accelerator
from placement.catalogue.readers.fields import CsvRow, FieldError, check_columns, each
from placement.errors import Fault, printable
from placement.units import gib_of_a_copy

FORMAT = "placement-profile/v1"
STATISTICS = ("mean", "p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Profile:
    """A row of `placement-profile/v1`. What nobody measured is None, what nobody names is empty.

    `accelerators` are those of one copy. `input_tokens` and `output_tokens` are of a request, on average. `ttft_ms` is
    the time to the first token, `tpot_ms` the time for each token after it, milliseconds. `requests_per_second` is what
    one copy serves. `memory_gib` is on each accelerator. `source` says where the row is from, and which statistic it
    has.
    """

    model: str
    accelerator: str
    accelerators: int
    engine: str
    version: str
    precision: str
    input_tokens: int | None
    output_tokens: int | None
    ttft_ms: float | None
    tpot_ms: float | None
    requests_per_second: float
    memory_gib: float | None
    source: str

    @property
    def statistic(self) -> str:
        """The statistic of the times that `source` names; empty where it names none."""
        return next((part for part in reversed(self.source.split(", ")) if part in STATISTICS), "")

    @property
    def usable_gib(self) -> float | None:
        """What one of the accelerators hands out; None where that is not known."""
        facts = find_accelerator(self.accelerator)
        return None if facts is None else facts.usable_gib

    @property
    def words(self) -> str:
        """What was measured, and where it is from."""
        facts = [" ".join(word for word in (self.engine, self.version) if word), self.precision]
        if self.input_tokens is not None and self.output_tokens is not None:
            facts.append(f"{self.input_tokens} + {self.output_tokens} tokens")
        facts += [f"first token {self.ttft_ms:.4g} ms"] if self.ttft_ms is not None else []
        facts += [f"each after it {self.tpot_ms:.4g} ms"] if self.tpot_ms is not None else []
        return "; ".join(printable(fact) for fact in [*facts, self.source] if fact)

    def to_option(self) -> dict[str, object]:
        """A row of `options:` of a problem. Its memory is left out where nobody measured it: a copy owns its GPUs."""
        memory = {}
        if self.memory_gib is not None:
            memory["accelerator_memory_gib"] = gib_of_a_copy(self.memory_gib, self.usable_gib)
        return {
            "name": f"{self.accelerator}-x{self.accelerators}".lower(),
            "accelerators": self.accelerators,
            "on": [self.accelerator],
            "throughput": _down(self.requests_per_second),
        } | memory


def _down(value: float) -> float:
    """Rounded down to four digits, so that nobody is promised more than was measured."""
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return float(math.floor(round(value * scale, 6)) / scale)


COLUMNS = ("format", *(field.name for field in fields(Profile)))
TEXTS = ("model", "accelerator", "engine", "version", "precision", "source")
_NEEDED = ("model", "accelerator", "accelerators", "requests_per_second")
WHOLE = ("accelerators", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of a deployment and its load; empty or None: nothing. Users give what their files do not say."""

    model: str = ""
    accelerator: str = ""
    accelerators: int | None = None
    engine: str = ""
    version: str = ""
    precision: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    memory_gib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Given):
    """What a benchmark's file tells of one measurement; a file of one tool says little of what it ran against.

    `failed` of the `requests` that were sent were not served; None: the file does not count them all.
    """

    requests_per_second: float
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    requests: int | None = None
    failed: int = 0
    remark: str = ""

    @property
    def loss(self) -> str:
        """How many requests failed, in words; empty when none did."""
        if not self.failed:
            return ""
        return f"{self.failed:,}{'' if self.requests is None else f' of {self.requests:,}'} requests failed"


def read_rows(rows: Sequence[CsvRow], source: str, damaged: Sequence[Fault] = ()) -> list[Profile]:
    """The measurements in the rows of a CSV of this format.

    Raises DocumentError: a column is missing or not known, or a cell is damaged: row and column of each that is, and
    the rows that were `damaged` before.
    """
    check_columns(rows, ("format", *_NEEDED), source, COLUMNS)
    return each(rows, _profile, source, damaged)


def _profile(row: CsvRow) -> Profile:
    if row.required("format") != FORMAT:
        raise FieldError(row.place("format"), f"must be {FORMAT}", row.text("format"))
    for name in _NEEDED:
        row.required(name)
    cells: dict[str, Any] = {name: row.text(name) for name in TEXTS}
    for name in COLUMNS:
        if name != "format" and name not in TEXTS:
            cells[name] = _number(row, name)
    return Profile(**cells)


def _number(row: CsvRow, name: str) -> float | int | None:
    found = row.value(name)
    if found is None:
        if name in _NEEDED:
            raise FieldError(row.place(name), "must be a number", row.text(name))
        return None
    if name in ("accelerators", "requests_per_second") and found <= 0:
        raise FieldError(row.place(name), "must be above 0", found)
    if name in ("ttft_ms", "tpot_ms") and found == 0:
        return None  # not measured: no token takes no time
    if name not in WHOLE:
        return found
    if found != int(found):
        raise FieldError(row.place(name), "must be a whole number", found)
    return int(found)


def to_csv(profiles: Iterable[Profile]) -> str:
    """The measurements as text of this format.

    >>> row = Profile("m", "H100", 1, "vllm", "0.19", "bf16", 512, 128, 80.5, 9.25, 12.0, None, "bench.json, mean")
    >>> print(to_csv([row]).splitlines()[1])
    placement-profile/v1,m,H100,1,vllm,0.19,bf16,512,128,80.5,9.25,12,,"bench.json, mean"
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for profile in profiles:
        writer.writerow([FORMAT, *(_cell(getattr(profile, name)) for name in COLUMNS[1:])])
    return stream.getvalue()


def _cell(value: object) -> str:
    """A number in six digits, which is more than any benchmark means; nothing for None."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
