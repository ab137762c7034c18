"""Names of documents as names and labels that platforms take: short, of few letters, and never two alike."""

import hashlib
import re

_LONGEST = 63  # of a label's value and of a name in DNS
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", re.ASCII)
_DNS = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_DIGEST = 8


def label_value(name: str) -> str:
    """A value of a label on Kubernetes and Ray: the name itself where it is one, else its letters and a digest of it.

    >>> label_value("i-07"), label_value("p4d-b/new-1")
    ('i-07', 'p4d-b-new-1-f5b54a5d')
    """
    if len(name) <= _LONGEST and _LABEL.fullmatch(name):
        return name
    return _with_digest(re.sub(r"[^A-Za-z0-9_.-]+", "-", name), name, _LONGEST)


def dns_label(*parts: str, most: int = _LONGEST) -> str:
    """A name of an object on Kubernetes (RFC 1123), from names side by side; of at most so many letters.

    >>> dns_label("chat-8b", "a10g-b"), dns_label("7B chat")
    ('chat-8b-a10g-b', 'x7b-chat-e3b5588d')
    """
    name = "-".join(parts)
    if len(name) <= most and _DNS.fullmatch(name):
        return name
    return _with_digest(re.sub(r"[^a-z0-9-]+", "-", name.lower()), name, most)


def digest(text: str, digits: int) -> str:
    """So many digits of a text's hash, by which two texts are told apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def _with_digest(letters: str, name: str, most: int) -> str:
    letters = letters[: most - _DIGEST - 2].strip("-._") or "x"
    return f"{letters if letters[0].isalpha() else f'x{letters}'}-{digest(name, _DIGEST)}"


class ObjectNames:
    """Names of objects, one for each tuple of parts: two that would be alike are told apart by a digest.

    >>> names = ObjectNames()
    >>> names.of("a-b", "c"), names.of("a", "b-c"), names.of("a-b", "c")
    ('a-b-c', 'a-b-c-02654a5c', 'a-b-c')
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()

    def of(self, *parts: str, most: int = _LONGEST) -> str:
        """The name for these parts, of at most so many letters; the same each time."""
        if parts not in self._names:
            name = dns_label(*parts, most=most)
            if name in self._taken:
                name = _with_digest(name, "\0".join(parts), most)
            self._names[parts] = name
            self._taken.add(name)
        return self._names[parts]
