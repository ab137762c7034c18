"""Parameters with other values in a test: the fixture `parameters`, and its type."""

from __future__ import annotations

from typing import Any, Protocol


class Change(Protocol):
    """Gives parameters of a group other values until the test is over."""

    def __call__(self, group: Any, /, **values: Any) -> None:
        """As `placement.solving.parameters.changed`."""
