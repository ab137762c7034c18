"""Names that SageMaker accepts, made of names of a problem."""

import re

LONGEST = 63  # characters of a name
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def is_name(text: str) -> bool:
    """Whether SageMaker takes a name as it is: 1 to 63 letters, digits and dashes, none of these at either end.

    >>> is_name("chat--8b"), is_name("chat_8b"), is_name("-chat")
    (True, False, False)
    """
    return len(text) <= LONGEST and _NAME.fullmatch(text) is not None


class ResourceNames:
    """Names that SageMaker accepts, made of names of the problem; none twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, *parts: str) -> str:
        """A new name: the part itself where it is one, else letters, digits and single dashes of the parts.

        A number is added where it is taken.

        >>> names = ResourceNames()
        >>> names.take("chat_8b", "p4d"), names.take("chat 8b", "p4d")
        ('chat-8b-p4d', 'chat-8b-p4d-2')
        """
        words = (re.sub(r"[^a-zA-Z0-9]+", "-", part).strip("-") for part in parts)
        base = "-".join(word for word in words if word)[:LONGEST].strip("-") or "x"
        if len(parts) == 1 and is_name(parts[0]):
            base = parts[0]
        name, number = base, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{base[: LONGEST - len(str(number)) - 1].rstrip('-')}-{number}"
        self._taken.add(name.lower())
        return name

    def is_free(self, name: str) -> bool:
        return name.lower() not in self._taken

    def keep(self, name: str) -> str:
        """A name that is there already."""
        self._taken.add(name.lower())
        return name
