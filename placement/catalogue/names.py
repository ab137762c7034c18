"""Names as people write them: found in spite of case and dashes, and answered with the nearest known ones."""

import re
from collections.abc import Container, Iterable

from placement.errors import closest, printable

LISTED_BY = "placement catalogue list"
_FEW = 8
_MAKERS = ("nvidia", "tesla", "amd", "instinct")


def plain(name: str) -> str:
    """A name of an accelerator without what is written in one place and left out in another.

    >>> plain("NVIDIA-H100-80GB-HBM3"), plain("RTX PRO Server 6000")
    ('h10080gbhbm3', 'rtxproserver6000')
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    while len(words) > 1 and words[0] in _MAKERS:
        del words[0]
    return "".join(words)


def nearest_names(name: str, known: Iterable[str], *, listed_by: str = "") -> str:
    """A half sentence that helps with a name nobody knows: the nearest ones, or some of those there are.

    `listed_by` is the command that lists all of them, told where none is near and there are more than a few.

    >>> nearest_names("ml.p5.48xl", ["ml.p5.48xlarge", "g6", "t4"])
    'did you mean "ml.p5.48xlarge"?'
    """
    shown = {printable(entry).lower(): printable(entry) for entry in known}
    close = closest(printable(name).lower(), shown, 3)
    quoted = [f'"{shown[entry]}"' for entry in close]
    if quoted:
        return f"did you mean {' or '.join([', '.join(quoted[:-1])] * (len(quoted) > 1) + quoted[-1:])}?"
    listed = list(shown.values())
    if not listed:
        return "none is known"
    if listed_by and len(listed) > _FEW:
        return f"none is like it; `{listed_by}` lists all {len(listed)}"
    return f"known: {', '.join(listed[:_FEW])}{', …' if len(listed) > _FEW else ''}"


def free_name(base: str, taken: Container[str], between: str = " #") -> str:
    """A name, with a number behind it where others have it already.

    >>> free_name("g5", {"p5"}), free_name("g5", {"g5", "g5 #2"}), free_name("chat", {"chat"}, "-")
    ('g5', 'g5 #3', 'chat-2')
    """
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}{between}{number}"
    return name


def provider_of(name: str) -> str:
    """The cloud whose way to name its types a name follows; "other" when that tells nothing.

    >>> [provider_of(name) for name in ("ml.p5.48xlarge", "g6.xlarge", "a3-highgpu-8g", "Standard_NC6s_v3")]
    ['sagemaker', 'aws', 'gcp', 'azure']
    """
    if name.startswith("Standard_"):
        return "azure"
    if re.fullmatch(r"(ml\.)?[a-z0-9-]+\.[a-z0-9-]+", name):
        return "sagemaker" if name.startswith("ml.") else "aws"
    return "gcp" if re.fullmatch(r"[a-z]\w*-[a-z]+-\w+", name) else "other"
