"""Names that SageMaker accepts, made of names of a problem."""

from __future__ import annotations

import re

LONGEST = 63  # characters of a name


class ResourceNames:
    """Names that SageMaker accepts, made of names of the problem; none twice."""

    def __init__(self) -> None:
        """None is taken."""
        self._taken: set[str] = set()

    def take(self, *parts: str, most: int = LONGEST) -> str:
        """A new name: letters, digits and single dashes of the parts, and a number where it is taken.

        >>> names = ResourceNames()
        >>> names.take("chat_8b", "p4d"), names.take("chat 8b", "p4d")
        ('chat-8b-p4d', 'chat-8b-p4d-2')
        """
        words = (re.sub(r"[^a-zA-Z0-9]+", "-", part).strip("-") for part in parts)
        base = "-".join(word for word in words if word)[:most].strip("-") or "x"
        name, number = base, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{base[: most - len(str(number)) - 1].rstrip('-')}-{number}"
        self._taken.add(name.lower())
        return name

    def keep(self, name: str) -> str:
        """A name that is there already."""
        self._taken.add(name.lower())
        return name
