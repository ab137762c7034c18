"""Limits on times as people write them: ``500ms``, ``1.5s``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from placement.errors import UsageError, nearest, printable

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}


def parse_milliseconds(name: str, text: str) -> float:
    """A time with its unit, in milliseconds; `name` is what it is called in the error.

    Raises UsageError: it is no number with a unit, the unit is not known, or the time is 0.

    >>> parse_milliseconds("--slo-ttft", "0.5s")
    500.0
    """
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*([^\W\d]+)?\s*", text)
    if found is None or not found[2]:
        raise UsageError(f"{name} must be a time with its unit, such as 500ms or 1.5s, got {printable(text)[:40]}")
    if found[2] not in _UNITS:
        raise UsageError(f'{name}: no unit "{printable(found[2])[:40]}"; {nearest(found[2], _UNITS)}')
    value = float(found[1]) * _UNITS[found[2]]
    if value <= 0:
        raise UsageError(f"{name} must be above 0, got {printable(text)[:40]}")
    return value


@dataclass(frozen=True, slots=True)
class Limits:
    """Most time to the first token, and for each token after it, milliseconds; None is no limit."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None

    def __str__(self) -> str:
        """Both in words."""
        parts = [f"first token {self.ttft_ms:g} ms"] if self.ttft_ms is not None else []
        parts += [f"each after it {self.tpot_ms:g} ms"] if self.tpot_ms is not None else []
        return ", ".join(parts) or "no limit"


def parse_limits(ttft: str | None, tpot: str | None) -> Limits:
    """The limits of the options ``--slo-ttft`` and ``--slo-tpot``; errors as `parse_milliseconds`.

    >>> parse_limits("0.5s", None)
    Limits(ttft_ms=500.0, tpot_ms=None)
    """
    return Limits(
        None if ttft is None else parse_milliseconds("--slo-ttft", ttft),
        None if tpot is None else parse_milliseconds("--slo-tpot", tpot),
    )
