"""What to do with the manifests, in order, and what they can't say: the README of an export."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from placement.errors import printable
from placement.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Plan, Problem
    from placement.integrations.kubernetes.handovers import Handover
    from placement.integrations.notes import Notes

STOPPED = ("Deployment", "ReplicaSet", "Component")  # owners that the steps end, or an earlier export's
_SHOWN = 50  # commands of one kind
_DRAIN = "--ignore-daemonsets --delete-emptydir-data"
_PATIENCE = "--timeout=30m"


def steps_text(
    problem: Problem,
    plan: Plan,
    files: Sequence[str],
    notes: Notes,
    moved: Sequence[Handover],
    unscaled: Sequence[tuple[str, str]],
    labelled: Mapping[str, Sequence[str]],
) -> str:
    """Markdown. Names in commands are quoted for the shell, and shown as they can be.

    `unscaled` are autoscalers (namespace, kind/name) that must go before what they scale stops; `labelled` nodes by the
    label that they get.
    """
    used = {row.id for row in plan.instances}
    left = [row.id for row in problem.instances if row.id not in used]
    steps = [
        ("Look at what would change.", [[f"kubectl diff -f {name}"] for name in files if name < "9"]),
        (
            "Machines that the plan gives back take nothing new.",
            [[f"kubectl cordon {shlex.quote(name)}"] for name in left],
        ),
        (
            "Machines that run get a label, which copies for new machines keep off.",
            [[f"kubectl label node {' '.join(map(shlex.quote, names))} {key}="] for key, names in labelled.items()],
        ),
        ("Apply what stands around the copies, in this order.", _applied(files, "0", "4")),
        (
            "These autoscalers would start again what stops.",
            [[f"{_kubectl(space)} delete {shlex.quote(target)}"] for space, target in unscaled],
        ),
        (
            "These must end before their new copies start, so nothing serves in between. Go on when their pods are "
            "gone; where a note says that a volume does not follow, solve that first.",
            [[*_stopped(row), *_gone(row)] for row in moved if row.stops_first],
        ),
        ("The new copies start.", _applied(files, "4", "9")),
        (
            "What ran before stops, once all new copies of its component run: a wait that ends in vain stops nothing. "
            "Where both have no room beside each other, new copies wait until old ones are gone: scale down by as "
            "many as may be away, and go on when the new ones run. `placement transition` orders the moves so that "
            "capacity holds at every step.",
            [_taken_over(row) for row in moved],
        ),
        (
            "When all of that is done, the machines that are given back are emptied of what is left.",
            [[f"kubectl drain {shlex.quote(name)} {_DRAIN}"] for name in left],
        ),
        ("Karpenter may disrupt nodes again.", _applied(files, "9", ":")),
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
    told = [(title, [lines for lines in commands if lines]) for title, commands in steps]
    for number, (title, commands) in enumerate((step for step in told if step[1]), 1):
        lines += [f"{number}. {title}", "", *_block(commands)]
    lines += ["## What the manifests can't say", ""]
    lines += [f"- {escaped(str(note))}" for note in notes] or ["Nothing: they say all of the plan."]
    return "\n".join(lines) + "\n"


def _block(commands: Sequence[Sequence[str]]) -> list[str]:
    """Commands of several lines each; the first of them, so that none is cut in two."""
    shown = [printable(line) for lines in commands[:_SHOWN] for line in lines]
    more = [f"# and {len(commands) - _SHOWN} more"] if len(commands) > _SHOWN else []
    return ["   ```sh", *(f"   {line}" for line in [*shown, *more]), "   ```", ""]


def _applied(files: Sequence[str], first: str, end: str) -> list[list[str]]:
    return [[f"kubectl apply -f {name}"] for name in files if first <= name < end]


def _taken_over(row: Handover) -> list[str]:
    """Waits until all that starts runs, then ends what ran before, unless that has ended; one command."""
    waits = [f"{_kubectl(space)} rollout status deployment/{name} {_PATIENCE}" for space, name in row.starts]
    chain = [*waits, *([] if row.stops_first else _stopped(row))]
    return [f"{line} && \\" for line in chain[:-1]] + chain[-1:]


def _stopped(row: Handover) -> list[str]:
    return [
        f"{_kubectl(old.space)} scale {shlex.quote(f'{old.kind.lower()}/{old.name}')} --replicas=0" for old in row.stops
    ]


def _gone(row: Handover) -> list[str]:
    return [
        f"{_kubectl(old.space)} wait --for=delete {' '.join(map(shlex.quote, old.pods))} {_PATIENCE}"
        for old in row.stops
        if old.pods
    ]


def _kubectl(space: str) -> str:
    return f"kubectl -n {shlex.quote(space)}"
