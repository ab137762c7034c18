"""Accelerators as one character each: how full, and whether one copy has it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.report.facts import Device

_BLOCKS = "▁▂▃▄▅▆▇█"
_GROUP = 8  # accelerators between blanks


def bar(devices: Sequence[Device], *, ascii_only: bool = False) -> Text:
    """One character an accelerator, in order.

    A shared one is a block as high as it is full, in eighths (a digit where only ASCII can be shown); an owned one is a
    square (``#``); a free one is a dot.
    """
    text = Text(no_wrap=len(devices) <= _GROUP)
    for k, device in enumerate(devices):
        if k and k % _GROUP == 0:
            text.append(" ")
        text.append(*_mark(device, ascii_only))
    return text


def legend(*, ascii_only: bool = False) -> Text:
    """What the characters mean."""
    scale = "1-8" if ascii_only else "▁▄█"
    return Text.assemble(
        "accelerators: ",
        (scale, _SHARED),
        " shared, by how full  ",
        ("#" if ascii_only else "■", _OWNED),
        " owned by one copy  ",
        (".", _FREE) if ascii_only else ("·", _FREE),
        " free",
        style="dim",
    )


_SHARED, _OWNED, _FREE = "not dim cyan", "not dim magenta", "bright_black"


def _mark(device: Device, ascii_only: bool) -> tuple[str, str]:
    if not device.copies:
        return ("." if ascii_only else "·"), _FREE
    if device.owned:
        return ("#" if ascii_only else "■"), _OWNED
    eighth = min(7, max(0, -int(-device.fill * 8 // 1) - 1))  # rounded up: a little in use is not free
    return (str(eighth + 1) if ascii_only else _BLOCKS[eighth]), _SHARED
