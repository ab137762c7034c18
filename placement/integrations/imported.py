"""What a platform's state becomes: a problem, and notes on what the problem could not take over."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from placement.catalogue.account import AccountPool, AccountRules, account_rules
from placement.catalogue.market import Market
from placement.documents import Problem
from placement.errors import DocumentError
from placement.integrations.notes import Note, Notes


@dataclass(frozen=True, slots=True)
class Imported:
    """A problem with what runs now as its instances and placements, and the notes of the import."""

    problem: Problem
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(cls, document: dict[str, Any], notes: Iterable[Note] = (), source: str = "the import") -> Self:
        """The import of a document that an importer has put together; sections without rows are left out.

        Raises DocumentError: the state makes no valid problem: with each fault and its path in the problem.
        """
        rows = {key: value for key, value in document.items() if value not in ([], {}, ()) or key in _REQUIRED}
        try:
            return cls(Problem(**rows), tuple(notes))
        except DocumentError as error:
            raise error.of(source) from None

    def remarks(self) -> tuple[str, ...]:
        """The notes as sentences, for comments at the top of the problem's file."""
        return tuple(map(str, self.notes))


_REQUIRED = ("instance_types", "pools", "components", "instances")  # an empty list of the last: nothing runs


def told_account_rules(
    market: Market, pools: Sequence[AccountPool], committed: Container[str], notes: Notes, *, least: int = 2
) -> AccountRules:
    """Quotas, budgets, savings plans and reserved instances of the files that were given; see `account_rules`."""
    made = account_rules(market, pools, committed, least=least)
    for name, reason in made.assumed.items():
        notes.assumed(name, reason)
    for name, reason in made.ignored.items():
        notes.ignored(name, reason)
    return made
