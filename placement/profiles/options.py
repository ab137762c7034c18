"""What a copy serves within limits on its times: options with `throughput`, and what has not been measured.

People write limits with their unit: ``500ms``, ``1.5s``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from placement.errors import UsageError, nearest, printable
from placement.profiles.profile import Profile

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


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of a request; None: whatever was measured, if that is one size."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The best measurements of every model, and a sentence for each model and accelerator without one."""

    of_model: Mapping[str, tuple[Profile, ...]]
    missing: tuple[str, ...]


def choose(
    profiles: Sequence[Profile],
    limits: Limits,
    size: Size | None = None,
    accelerators: Iterable[str] = (),
    models: Iterable[str] = (),
) -> Choices:
    """The most that each model serves on each number of each accelerator within the limits.

    A measurement with larger requests than `size` counts as well, since smaller ones are served no slower. One without
    a time that is limited does not: nobody knows whether it keeps the limit; nor one in more memory than the
    accelerator has, which is not the one that was measured. `accelerators` are named as missing where
    a model has no measurement on them, beside those that other models were measured on; `models` are those of which
    that is said though none of the profiles is of them.
    Raises UsageError: requests of several sizes were measured and none is asked for.
    """
    size = size or Size()
    groups: dict[str, list[Profile]] = defaultdict(list, {model: [] for model in models})
    for profile in profiles:
        groups[profile.model].append(profile)
    kinds = list(dict.fromkeys([*(profile.accelerator for profile in profiles), *accelerators]))
    chosen: dict[str, tuple[Profile, ...]] = {}
    missing: list[str] = []
    for model, rows in groups.items():
        _check_sizes(model, rows, size)
        chosen[model] = _best(rows, limits, size)
        missing += _missing(model, rows, chosen[model], kinds, limits, size)
    return Choices(chosen, tuple(missing))


def _check_sizes(model: str, rows: list[Profile], size: Size) -> None:
    for name in ("input_tokens", "output_tokens"):
        if getattr(size, name) is not None:
            continue
        found = sorted({getattr(row, name) for row in rows if getattr(row, name) is not None})
        if len(found) > 1:
            listed = ", ".join(map(str, found[:8])) + (", ..." if len(found) > 8 else "")
            raise UsageError(
                f"{printable(model)} was measured with requests of several sizes: {name} {listed}; "
                f"add --{name.replace('_', '-')} N"
            )


def _best(rows: list[Profile], limits: Limits, size: Size) -> tuple[Profile, ...]:
    best: dict[tuple[str, int], Profile] = {}
    for row in rows:
        key = row.accelerator, row.accelerators
        if not _counts(row, size) or not _keeps(row, limits) or not _has_room(row):
            continue
        if key not in best or row.requests_per_second > best[key].requests_per_second:
            best[key] = row
    return tuple(best[key] for key in sorted(best))


def _counts(row: Profile, size: Size) -> bool:
    """Whether requests of the size asked for are served at least as well as those of the measurement."""
    pairs = ((size.input_tokens, row.input_tokens), (size.output_tokens, row.output_tokens))
    return all(asked is None or (measured is not None and measured >= asked) for asked, measured in pairs)


def _keeps(row: Profile, limits: Limits) -> bool:
    pairs = ((limits.ttft_ms, row.ttft_ms), (limits.tpot_ms, row.tpot_ms))
    return all(limit is None or (time is not None and time <= limit) for limit, time in pairs)


def _has_room(row: Profile) -> bool:
    """Whether an accelerator has the memory that was measured, as far as both are known."""
    usable = row.usable_gib
    return row.memory_gib is None or usable is None or row.memory_gib <= usable


def _missing(
    model: str, rows: list[Profile], chosen: tuple[Profile, ...], kinds: list[str], limits: Limits, size: Size
) -> list[str]:
    """A sentence for each accelerator on which nothing is known of a model, or nothing keeps the limits."""
    found: list[str] = []
    served = {(best.accelerator, best.accelerators) for best in chosen}
    for kind in kinds:
        here = [row for row in rows if row.accelerator == kind]
        if not here:
            found.append(f"{model} has no measurement on {kind}")
        for count in sorted({row.accelerators for row in here}):
            if (kind, count) not in served:
                measured = [row for row in here if row.accelerators == count]
                found.append(f"{model} on {kind} x {count}: {_why(measured, limits, size)}")
    return found


def _why(rows: list[Profile], limits: Limits, size: Size) -> str:
    """Why none of the measurements counts."""
    of_size = [row for row in rows if _counts(row, size)]
    if not of_size:
        return f"of {len(rows)} measured, none has requests as large as asked for"
    if kept := [row.memory_gib for row in of_size if _keeps(row, limits) and row.memory_gib is not None]:
        usable = of_size[0].usable_gib
        return f"measured with {min(kept):.6g} GiB on each, of which {usable:g} are usable: is it that accelerator?"
    untimed = [row for row in of_size if _lacks(row, limits)]
    if len(untimed) == len(of_size):
        return f"of {len(of_size)} measured, none has the times that are limited"
    first = min((row.ttft_ms for row in of_size if row.ttft_ms is not None), default=None)
    after = min((row.tpot_ms for row in of_size if row.tpot_ms is not None), default=None)
    best = [f"first token {first:.4g} ms"] if first is not None else []
    best += [f"each after it {after:.4g} ms"] if after is not None else []
    return f"of {len(of_size)} measured, none keeps the limits ({limits}); the least are {', '.join(best)}"


def _lacks(row: Profile, limits: Limits) -> bool:
    first = limits.ttft_ms is not None and row.ttft_ms is None
    return first or (limits.tpot_ms is not None and row.tpot_ms is None)
