"""What to do with the manifests, in order, and what they can't say: the README of an export."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.errors import printable
from placement.integrations.kubernetes.naming import OWNER, namespace_of
from placement.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from placement.documents import Plan, Problem
    from placement.integrations.notes import Notes

STOPPED = ("Deployment", "ReplicaSet", "Component")  # owners that the steps end, or an earlier export's
_SHOWN = 50  # lines of commands of one kind
_DRAIN = "--ignore-daemonsets --delete-emptydir-data"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What ends with the move: components of which nothing goes on as it was, and Deployments of earlier exports."""

    components: Set[str]
    deployments: Sequence[tuple[str, str]]  # namespace, name


def steps_text(problem: Problem, plan: Plan, files: Sequence[str], notes: Notes, replaced: Replaced) -> str:
    """Markdown. Names in commands are quoted for the shell, and shown as they can be."""
    used = {row.id for row in plan.instances}
    left = [row.id for row in problem.instances if row.id not in used]
    apply = [f"kubectl apply -f {name}" for name in files]
    before = [line for name, line in zip(files, apply, strict=True) if name < "9"]
    steps = [
        ("Look at what would change.", [f"kubectl diff -f {name}" for name in files if name < "9"]),
        (
            "Machines that the plan gives back take nothing new.",
            [f"kubectl cordon {shlex.quote(name)}" for name in left],
        ),
        ("Apply, in this order.", before),
        (
            "What ran before stops, as new copies become ready. Where both have no room beside each other, new copies "
            "wait until old ones are gone: scale down by as many as may be away, and go on when the new ones run. "
            "`placement transition` orders the moves so that capacity holds at every step.",
            [*_owners(problem, replaced.components), *_scaled_down(replaced.deployments)],
        ),
        (
            "The machines that are given back are emptied of what is left.",
            [f"kubectl drain {shlex.quote(name)} {_DRAIN}" for name in left],
        ),
        ("Karpenter may disrupt nodes again.", [line for line in apply if line not in before]),
    ]
    lines = [
        f"# {escaped(problem.name or 'A plan')} on Kubernetes",
        "",
        f"{len(plan.assignments)} copies on {len(plan.instances)} machines. "
        "For Kubernetes 1.34 and later (`resource.k8s.io/v1`); without claims, 1.30.",
        "",
        "## Steps",
        "",
    ]
    for number, (title, commands) in enumerate((step for step in steps if step[1]), 1):
        lines += [f"{number}. {title}", "", *_block(commands)]
    lines += ["## What the manifests can't say", ""]
    lines += [f"- {escaped(str(note))}" for note in notes] or ["Nothing: they say all of the plan."]
    return "\n".join(lines) + "\n"


def _block(commands: Sequence[str]) -> list[str]:
    shown = [printable(line) for line in commands[:_SHOWN]]
    more = [f"# and {len(commands) - _SHOWN} more"] if len(commands) > _SHOWN else []
    return ["   ```sh", *(f"   {line}" for line in [*shown, *more]), "   ```", ""] if shown else []


def _owners(problem: Problem, written: Set[str]) -> list[str]:
    """Commands that end what ran before, of components that were imported."""
    found = []
    for row in (row for row in problem.components if row.name in written):
        owner = row.labels.get(OWNER, "")
        kind, _, name = owner.partition(" ")
        space = namespace_of(owner)
        if space and kind in ("Deployment", "ReplicaSet"):
            target = f"{kind.lower()}/{name.partition('/')[2]}"
            found.append(_stopped(space, target))
    return list(dict.fromkeys(found))


def _scaled_down(deployments: Sequence[tuple[str, str]]) -> list[str]:
    """Commands that end what an earlier export made and this one has no use for."""
    return [_stopped(space, f"deployment/{name}") for space, name in deployments]


def _stopped(space: str, target: str) -> str:
    return f"kubectl -n {shlex.quote(space)} scale {shlex.quote(target)} --replicas=0"
