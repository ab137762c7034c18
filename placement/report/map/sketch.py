"""One machine drawn to scale: a cell an accelerator, filled from below by copies as far as they need its memory.

A cell is as tall as its accelerator has memory, on one scale for the whole fleet. A copy that owns accelerators tints
them whole. Below stand two bars: the vCPUs and the host memory in use. A machine without accelerators is these two
bars, larger, and coloured by component.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from placement.grouping import grouped
from placement.report.facts import MachineLoad, PlacedCopy, PlanFacts
from placement.units import WHOLE_SHARE

WIDE, TALLEST, LEAST = 12, 52, 6  # of a cell, in pixels: its width, and its height for the largest and least memory
GAP = 2
PER_ROW = 8
BAR, BARE_BAR = 3, 11  # height of a bar, beside accelerators and without any
BARE_WIDE = 68
_SPLIT = 0.75  # between two copies, so that they are counted by eye

Rect = tuple[float, float, float, float]  # x, y, width, height


class Layer(NamedTuple):
    """Rectangles of one look: a CSS class (``cell``, ``track``, ``used``, ``kN``, ``kN own``), as the data of a path.

    `component` is the index of the component that they are of, None for what is of none.
    """

    look: str
    component: int | None
    path: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """A drawn machine: its size in pixels, and its layers from the ground up."""

    width: float
    height: float
    layers: tuple[Layer, ...]


class Sketcher:
    """Draws the machines of one fleet, or of several on one scale."""

    def __init__(self, *fleets: PlanFacts) -> None:
        """The largest accelerator of all the fleets sets the scale; components have the colours of their index."""
        rooms = [device.memory.room for facts in fleets for load in facts.loads for device in load.devices]
        self._largest = max(rooms, default=1) or 1
        self._index = {row.name: c for facts in fleets for c, row in enumerate(facts.components)}

    def draw(self, load: MachineLoad) -> Sketch:
        """The picture of a machine with this content. O(copies)."""
        sheet = _Sheet()
        if load.devices:
            width, bottom = self._cells(load, sheet)
            parts = (load.vcpus, load.host)
            for k, amount in enumerate(parts):
                y = bottom + GAP + k * (BAR + 1)
                sheet.add("track", None, (0, y, width, BAR))
                if amount.used and amount.room:
                    sheet.add("used", None, (0, y, width * min(1.0, amount.used / amount.room), BAR))
            return sheet.sketch(width, bottom + GAP + len(parts) * (BAR + 1) - 1)
        for k, (need, room) in enumerate(
            ((lambda row: row.option.vcpus, load.vcpus.room), (lambda row: row.option.host_mib, load.host.room))
        ):
            self._bar(load, sheet, k * (BARE_BAR + GAP), need, room)
        return sheet.sketch(BARE_WIDE, 2 * BARE_BAR + GAP)

    def _cells(self, load: MachineLoad, sheet: _Sheet) -> tuple[float, float]:
        """Accelerators in rows; gives the width, and where they end."""
        on = grouped((index, row) for row in load.standing for index in row.accelerators)
        tall = max(LEAST, round(TALLEST * load.devices[0].memory.room / self._largest, 1))
        for k, device in enumerate(load.devices):
            x = k % PER_ROW * (WIDE + GAP)
            floor = (k // PER_ROW + 1) * (tall + GAP) - GAP
            sheet.add("cell", None, (x, floor - tall, WIDE, tall))
            for look, component, rect in self._fill(on[k], device.memory.room, (x, floor, WIDE, tall)):
                sheet.add(look, component, rect)
        columns = min(PER_ROW, len(load.devices))
        rows = -(-len(load.devices) // PER_ROW)
        return columns * (WIDE + GAP) - GAP, rows * (tall + GAP) - GAP

    def _fill(self, rows: Sequence[PlacedCopy], room: int, cell: Rect) -> Iterator[tuple[str, int, Rect]]:
        """Copies on one accelerator, from its floor up; each as high as its part of the memory, or of the shares."""
        x, floor, wide, tall = cell
        for row in sorted(rows, key=lambda row: self._index[row.kind.component]):
            component = self._index[row.kind.component]
            if not row.option.shared:
                yield "own", component, (x, cell[1] - tall, wide, tall)
            part = row.option.memory_mib / room if room and row.option.memory_mib else row.option.share / WHOLE_SHARE
            high = min(tall * part, floor - (cell[1] - tall))  # what runs today may be more than fits
            if high > 0:
                yield "", component, (x, floor - high, wide, max(0.5, high - _SPLIT))
            floor -= high

    def _bar(self, load: MachineLoad, sheet: _Sheet, y: float, need: Callable[[PlacedCopy], int], room: int) -> None:
        """One resource of a machine without accelerators, copy after copy."""
        sheet.add("cell", None, (0, y, BARE_WIDE, BARE_BAR))
        x = 0.0
        for row in sorted(load.standing, key=lambda row: self._index[row.kind.component]):
            wide = min(BARE_WIDE - x, BARE_WIDE * need(row) / room if room else 0.0)
            if wide > 0:
                sheet.add("", self._index[row.kind.component], (x, y, max(0.5, wide - _SPLIT), BARE_BAR))
            x += wide


class _Sheet:
    """Rectangles by look and component, in the order in which they are first drawn."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, int | None], list[str]] = defaultdict(list)

    def add(self, look: str, component: int | None, rect: Rect) -> None:
        x, y, width, height = (f"{value:.2f}".rstrip("0").rstrip(".") for value in rect)
        self._paths[look, component].append(f"M{x} {y}h{width}v{height}h-{width}z")

    def sketch(self, width: float, height: float) -> Sketch:
        def ground_first(key: tuple[str, int | None]) -> int:
            return ("cell", "track", "own").index(key[0]) if key[0] in ("cell", "track", "own") else 3

        layers = (
            Layer(_look(look, component), component, "".join(self._paths[look, component]))
            for look, component in sorted(self._paths, key=ground_first)
        )
        return Sketch(round(width, 2), round(height, 2), tuple(layers))


def _look(look: str, component: int | None) -> str:
    if component is None:
        return look
    return f"{colour_class(component)} {look}".strip()


COLOURS = 120  # beyond, colours repeat: nobody tells so many apart


def colour_class(component: int) -> str:
    """The CSS class that has the colour of a component."""
    return f"k{component % COLOURS}"


def by_zone_and_type(facts: PlanFacts, zones: Sequence[str]) -> Mapping[str, Mapping[str, list[int]]]:
    """Indices of machines: zone by zone, then by instance type, the dearest first. All zones are there, also empty."""
    found: dict[str, dict[str, list[int]]] = {zone: {} for zone in zones}
    for k in sorted(range(len(facts.machines)), key=lambda k: (-facts.machines[k].load.price, k)):
        load = facts.machines[k].load
        found.setdefault(load.zone, {}).setdefault(load.type, []).append(k)
    return found
