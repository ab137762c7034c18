"""What documents with ordered steps share: how they are read, whether there is an answer, how they are written."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ValidationError

from placement.documents.faults import structural_faults
from placement.documents.plan import PlanRow, StatusWord
from placement.errors import DocumentError


class StepsDocument(PlanRow):
    """A document of steps. `status` is about the order: ``infeasible`` is proven, ``unknown``: none was found.

    Raises
    ------
    DocumentError
        With every fault of the document.
    """

    format: str
    problem: str = ""
    status: StatusWord = "unknown"

    _called: ClassVar[str] = "document"  # in faults

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        try:
            super().__init__(**document)
        except ValidationError as error:
            raise DocumentError(structural_faults(type(self), error), self._called) from None

    @property
    def found(self) -> bool:
        """Whether there is an order."""
        return self.status in ("optimal", "feasible")

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, with every field that was set."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True, exclude_none=True)}
