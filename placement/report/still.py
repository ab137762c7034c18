"""Still pictures as files: their themes, the frame of an SVG, charts below one another, and PNG made of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from placement.errors import UsageError, printable
from placement.report.map.colours import DARK, LIGHT, Theme, colours
from placement.report.map.sketch import colour_class
from placement.report.page.charts import Chart, Frame

PICTURES = (".svg", ".png")
THEMES = {"light": LIGHT, "dark": DARK}
_FONT = "system-ui, -apple-system, Segoe UI, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"
_LETTER = 0.56  # of the size of the font, the mean width of a letter
_NAME = 34 * 12 * _LETTER + 0.1  # room for a name in a legend


def theme_of(name: str, themes: Mapping[str, Theme] = THEMES) -> Theme:
    """The theme of a name. Raises UsageError: there is no such theme."""
    if name not in themes:
        raise UsageError(f'no theme "{printable(name)}"; known: {", ".join(themes)}')
    return themes[name]


def framed(title: str, size: tuple[float, float], ground: str, drawn: Iterable[str]) -> Iterator[str]:
    """An SVG line by line: what is drawn on a ground so wide and high; `title` is what a screen reader says of it."""
    wide, high = (f"{side:g}" for side in size)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'role="img" aria-label={quoteattr(title)} font-family="{_FONT}">'
    )
    yield f'<rect width="{wide}" height="{high}" fill="{ground}"/>'
    yield from drawn
    yield "</svg>"


def said(x: float, y: float, text: str, fill: str, anchor: str = "start", *, size: int = 12, bold: bool = False) -> str:
    look = ' font-weight="600"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    at = f'x="{round(x, 1):g}" y="{round(y, 1):g}"'
    return f'<text {at} fill="{fill}" font-size="{size}"{look}{place}>{escape(text)}</text>'


def cut(text: str, room: float, size: int = 12, *, middle: bool = False) -> str:
    """Words that are no wider than their room; `middle`: of names that differ at their end, both ends are kept.

    >>> cut("g6e-us-east-1a/new-12", 100, middle=True).split("\N{HORIZONTAL ELLIPSIS}")
    ['g6e-us', '/new-12']
    """
    letters = max(1, int(room / (_LETTER * size)))
    if len(text) <= letters:
        return text
    end = letters // 2 if middle else 0
    return f"{text[: letters - 1 - end]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - end :]}"


def width_of(text: str) -> float:
    """About how wide words are."""
    return 12 * _LETTER * len(text)


def square(fill: str, x: float, y: float, wide: int = 10) -> str:
    """What stands for a colour, before a name that is written at this place."""
    return f'<rect x="{x:g}" y="{y - 9:g}" width="{wide}" height="10" rx="2" fill="{fill}"/>'


def legend(
    named: Iterable[tuple[str, str]],
    sides: tuple[float, float],
    y: float,
    ink: str,
    mark: Callable[[str, float, float], str] = square,
    room: int = 15,
) -> tuple[list[str], float]:
    """A mark, a square of a colour, and a name for each, line after line; and how high the last line stands."""
    left, right = sides
    drawn = []
    x = left
    for key, name in named:
        shown = cut(name, _NAME)
        wide = room + width_of(shown) + 16
        if x + wide > right and x > left:
            x, y = left, y + 19
        drawn += [mark(key, x, y), said(x + room, y, shown, ink)]
        x = round(x + wide, 1)
    return drawn, y


def check_picture(path: str | Path, theme: str) -> None:
    """Refuse a file that is no picture, or a theme that there is not, before anything is searched for or played.

    Raises UsageError: the suffix is another, or the theme, or a PNG is wanted without the library that draws it.
    """
    if Path(path).suffix.lower() not in PICTURES:
        shown = str(path) or '""'
        raise UsageError(f"{shown}: a picture is {' or '.join(PICTURES)}, by the suffix of its file")
    theme_of(theme)
    if Path(path).suffix.lower() == ".png":
        check_png()


def check_png() -> None:
    """Refuse a PNG where the library that draws it is not installed."""
    try:
        import resvg_py  # noqa: F401 -- whether it can be imported is the question
    except ImportError:
        raise UsageError(
            'a PNG needs resvg-py, of the extra `pictures`: pip install "gpu-placement[pictures]"; '
            "an SVG needs nothing more"
        ) from None


def to_png(svg: str) -> bytes:
    """A picture as PNG, two pixels for one of the SVG."""
    check_png()
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))


def as_file(svg: str, path: str | Path) -> str | bytes:
    """What the file of a picture holds: SVG or PNG, by the suffix."""
    return svg if Path(path).suffix.lower() == ".svg" else to_png(svg)


WIDE = 960
_AREAS = 8  # colours of them


def chart_picture(title: str, charts: Sequence[tuple[Chart, Frame]], theme: str) -> str:
    """Charts, each in its frame, as SVG. Raises UsageError: there is no such theme."""
    drawing = _ChartDrawing(theme)
    shapes = [said(20, 32, title, drawing.theme.ink, size=16, bold=True)]
    for chart, frame in charts:
        shapes += drawing.chart(chart, frame)
    _, last = charts[-1]
    return "\n".join(framed(title, (WIDE, last.top + last.high + 68), drawing.theme.ground, shapes)) + "\n"


class _ChartDrawing:
    """What all charts have in common: colours by look."""

    def __init__(self, theme: str) -> None:
        self.theme = theme_of(theme)
        self._fills = {colour_class(k): colour.on(theme) for k, colour in enumerate(colours(_AREAS))}
        self._main = self._fills[colour_class(0)]
        ink, soft = (f'stroke="{colour}" stroke-width="1.6"' for colour in (self.theme.ink, self.theme.soft))
        self._strokes = {
            "first": soft,
            "second": f'{soft} stroke-dasharray="7 3"',
            "third": f'{soft} stroke-dasharray="2 3"',
            "bound": f'{ink} stroke-dasharray="4 2"',
            "cost": f'stroke="{self._main}" stroke-width="3"',
        }

    def chart(self, chart: Chart, frame: Frame) -> Iterator[str]:
        """Its name, its scale, what it shows, and what the colours mean."""
        left, top, wide, high = frame
        line, soft, bottom = self.theme.line, self.theme.soft, top + high
        title = f"{chart.title}. {chart.note}" if chart.note else chart.title
        yield said(20, top - 22, title, self.theme.ink, size=13, bold=True)
        for tick in chart.y:
            y = top + high * tick.at / 100
            yield f'<path d="M{left:g} {y:.1f}H{left + wide:g}" stroke="{line}" stroke-opacity=".28"/>'
            yield said(left - 8, y + 4, tick.text, soft, "end")
        for look, _, path in chart.areas:
            yield f'<path d="{path}" fill="{self._fills[look]}" fill-opacity=".82"/>'
        for look, _, path in sorted(chart.curves, key=lambda curve: curve[0] == "cost"):  # on top of its bound
            yield f'<path d="{path}" fill="none" {self._strokes[look]}/>'
        for _, x, y, text in chart.dots:
            x, y = left + wide * x / 100, top + high * y / 100
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{self._main}"/>'
            yield said(x, y - 12, text, self.theme.ink, "middle")
        for tick in chart.x:
            x = left + wide * tick.at / 100
            yield f'<path d="M{x:.1f} {bottom:.1f}v5" stroke="{line}"/>'
            yield said(x, bottom + 18, tick.text, soft, tick.anchor)
        named = ((look, name) for look, name, _ in (*chart.areas, *chart.curves))
        drawn, _ = legend(named, (left, left + wide), bottom + 40, soft, self._mark, 24)
        yield from drawn

    def _mark(self, look: str, x: float, y: float) -> str:
        if look in self._fills:
            return square(self._fills[look], x, y, 18)
        return f'<path d="M{x:g} {y - 4:g}h18" {self._strokes[look]}/>'
