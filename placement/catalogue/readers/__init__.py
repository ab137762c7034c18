"""Reads what users already have: answers of AWS's command line, price lists, nodes of a cluster.

`read_facts` tells which of them a file is by what is in it, so no option has to.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from placement.catalogue.facts import Findings
from placement.catalogue.readers import aws_account, aws_offers, kubernetes, price_lists
from placement.catalogue.readers.fields import At, CsvRow, FieldError, parse_csv, parse_json
from placement.documents.read import read_text
from placement.errors import DocumentError, Fault

_JSON: dict[str, tuple[str, Callable[[At, str], Findings]]] = {
    aws_offers.TYPES: ("aws ec2 describe-instance-types", aws_offers.read_types),
    aws_offers.OFFERINGS: ("aws ec2 describe-instance-type-offerings", aws_offers.read_offerings),
    aws_offers.SPOT_PRICES: ("aws ec2 describe-spot-price-history", aws_offers.read_spot_prices),
    aws_offers.PRICES: ("aws pricing get-products", aws_offers.read_prices),
    aws_account.QUOTAS: ("aws service-quotas list-service-quotas", aws_account.read_quotas),
    aws_account.SAVINGS_PLANS: ("aws savingsplans describe-savings-plans", aws_account.read_savings_plans),
    aws_account.RESERVED: ("aws ec2 describe-reserved-instances", aws_account.read_reserved_instances),
    aws_account.BUDGETS: ("aws budgets describe-budgets", aws_account.read_budgets),
    "items": ("kubectl get nodes -o json", kubernetes.read_nodes),
}
_CSV: dict[str, tuple[tuple[str, ...], Callable[[list[CsvRow], str], Findings]]] = {
    "SkyPilot": (price_lists.SKYPILOT, price_lists.read_skypilot),
    "gpuhunt": (price_lists.GPUHUNT, price_lists.read_gpuhunt),
}
ANSWERS_OF_AWS = frozenset(_JSON) - {"items"}  # the keys by which they are told
_TOKENS = ("NextToken", "nextToken")  # of an answer that goes on in another one
_CUT = "the answer goes on, as its NextToken says: what else there is was not given"


def read_facts(path: str | Path) -> Findings:
    """All that a file tells of machines, prices, quotas or nodes; ``-`` is standard input.

    Raises DocumentError: it can't be read, is none of the kinds that are known, or is damaged: with row and column.
    Raises UsageError: `path` is not the name of a file.
    """
    source, text = read_text(path)
    start = text.lstrip()[:1]
    if not start:
        raise DocumentError([Fault("$", "is empty")], source)
    try:
        return _read_json(text, source) if start in "{[" else _read_csv(text, source)
    except FieldError as error:
        raise DocumentError([error.fault], source) from None


def command_of_facts(keys: Mapping[str, Any]) -> str:
    """The command that printed a JSON answer with these keys; empty where it is none of those that are read."""
    return next((command for key, (command, _) in _JSON.items() if key in keys), "")


def price_list_of(text: str) -> str:
    """Whose price list a CSV is, such as ``a price list of SkyPilot``; empty where it is none that is known."""
    try:
        rows = parse_csv(text, "")
    except DocumentError:
        return ""
    columns = set(rows[0].cells) if rows else set()
    return next((f"a price list of {name}" for name, (known, _) in _CSV.items() if set(known) <= columns), "")


def _read_json(text: str, source: str) -> Findings:
    document = parse_json(text, source)
    keys = document.value if isinstance(document.value, dict) else {}
    if keys.get("kind") in kubernetes.KINDS:
        found = kubernetes.read_nodes(document, source)
        return replace(found, skipped=(*found.skipped, *_emptiness(keys, "items")))
    for key, (_, read) in _JSON.items():
        if key in keys:
            found = read(document, source)
            more = () if all(keys.get(token) is None for token in _TOKENS) else (_CUT,)
            return replace(found, skipped=(*found.skipped, *more, *_emptiness(keys, key)))
    told = "; ".join(f"{key} ({command})" for key, (command, _) in _JSON.items())
    rule = f"is none of the answers that are known, which have one of these keys: {told}"
    raise DocumentError([Fault("$", rule)], source)


def _emptiness(keys: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """That an answer has nothing in it, which its user may not know."""
    return (f"{key} is empty, so nothing is known from this file",) if keys.get(key) == [] else ()


def _read_csv(text: str, source: str) -> Findings:
    rows = parse_csv(text, source)
    if not rows:
        raise DocumentError([Fault("$", "has no rows below the row of column names")], source)
    for columns, read in _CSV.values():
        if set(columns) <= set(rows[0].cells):
            return read(rows, source)
    known = " or ".join(f"of {name} ({', '.join(columns)})" for name, (columns, _) in _CSV.items())
    rule = f"is no price list that is known: its first row must name the columns {known}"
    raise DocumentError([Fault("row 1", rule, ", ".join(rows[0].cells))], source)
