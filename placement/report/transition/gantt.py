"""A transition as a Gantt chart: a row for each machine that changes, time from left to right, batches as columns."""

from collections.abc import Iterator, Sequence

from placement.documents.transition import Transition, TransitionStep
from placement.errors import UsageError
from placement.grouping import grouped
from placement.report import words
from placement.report.map.colours import Theme, colours
from placement.report.map.sketch import COLOURS
from placement.report.still import THEMES, cut, framed, legend, said, theme_of, width_of
from placement.report.transition.sentences import by_batch, clock, headline

PAGE = Theme(*(f"var(--{name})" for name in ("ground", "ink", "soft", "cell", "line")))  # as the page has them
_THEMES = THEMES | {"page": PAGE}
WIDE = 960
MOST_ROWS = 120  # bars that are drawn; the rest is counted
MOST_LINES = 12  # below the title
_EDGE, _LEFT, _BAR, _LINE = 20, 190, 14, 19  # margin, room for names, height of a bar and of its row
_LEGEND = 24  # components in it
_SLIVER = 3.0  # the least width of a bar
_SIGNS = (
    "full: starts, until it is ready; pale: drains and stops; dashed: for a while",
    "bracket: a machine comes or goes; dotted: waits until all are ready",
)


def gantt(found: Transition, theme: str = "light", components: Sequence[str] = (), *, lines: Sequence[str] = ()) -> str:
    """The chart as SVG, 960 pixels wide; of the theme ``page`` inside of a page, whose colours it takes.

    `components`: all components in the order of their colours; those of the transition when absent.
    `lines`: what else is to be known and is no step, below the title.
    Raises UsageError: there is no such theme, or the transition has no steps.
    """
    theme_of(theme, _THEMES)
    if not found.steps:
        raise UsageError(f"there is nothing to draw: {headline(found)}")
    return "\n".join(_Chart(found, theme, components, lines).lines()) + "\n"


class _Chart:
    def __init__(self, found: Transition, theme: str, components: Sequence[str], said: Sequence[str]) -> None:
        left = len(said) - MOST_LINES
        self._said = [*said[:MOST_LINES], *([f"and {words.count(left, 'more line')}"] if left > 0 else ())]
        self._found, self._theme, self._name = found, _THEMES[theme], theme
        self._names = list(dict.fromkeys(step.component for step in found.steps if step.component is not None))
        every = dict.fromkeys((*components, *self._names))
        self._index = {name: k for k, name in enumerate(every)}
        self._palette = colours(min(max(1, len(every)), COLOURS))
        self._length = max(1.0, found.duration_seconds or max(step.ends_at for step in found.steps))
        self._shapes: list[str] = []

    def lines(self) -> Iterator[str]:
        name = f"{words.shown(self._found.problem)}: " if self._found.problem else ""
        title = name + headline(self._found)
        wide, ink = WIDE - 2 * _EDGE, self._theme.ink
        self._shapes.append(said(_EDGE, _EDGE + 14, cut(title, wide, 15), ink, size=15, bold=True))
        for k, line in enumerate(self._said):
            self._shapes.append(said(_EDGE, _EDGE + 36 + k * _LINE, cut(line, wide), ink))
        top = self._legend(_EDGE + 40 + len(self._said) * _LINE) + 26
        rows = grouped((step.instance, step) for step in self._found.steps if step.instance is not None)
        y, left = top, MOST_ROWS
        body: list[tuple[float, str, list[TransitionStep]]] = []
        for machine, steps in rows.items():
            bars = max(1, sum(step.component is not None for step in steps))
            if left <= 0:
                break
            body.append((y, machine, steps))
            left -= bars
            y += _LINE * bars + 6
        self._columns(top, y)
        for at, machine, steps in body:
            self._machine(at, machine, steps)
        if len(body) < len(rows):
            self._say(_EDGE, y + 12, f"and {words.count(len(rows) - len(body), 'more machine')}", WIDE)
            y += 22
        return framed(title, (WIDE, y + _EDGE), self._theme.ground, self._shapes)

    def _x(self, seconds: float) -> float:
        return _LEFT + (WIDE - _EDGE - _LEFT) * seconds / self._length

    def _legend(self, y: float) -> float:
        named = ((self._colour(name), words.shown(name)) for name in self._names[:_LEGEND])
        drawn, y = legend(named, (_EDGE, WIDE - _EDGE), y, self._theme.soft)
        self._shapes += drawn
        if len(self._names) > _LEGEND:
            y += 19
            self._say(_EDGE, y, f"and {len(self._names) - _LEGEND:,} more components", WIDE)
        for line in _SIGNS:
            y += 19
            self._say(_EDGE, y, line, WIDE - 2 * _EDGE)
        return y

    def _columns(self, top: float, bottom: float) -> None:
        """A line where each batch begins, with its number and time."""
        free = 0.0
        for number, steps in enumerate(by_batch(self._found), 1):
            begin = min(step.starts_at for step in steps)
            x = self._x(begin)
            self._shapes.append(
                f'<path d="M{x:.1f} {top - 6:g}V{bottom:g}" stroke="{self._theme.line}" stroke-opacity=".6"/>'
            )
            text = f"{number}: {clock(begin)}"
            self._waits(steps, top, bottom)
            if x >= free:
                self._say(x + 3, top - 10, text, 90)
                free = x + width_of(text) + 10
        end = clock(self._length)
        if WIDE - _EDGE - width_of(end) >= free:
            self._say(WIDE - _EDGE - width_of(end), top - 10, end, 60)

    def _waits(self, steps: Sequence[TransitionStep], top: float, bottom: float) -> None:
        """A line where a batch waits until all copies that start in it are ready."""
        for step in steps:
            if step.action == "wait":
                self._shapes.append(
                    f'<path d="M{self._x(step.ends_at):.1f} {top:g}V{bottom:g}" stroke="{self._theme.soft}" '
                    'stroke-dasharray="1 4"/>'
                )

    def _machine(self, y: float, machine: str, steps: Sequence[TransitionStep]) -> None:
        bars = [step for step in steps if step.component is not None]
        temporary = any(step.temporary for step in steps)
        name = cut(words.shown(machine), _LEFT - _EDGE - 8, middle=True)
        self._shapes.append(said(_EDGE, y + 12, name, self._theme.ink, bold=temporary))
        for step in steps:
            if step.component is None:
                self._edge(y, step, max(1, len(bars)))
        for k, step in enumerate(bars):
            self._bar(y + k * _LINE, step)

    def _bar(self, y: float, step: TransitionStep) -> None:
        begin, end = self._x(step.starts_at), self._x(step.ends_at)
        width = max(_SLIVER, end - begin)
        colour = self._colour(step.component or "")
        pale = ' fill-opacity=".35"' if step.action == "stop" else ""
        dashed = f' stroke="{colour}" stroke-dasharray="3 2"' if step.stopover else ""
        self._shapes.append(
            f'<rect x="{begin:.1f}" y="{y + 1:g}" width="{width:.1f}" height="{_BAR}" rx="3" fill="{colour}"'
            f"{pale}{dashed}/>"
        )
        text = f"{'+' if step.action == 'start' else '-'} {words.shown(step.component or '')}"
        if width_of(text) + 8 <= WIDE - _EDGE - end or end < WIDE / 2:
            self._say(begin + width + 4, y + 12, text, WIDE - _EDGE - end - 6)
        else:
            self._say(begin - 4, y + 12, text, begin - _EDGE, "end")

    def _edge(self, y: float, step: TransitionStep, bars: int) -> None:
        """A machine comes or goes: a bracket over its rows."""
        x, high = self._x(step.ends_at), bars * _LINE - 3
        foot = 5 if step.action == "open" else -5
        self._shapes.append(
            f'<path d="M{x + foot:.1f} {y:g}h{-foot}v{high:g}h{foot}" fill="none" stroke="{self._theme.ink}" '
            'stroke-width="1.5"/>'
        )

    def _colour(self, component: str) -> str:
        colour = self._palette[self._index[component] % len(self._palette)]
        if self._name == "page":
            return f"light-dark({colour.light},{colour.dark})"
        return colour.on(self._name)

    def _say(self, x: float, y: float, text: str, room: float, anchor: str = "start") -> None:
        """Write a line, cut to its room."""
        self._shapes.append(said(x, y, cut(text, room), self._theme.soft, anchor))
