"""Text and names of documents in Markdown: data, in which neither Markdown nor a code host finds anything to act on."""

import re

from placement.errors import printable

_SIGNS = re.compile(r"([\\`*_\[\]<>&|~]|#(?!\w))")
# Mentions, numbers of issues, links and pictograms, which hosts find in the text that Markdown leaves.
_ACTED_ON = re.compile(r"([@#])(?=\w)|(:)(?=//|\w+:)|((?<!\w)www)(?=\.)", re.IGNORECASE)
_NOTHING = "<!-- -->"  # parts a sign from what follows it, and is not shown


def escaped(text: str) -> str:
    r"""Text with no sign of it taken for markup, for a mention, for an issue's number or for a link.

    >>> escaped("chat_8b for @everyone")
    'chat\\_8b for @<!-- -->everyone'
    """
    return _ACTED_ON.sub(lambda found: found[0] + _NOTHING, _SIGNS.sub(r"\\\1", printable(text)))


def code(name: str, *, in_table: bool = False) -> str:
    """A name as code, in a fence longer than any inside it; a pipe in a table has to be escaped even there."""
    shown = printable(name) or " "
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    text = f"{fence}{space}{shown}{space}{fence}"
    return text.replace("|", "\\|") if in_table else text
