"""The map of a fleet as a still picture: SVG with its colours inside, or PNG made of it.

Zones are columns, in them machines by instance type, as on the page. Text stands in plain sight and is cut where it
would run into its neighbour.
"""

from collections.abc import Iterator, Mapping, Sequence

from placement.report import words
from placement.report.facts import MachineFacts, PlanFacts
from placement.report.map.colours import colours
from placement.report.map.sketch import COLOURS, Sketch, Sketcher, by_zone_and_type
from placement.report.mixed import FEW, mixed_line
from placement.report.still import cut, framed, legend, said, theme_of

WIDE = 960  # of the whole picture, in pixels
MOST = 1_500  # machines that are drawn; the rest is counted
_EDGE, _APART, _PAD = 20, 20, 4  # around all, between columns, around a machine
_ABREAST = 4  # columns side by side; more zones go below
_NAMES = 40  # components in the legend
_ZOOMS = ((12, 2.0), (40, 1.5), (120, 1.2))


def picture(facts: PlanFacts, title: str, theme: str = "light") -> str:
    """The map as SVG, 960 pixels wide and as high as it needs.

    `title`: a line above the map; what a screen reader says of the picture.
    `theme`: ``light`` or ``dark``.
    Raises UsageError: there is no such theme.
    """
    return "\n".join(_Canvas(facts, theme).lines(words.shown(title))) + "\n"


class _Canvas:
    """Lays out zone after zone, and writes down what it drew."""

    def __init__(self, facts: PlanFacts, theme: str) -> None:
        self._facts, self._theme = facts, theme_of(theme)
        self._colours = [colour.on(theme) for colour in colours(min(len(facts.components), COLOURS))]
        self._zoom = next((zoom for most, zoom in _ZOOMS if len(facts.machines) <= most), 1.0)
        self._sketcher = Sketcher(facts)
        self._shapes: list[str] = []
        self._left = MOST

    def lines(self, title: str) -> Iterator[str]:
        shown = cut(title, WIDE - 2 * _EDGE, 15)
        self._shapes.append(said(_EDGE, _EDGE + 14, shown, self._theme.ink, size=15, bold=True))
        y = self._mixed(_EDGE + 34)
        y = self._legend(y + 6)
        zones = by_zone_and_type(self._facts, self._facts.fleet.zones)
        used = [(zone, types) for zone, types in zones.items() if types]
        abreast = max(1, min(_ABREAST, len(used)))
        wide = (WIDE - 2 * _EDGE - (abreast - 1) * _APART) / abreast
        for start in range(0, len(used), abreast):
            bottoms = [
                self._zone(_EDGE + k * (wide + _APART), y, wide, zone, types)
                for k, (zone, types) in enumerate(used[start : start + abreast])
            ]
            y = max(bottoms) + 12
        more = len(self._facts.machines) - MOST
        if more > 0:
            self._say(_EDGE, y + 8, f"and {more:,} more machines", WIDE)
            y += 20
        return framed(title, (WIDE, y), self._theme.ground, self._shapes)

    def _say(self, x: float, y: float, text: str, room: float) -> None:
        """Write a line, cut to its room."""
        self._shapes.append(said(x, y, cut(text, room), self._theme.soft))

    def _mixed(self, y: float) -> float:
        """A line on demands that several kinds of accelerators serve, where there are any; gives where it ends."""
        line = mixed_line(self._facts, FEW)
        if not line:
            return y
        self._say(_EDGE, y, line, WIDE - 2 * _EDGE)
        return y + 19

    def _legend(self, y: float) -> float:
        """A square and a name for each component, line after line; gives where they end."""
        placed = [(c, row) for c, row in enumerate(self._facts.components) if row.placed]
        named = ((self._colour(c), words.times(row.name, row.placed)) for c, row in placed[:_NAMES])
        drawn, y = legend(named, (_EDGE, WIDE - _EDGE), y, self._theme.soft)
        self._shapes += drawn
        if len(placed) > _NAMES:
            self._say(_EDGE, y + 19, f"and {len(placed) - _NAMES:,} more components", WIDE)
            y += 19
        return y + 22

    def _zone(self, x: float, y: float, wide: float, zone: str, types: Mapping[str, list[int]]) -> float:
        """One column; gives its lower end."""
        machines = [self._facts.machines[k] for indices in types.values() for k in indices]
        price = words.money(sum(machine.load.price for machine in machines))
        self._shapes.append(f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="2" fill="{self._theme.line}"/>')
        self._shapes.append(said(x, y + 18, cut(words.shown(zone), wide), self._theme.ink, bold=True))
        self._say(x, y + 34, f"{words.count(len(machines), 'machine')}, {price} an hour", wide)
        y += 42
        for kind, indices in types.items():
            number = f"{len(indices):,} x "
            self._say(x, y + 14, number + words.shown(kind), wide)
            y = self._machines(x, y + 20, wide, [self._facts.machines[k] for k in indices]) + 6
        return y

    def _machines(self, x: float, y: float, wide: float, machines: Sequence[MachineFacts]) -> float:
        """Machines of one type, row after row; gives their lower end."""
        at, high = 0.0, 0.0
        for machine in machines:
            if not self._left:
                break
            self._left -= 1
            sketch = self._sketcher.draw(machine.load)
            width, height = (self._zoom * side + 2 * _PAD for side in (sketch.width, sketch.height))
            if at and at + width > wide:
                at, y = 0.0, y + high + 4
            self._machine(x + at, y, width, height, sketch, machine)
            at, high = at + width + 4, height
        return y + high

    def _machine(self, x: float, y: float, width: float, height: float, sketch: Sketch, machine: MachineFacts) -> None:
        theme = self._theme
        dashed = ' stroke-dasharray="3 2"' if machine.state == "cordoned" else ""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="none" '
            f'stroke="{theme.line}" stroke-opacity=".55"{dashed}/>'
        )
        self._shapes.append(f'<g transform="translate({x + _PAD:g} {y + _PAD:g}) scale({self._zoom:g})">')
        for layer in sketch.layers:
            if layer.component is not None:
                faint = ' fill-opacity=".3"' if layer.look.endswith("own") else ""
                fill = f'fill="{self._colour(layer.component)}"{faint}'
            else:
                fill = f'fill="{theme.soft if layer.look == "used" else theme.cell}"'
            self._shapes.append(f'<path {fill} d="{layer.path}"/>')
        self._shapes.append("</g>")

    def _colour(self, component: int) -> str:
        return self._colours[component % COLOURS]
