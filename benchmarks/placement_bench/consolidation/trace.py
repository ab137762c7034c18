"""Alibaba's month of recommendation services (Yang et al., Prism, NSDI 2025): copies that come and go, one by one.

Read are the parts on machines with GPUs (role HN): 156 services, 7,386 copies, each with one whole GPU. A component is
a service and one shape of its copies. The month has no list of machines, so these are chosen from the catalogue: those
of one GPU type with several GPUs, as the copies' own caps (2, 4, 8 or more of a service on one machine) suppose; with
machines of one GPU there would be nothing to pack. Shares of network cards and disks are left out, as problems have no
such resource; a cap of several shapes of one service counts for each alone.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from placement import catalogue
from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from placement.catalogue import InstanceFacts

FOLDER = "alibaba-dlrm-2025"
FILE = "instances.csv.gz"
HOUR = 3600
MONTH = 744  # hours
MACHINES = ("g6.12xlarge", "g6.24xlarge", "g6.48xlarge")  # 4, 4 and 8 GPUs
_ROLE = "HN"


class TraceCopy(NamedTuple):
    """One copy: its component by index, and seconds from the start of the month; None before it, or after its end."""

    component: int
    starts: int | None
    stops: int | None


class Shape(NamedTuple):
    """What a copy of a component needs beside its GPU; `cap` is the most on one machine, None for no limit."""

    service: str
    vcpus: float
    memory_gib: float
    cap: int | None

    @property
    def name(self) -> str:
        """Of the component."""
        return f"service-{self.service}-{self.vcpus:g}-{self.memory_gib:g}"


@dataclass(frozen=True, slots=True)
class MonthTrace:
    """Shapes by component, and every copy, in the order of the file."""

    shapes: tuple[Shape, ...]
    copies: tuple[TraceCopy, ...]

    def events(self, hours: int) -> list[tuple[int, int, int]]:
        """(second, 0: stops or 1: starts, copy) within so many hours, in order; none of copies that lived 0 s."""
        found = []
        for number, copy in enumerate(self.copies):
            if copy.starts is not None and copy.starts == copy.stops:
                continue
            if copy.starts is not None:
                found.append((copy.starts, 1, number))
            if copy.stops is not None:
                found.append((copy.stops, 0, number))
        return sorted(event for event in found if event[0] < hours * HOUR)

    def at_start(self) -> list[int]:
        """Copies that run as the month begins."""
        return [number for number, copy in enumerate(self.copies) if copy.starts is None]

    def most(self, hours: int) -> list[int]:
        """(C,) the most copies of each component that are alive at once."""
        alive = Counter(self.copies[number].component for number in self.at_start())
        most = Counter(alive)
        for _, starts, number in self.events(hours):
            c = self.copies[number].component
            alive[c] += 1 if starts else -1
            most[c] = max(most[c], alive[c])
        return [most[c] for c in range(len(self.shapes))]


def trace_file(data: Path) -> Path:
    """Where the trace is in a folder of published sets.

    Raises
    ------
    UsageError
        It is not there.
    """
    path = data / FOLDER / FILE
    if not path.is_file():
        raise UsageError(f"{path} is not there; the set needs Alibaba's trace as {FOLDER}/{FILE}")
    return path


def read_month(data: Path) -> MonthTrace:
    """The trace of a folder of published sets.

    Raises
    ------
    UsageError
        The file is not there, or a row can't be read.
    """
    path = trace_file(data)
    try:
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            return made([row for row in csv.DictReader(file) if row["role"] == _ROLE])
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None


def made(rows: Sequence[dict[str, str]]) -> MonthTrace:
    """The trace of the file's rows; a service has the cap that most of its copies have."""
    caps: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        caps[row["app_name"]][int(row["max_instance_per_node"])] += 1
    cap = {service: max(sorted(found), key=lambda n: found[n]) for service, found in caps.items()}
    index: dict[Shape, int] = {}
    copies = []
    for row in rows:
        service = row["app_name"]
        most = cap[service] if cap[service] > 0 else None
        shape = Shape(service, float(row["cpu_request"]), float(row["memory_request"]), most)
        starts, stops = _second(row["creation_time"]), _second(row["deletion_time"])
        copies.append(TraceCopy(index.setdefault(shape, len(index)), starts, stops))
    return MonthTrace(tuple(index), tuple(copies))


def _second(text: str) -> int | None:
    return int(float(text)) if text else None


def price_of(fact: InstanceFacts) -> float:
    """Dollars an hour on demand."""
    assert fact.price is not None, fact.name
    return fact.price.per_hour


def month_problem(trace: MonthTrace, copies: Iterable[int]) -> dict[str, Any]:
    """A problem document with so many copies (C,) of each component, on machines of `MACHINES` in one zone."""
    facts = {name: catalogue.instance_type(name) for name in MACHINES}
    components: list[dict[str, Any]] = []
    for shape, count in zip(trace.shapes, copies, strict=True):
        row: dict[str, Any] = {"name": shape.name, "copies": count, "accelerators": 1}
        row |= {"vcpus": shape.vcpus, "memory_gib": shape.memory_gib}
        if shape.cap is not None:
            row["spread"] = {"max_per_instance": shape.cap}
        components.append(row)
    return {
        "name": "dlrm-month",
        "accelerators": {str(fact.accelerator): {"memory_gib": fact.accelerator_memory_gib} for fact in facts.values()},
        "instance_types": {
            name: {
                "accelerator": fact.accelerator,
                "accelerator_count": fact.accelerator_count,
                "vcpus": fact.vcpus,
                "memory_gib": fact.kubernetes_memory_gib or fact.memory_gib,  # what a node's pods may use
                "price_per_hour": price_of(fact),
            }
            for name, fact in facts.items()
        },
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in MACHINES],
        "components": components,
        "objective": {"horizon_hours": 1},
    }
