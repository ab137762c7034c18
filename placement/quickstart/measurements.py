"""Measurements by model, looked at when a model is asked for: what is wrong with those of others stops nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from placement.profiles import Limits, Profile, Size, choose

if TYPE_CHECKING:
    from placement.quickstart.answers import Measured


class Measurements(Mapping[str, "Measured"]):
    """What a copy of each model serves within limits, by the kind and number of its accelerators.

    Looking up a model raises `UsageError` where its requests were of several sizes and none is asked for.
    """

    def __init__(self, profiles: Sequence[Profile], limits: Limits, size: Size, tell: Callable[[str], object]) -> None:
        """Take measurements; `tell` takes a sentence of each that can't be used, when its model is looked up."""
        self._rows: dict[str, list[Profile]] = {}
        for profile in profiles:
            self._rows.setdefault(profile.model, []).append(profile)
        self._limits, self._size, self._tell = limits, size, tell
        self._chosen: dict[str, Measured] = {}

    def __getitem__(self, model: str) -> Measured:
        """The best of a model on each number of accelerators of each kind."""
        if model not in self._chosen:
            choices = choose(self._rows[model], self._limits, self._size)
            for sentence in choices.missing:
                self._tell(sentence)
            found = choices.of_model[model]
            self._chosen[model] = {(c.profile.accelerator, c.profile.accelerators): c for c in found}
        return self._chosen[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
