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


def theme_of(name: str, themes: Mapping[str, Theme] = THEMES) -> Theme:
    """The theme of a name.

    Raises
    ------
    UsageError
        There is no such theme.
    """
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


def said(x: float, y: float, text: str, fill: str, anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="12" text-anchor="{anchor}">{escape(text)}</text>'


def check_picture(path: str | Path, theme: str) -> None:
    """Refuse a file that is no picture, or a theme that there is not, before anything is searched for or played.

    Raises
    ------
    UsageError
        The suffix is another, or the theme, or a PNG is wanted without the library that draws it.
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
