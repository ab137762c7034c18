"""What a translation between a platform and our documents could not carry over, in words.

Nothing is dropped in silence: each field that is left out, guessed or reconstructed has a note, which names it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

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
        """A field that the problem has nothing like."""
        self._add("ignored", place, reason)

    def assumed(self, place: str, reason: str) -> None:
        """A value that the platform does not tell."""
        self._add("assumed", place, reason)

    def reconstructed(self, place: str, reason: str) -> None:
        """A value that follows from others, though not without a choice."""
        self._add("reconstructed", place, reason)

    def suggested(self, place: str, reason: str) -> None:
        """A rule that the user may want, and that was not added."""
        self._add("suggested", place, reason)

    def inexact(self, place: str, reason: str) -> None:
        """What the platform can't express."""
        self._add("inexact", place, reason)

    def broken(self, place: str, reason: str) -> None:
        """A rule that what runs breaks."""
        self._add("broken", place, reason)

    def _add(self, kind: NoteKind, place: str, reason: str) -> None:
        self._rows[Note(kind, place, reason)] = None
