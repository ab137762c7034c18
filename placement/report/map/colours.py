"""One colour a component, as many as there are, each seen on the ground of its theme.

Colours are made in OKLCH [1]_, where equal steps look equal. Hues follow the golden angle, so that neighbours in the
list are far apart; every other one is lighter, which tells them apart where hues are not told apart.

.. [1] Ottosson, B. (2020). A perceptual color space for image processing. https://bottosson.github.io/posts/oklab/
"""

import math
from typing import NamedTuple

_GOLDEN = 137.508  # degrees
_FIRST = 255.0  # degrees: blue
_CHROMA = 0.13
_LIGHT, _DARK = (0.49, 0.60), (0.78, 0.66)  # of colours on a light ground and on a dark one, in turn


class Theme(NamedTuple):
    """Ground, text, soft text, cell (what is free), line; as ``#rrggbb``."""

    ground: str
    ink: str
    soft: str
    cell: str
    line: str


LIGHT = Theme("#ffffff", "#1c2128", "#57606a", "#edf0f4", "#8b949e")
DARK = Theme("#12161c", "#e8edf3", "#a2acb8", "#262d36", "#6e7883")


class Colour(NamedTuple):
    """The colour of one component on the light ground and on the dark one."""

    light: str
    dark: str

    def on(self, theme: str) -> str:
        """The one that is seen on the ground of a theme, ``light`` or ``dark``."""
        return self.dark if theme == "dark" else self.light


def colours(count: int) -> list[Colour]:
    """A colour for each of so many components.

    >>> colours(2)
    [Colour(light='#2460a8', dark='#87bafd'), Colour(light='#c15f4c', dark='#d6715d')]
    """
    return [
        Colour(
            oklch(_LIGHT[k % 2], _CHROMA, _FIRST + _GOLDEN * k),
            oklch(_DARK[k % 2], _CHROMA, _FIRST + _GOLDEN * k),
        )
        for k in range(count)
    ]


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """A colour of sRGB; less colourful where the screen can't show it so."""
    while True:
        linear = _linear(lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue)))
        if chroma <= 0 or all(-1e-4 <= part <= 1.0001 for part in linear):
            return "#" + "".join(f"{round(255 * _gamma(part)):02x}" for part in linear)
        chroma -= 0.005


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """OKLab to linear sRGB."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _gamma(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
