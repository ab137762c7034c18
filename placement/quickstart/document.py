"""The problem that answers make, and its text with comments."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from placement.catalogue.blocks import Blocks, Wish, blocks
from placement.catalogue.market import Market
from placement.catalogue.readers.kubernetes import NO_ZONE
from placement.catalogue.rows import whole
from placement.documents import Problem
from placement.documents.yaml_rows import comment, flow, list_rows, mapping_rows, scalar
from placement.errors import DocumentError, Fault, UsageError, printable
from placement.grouping import grouped
from placement.quickstart.answers import Answers, ModelWish
from placement.quickstart.components import Drafted, Machinery, draft_component
from placement.quickstart.machines import (
    MEMORY_GIB,
    SAGEMAKER_KEEPS,
    VCPUS,
    Machines,
    choose_machines,
    hosted,
    reserved_gib,
    without_zone,
)
from placement.report.words import count, listed


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem as it is, and as commented YAML that reads as the same problem."""

    problem: Problem
    text: str
    notes: tuple[str, ...] = ()  # what a user should hear of it at once


def draft(answers: Answers, market: Market) -> Draft:
    """The problem that answers make. Time O(models x accelerators x degrees).

    Raises UsageError: a model, an accelerator, a type, a region or a zone is unknown (with the nearest names), nothing
    is offered there, or a model fits nowhere.
    Raises DocumentError: the files of a model are damaged, or several models fit nowhere.
    """
    if not answers.models:
        raise UsageError("a problem needs at least one model")
    machines, made = _rented(answers, market)
    machinery = _machinery(market, made)
    taken: set[str] = set()
    drafted: list[Drafted] = []
    wrong: dict[str, UsageError] = {}
    for model in answers.models:
        try:
            drafted.append(draft_component(model, machinery, answers, taken))
        except UsageError as error:
            wrong[model.model] = error
    if len(wrong) > 1:
        raise DocumentError((Fault(name, str(error)) for name, error in wrong.items()), "models")
    for alone in wrong.values():
        raise alone
    text = "\n".join(_lines(answers, market, machines, made, drafted)) + "\n"
    left_out = made.left_out if answers.zones or answers.spot else ()
    notes = (*_without_zone(market, machines), *left_out, *_named_twice(drafted), *_unused_measurements(answers))
    return Draft(_problem(answers, made, drafted), text, notes)


def fitting(answers: Answers, market: Market) -> Callable[[ModelWish], None]:
    """What raises the error that `draft` would raise of a model, before all else is answered."""
    _, made = _rented(answers, market)
    machinery = _machinery(market, made)

    def check(wish: ModelWish) -> None:
        draft_component(wish, machinery, answers, set())

    return check


def _rented(answers: Answers, market: Market) -> tuple[Machines, Blocks]:
    """The machines, and their sections of the problem."""
    machines = choose_machines(market, answers)
    wish = Wish(machines.names, answers.region, machines.zones, prices=answers.prices, with_spot=answers.spot)
    made = blocks(market, wish)
    for name in machines.names:  # SageMaker keeps a part of the host that it does not publish
        facts = market.types[name]
        if facts.provider == "sagemaker":
            made.instance_types[name]["reserved"] = {"memory_gib": whole(reserved_gib(facts))}
    return machines, made


def _without_zone(market: Market, machines: Machines) -> tuple[str, ...]:
    """Which nodes stand in a zone that is none, and what is missing of them."""
    if NO_ZONE not in machines.zones:
        return ()
    return (f"{without_zone(market)}, so all of them stand in one that is called {NO_ZONE}",)


def _named_twice(drafted: Sequence[Drafted]) -> Iterator[str]:
    """Which models stand several times, and so are several components: a slip, or meant so."""
    components = grouped((row.asked_name, row.row["name"]) for row in drafted)
    for asked, names in components.items():
        if len(names) > 1:
            yield (
                f"{printable(asked)} stands {len(names)} times and makes {len(names)} components, each with rules of "
                f"its own: {listed(names, 8)}; give each a name, or write one with all copies"
            )


def _unused_measurements(answers: Answers) -> tuple[str, ...]:
    """That measurements were given, and no model asks for what they tell."""
    if answers.throughputs and all(wish.rate is None or wish.throughput is not None for wish in answers.models):
        return ("the measurements are not used: they say what a copy serves of a rate; give a model rate=N",)
    return ()


def _machinery(market: Market, made: Blocks) -> dict[str, Machinery]:
    """Where each kind of accelerator is, and how many one machine has at most."""
    found: dict[str, dict[str, int]] = {}
    for pool in made.pools:
        facts = market.types[pool["instance_type"]]
        if facts.accelerator_count:
            by_zone = found.setdefault(facts.device, {})
            by_zone[pool["zone"]] = max(by_zone.get(pool["zone"], 0), hosted(facts))
    return {device: Machinery(by_zone) for device, by_zone in found.items()}


def _problem(answers: Answers, made: Blocks, drafted: list[Drafted]) -> Problem:
    components = [row.row | {"options": [copy.row for copy in row.copies]} for row in drafted]
    document: dict[str, Any] = {"name": answers.name} | made.to_document() | {"components": components}
    try:
        return Problem(**document)
    except DocumentError as error:  # names that can't stand side by side, say
        raise DocumentError(error.faults, "the problem of these answers") from None


def _lines(answers: Answers, market: Market, machines: Machines, made: Blocks, drafted: list[Drafted]) -> list[str]:
    lines = [
        *_heading(answers, market, machines, made, drafted),
        "format: placement/v1",
        f"name: {scalar(answers.name)}",
    ]
    notes = {name: printable(note) for name, note in made.notes.items()}
    for section, rows in made.to_document().items():
        lines += ["", f"{section}:"]
        lines += mapping_rows(rows, notes) if isinstance(rows, dict) else list_rows(rows)
    lines += ["", "components:"]
    for row in drafted:
        lines += _component_lines(row)
    return lines


def _heading(answers: Answers, market: Market, machines: Machines, made: Blocks, drafted: list[Drafted]) -> list[str]:
    """What a reader should know before changing anything."""
    where = f"{answers.region}: " if answers.region else ""
    models, kinds = count(len(drafted), "model"), count(len(machines.names), "kind of machine", "kinds of machines")
    notes = dict.fromkeys(note for row in drafted for copy in row.copies for note in copy.notes)
    on = f" with {answers.engine}" if "=" in answers.engine else ""
    told = [
        f"{where}{models} on {kinds}, in {', '.join(machines.zones) or 'one zone'}.",
        "A plan: placement solve FILE. All keys: docs/guide/file-format.md.",
        "",
        "; ".join([f"Estimates: the memory of a copy on each accelerator{on} (placement size tells its parts)", *notes])
        + ".",
        f"Ours, to be replaced: {VCPUS} vCPUs and {MEMORY_GIB} GiB of the host for each accelerator of a copy.",
    ]
    if any(market.types[name].provider == "sagemaker" for name in machines.names):
        part = f"{SAGEMAKER_KEEPS:.0%}"
        told.append(f"Ours too: `reserved`. SageMaker does not publish how much of the host it keeps; {part} here.")
    told += [f"Left out: {reason}." for reason in machines.left_out]
    told += [f"{note}." for note in _without_zone(market, machines)]
    told += made.remarks
    return [line for text in told for line in (comment(printable(text)) or ["#"])]


def _component_lines(drafted: Drafted) -> list[str]:
    lines = [line for remark in drafted.remarks for line in comment(printable(remark), 2)]
    first, *rest = drafted.row.items()
    lines.append(f"  - {scalar(first[0])}: {flow(first[1])}")
    lines += [f"    {scalar(key)}: {flow(value)}" for key, value in rest if key != "labels"]
    if labels := drafted.row.get("labels"):
        lines += ["    labels:", *(f"    {line}" for line in mapping_rows(labels))]
    lines.append("    options:")
    for copy in drafted.copies:
        lines += [*(f"      # {printable(words)}" for words in copy.words), f"      - {flow(copy.row)}"]
    return lines
