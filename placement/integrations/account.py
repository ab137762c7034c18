"""Rules of an account as rows of an imported problem, with a note on each that says what was taken for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.account import account_rules

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from placement.catalogue.account import AccountPool, AccountRules
    from placement.catalogue.market import Market
    from placement.integrations.notes import Notes


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
