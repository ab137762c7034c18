"""Still pictures as files: their themes, the frame of an SVG, and PNG made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from placement.errors import UsageError, printable
from placement.report.map.colours import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


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
    """Words at a place."""
    look = ' font-weight="600"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    at = f'x="{round(x, 1):g}" y="{round(y, 1):g}"'
    return f'<text {at} fill="{fill}" font-size="{size}"{look}{place}>{escape(text)}</text>'


def cut(text: str, room: float, size: int = 12) -> str:
    """Words that are no wider than their room."""
    letters = max(1, int(room / (_LETTER * size)))
    return text if len(text) <= letters else text[: letters - 1] + "\N{HORIZONTAL ELLIPSIS}"


def width_of(text: str) -> float:
    """About how wide words are."""
    return 12 * _LETTER * len(text)


def legend(named: Iterable[tuple[str, str]], left: float, right: float, y: float, ink: str) -> tuple[list[str], float]:
    """A square of a colour and a name for each, line after line; and how high the last line stands."""
    drawn = []
    x = left
    for fill, name in named:
        shown = cut(name, _NAME)
        wide = 15 + width_of(shown) + 16
        if x + wide > right and x > left:
            x, y = left, y + 19
        drawn.append(f'<rect x="{x:g}" y="{y - 9:g}" width="10" height="10" rx="2" fill="{fill}"/>')
        drawn.append(said(x + 15, y, shown, ink))
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
