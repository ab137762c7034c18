"""What a translation between a platform and our documents could not carry over, in words.

Nothing is dropped in silence: each field that is left out, guessed or reconstructed has a note, which names it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from placement.grouping import grouped
from placement.units import listed

MANY_NOTES = 20  # beyond these, notes that are alike are told as one
_NAME = re.compile(r"[0-9/]|[^\W_][-._][^\W_]")  # in a word: it is a number, or the name of something

NoteKind = Literal["ignored", "assumed", "reconstructed", "suggested", "inexact", "broken"]


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: on which object and field, of which kind, and why.

    The kinds: *ignored*, the problem has nothing like it; *assumed*, the platform does not tell, and a value was taken;
    *reconstructed*, worked out from what it does tell, other answers are as true; *suggested*, a rule that the user may
    want and that was not added; *inexact*, the platform can't express what the plan says; *broken*, what runs breaks a
    rule of the problem that was made of it.

    >>> print(Note("ignored", "pod web-0 spec.priority", "the problem has one priority a component"))
    pod web-0 spec.priority: ignored: the problem has one priority a component
    """

    kind: NoteKind
    place: str
    reason: str

    def __str__(self) -> str:
        """Place, kind and reason, as one sentence."""
        return f"{self.place}: {self.kind}: {self.reason}"


@dataclass
class Notes:
    """Notes as they come, each once."""

    _rows: dict[Note, None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Note]:
        """In the order in which they came."""
        return iter(self._rows)

    def ignored(self, place: str, reason: str) -> None:
        self._add("ignored", place, reason)

    def assumed(self, place: str, reason: str) -> None:
        self._add("assumed", place, reason)

    def reconstructed(self, place: str, reason: str) -> None:
        self._add("reconstructed", place, reason)

    def suggested(self, place: str, reason: str) -> None:
        self._add("suggested", place, reason)

    def inexact(self, place: str, reason: str) -> None:
        self._add("inexact", place, reason)

    def broken(self, place: str, reason: str) -> None:
        self._add("broken", place, reason)

    def _add(self, kind: NoteKind, place: str, reason: str) -> None:
        self._rows[Note(kind, place, reason)] = None


def alike_notes(notes: Sequence[Note]) -> list[list[Note]]:
    """Notes in their order, each alone; of very many those together that tell the same of several things."""
    each = len(notes) <= MANY_NOTES
    return list(grouped(((str(k),) if each else _shape(note), note) for k, note in enumerate(notes)).values())


def told_as_one(alike: Sequence[Note], most: int | None = None) -> str:
    """The first of notes that are alike, and what the others are about: of more than `most` names the first."""
    first, *others = alike
    names = [name for name in dict.fromkeys(_subject(note)[1] for note in others) if name != _subject(first)[1]]
    about = f": {listed(names, most)}" if names else ""
    return f"{first}" + (f" ({len(others):,} more like it{about})" if others else "")


def _subject(note: Note) -> tuple[str, str, str]:
    """What kind of thing a note is about, its name, and the field of it, if it names one."""
    kind, *rest = note.place.split()
    field = next((word for word in rest[1:][-1:] if not _NAME.search(word)), "")  # else a word more of the name
    return kind, " ".join(rest[:-1] if field else rest), field


def _shape(note: Note) -> tuple[str, ...]:
    """What notes have in common that tell the same of several things: all words but names and numbers."""
    kind, name, field = _subject(note)
    own, words = name.split(), [kind, field, note.kind, *note.reason.split()]
    masked = ["" if word in own or _NAME.search(word) else word for word in words]
    return tuple(word for word, before in zip(masked, ["x", *masked], strict=False) if word or before)
