"""The problem that answers make, and its text with comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.catalogue.blocks import Wish, blocks
from placement.catalogue.rows import whole
from placement.documents import Problem
from placement.documents.yaml_rows import comment, flow, list_rows, mapping_rows, scalar
from placement.errors import DocumentError, UsageError, printable
from placement.quickstart.components import Machinery, draft_component
from placement.quickstart.machines import MEMORY_GIB, SAGEMAKER_KEEPS, VCPUS, choose_machines, reserved_gib
from placement.report.words import count

if TYPE_CHECKING:
    from placement.catalogue.blocks import Blocks
    from placement.catalogue.market import Market
    from placement.quickstart.answers import Answers
    from placement.quickstart.components import Drafted
    from placement.quickstart.machines import Machines


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem as it is, and as commented YAML that reads as the same problem."""

    problem: Problem
    text: str


def draft(answers: Answers, market: Market) -> Draft:
    """The problem that answers make. Time O(models x accelerators x degrees).

    Raises
    ------
    UsageError
        A model, an accelerator, a type, a region or a zone is unknown (with the nearest names), nothing is offered
        there, or a model fits nowhere.
    DocumentError
        The files of a model are damaged.
    """
    if not answers.models:
        raise UsageError("a problem needs at least one model")
    machines = choose_machines(market, answers)
    wish = Wish(machines.names, answers.region, machines.zones, prices=answers.prices)
    made = blocks(market, wish)
    for name in machines.names:  # SageMaker keeps a part of the host that it does not publish
        facts = market.types[name]
        if facts.provider == "sagemaker":
            made.instance_types[name]["reserved"] = {"memory_gib": whole(reserved_gib(facts))}
    machinery = _machinery(market, made)
    taken: set[str] = set()
    drafted = [draft_component(model, machinery, answers, taken) for model in answers.models]
    text = "\n".join(_lines(answers, market, machines, made, drafted)) + "\n"
    return Draft(_problem(answers, made, drafted), text)


def _machinery(market: Market, made: Blocks) -> dict[str, Machinery]:
    """Where each kind of accelerator is, and how many one machine has at most."""
    found: dict[str, Machinery] = {}
    for pool in made.pools:
        facts = market.types[pool["instance_type"]]
        if facts.accelerator_count:
            before = found.get(facts.device, Machinery(0, frozenset()))
            most = max(before.most, facts.accelerator_count)
            found[facts.device] = Machinery(most, before.zones | {pool["zone"]})
    return found


def _problem(answers: Answers, made: Blocks, drafted: list[Drafted]) -> Problem:
    components = [row.row | {"options": list(row.options)} for row in drafted]
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
    notes = dict.fromkeys(note for row in drafted for note in row.notes)
    told = [
        f"{where}{models} on {kinds}, in {', '.join(machines.zones) or 'one zone'}.",
        "A plan: placement solve FILE. All keys: docs/guide/file-format.md.",
        "",
        "; ".join(["Estimates: the memory of a copy on each accelerator (placement size tells its parts)", *notes])
        + ".",
        f"Ours, to be replaced: {VCPUS} vCPUs and {MEMORY_GIB} GiB of the host for each accelerator of a copy.",
    ]
    if any(market.types[name].provider == "sagemaker" for name in machines.names):
        part = f"{SAGEMAKER_KEEPS:.0%}"
        told.append(f"Ours too: `reserved`. SageMaker does not publish how much of the host it keeps; {part} here.")
    told += [f"Left out: {reason}." for reason in machines.left_out]
    told += made.remarks
    return [line for text in told for line in (comment(printable(text)) or ["#"])]


def _component_lines(drafted: Drafted) -> list[str]:
    lines = [line for remark in drafted.remarks for line in comment(printable(remark), 2)]
    first, *rest = drafted.row.items()
    lines.append(f"  - {scalar(first[0])}: {flow(first[1])}")
    lines += [f"    {scalar(key)}: {flow(value)}" for key, value in rest]
    lines.append("    options:")
    for option, command in zip(drafted.options, drafted.commands, strict=True):
        lines += [f"      # {printable(command)}", f"      - {flow(option)}"]
    return lines
