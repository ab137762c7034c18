"""What to do with the manifests, in order, and what they can't say: the README of an export."""

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from placement.documents import Plan, Problem
from placement.errors import printable
from placement.grouping import grouped
from placement.integrations.kubernetes.handovers import Handover, OldOwner, Turns
from placement.integrations.kubernetes.manifests import WAIT_MINUTES, Workshop
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, GROUPS, KARPENTER_POOL, slug
from placement.integrations.notes import alike_notes, told_as_one
from placement.markdown import escaped
from placement.units import count

SHRINKING = "60-smaller-workloads.yaml"  # Deployments that have fewer copies in the plan
_DELETED_FIRST = "controller.kubernetes.io/pod-deletion-cost"
# How many copies of some Deployments serve: nothing is told where that is none.
_READY = (
    "ready() { space=$1; shift; "
    """echo $(( $(kubectl -n "$space" get "$@" -o jsonpath='{..readyReplicas}' | tr ' ' '+') + 0 )); }"""
)
_SHOWN = 50  # commands of one kind
_DRAIN = "--ignore-daemonsets --delete-emptydir-data"
_PATIENCE = f"--timeout={WAIT_MINUTES}m"


def steps_text(
    workshop: Workshop, files: Sequence[str], moved: Sequence[Handover], unscaled: Sequence[tuple[str, str]]
) -> str:
    """Markdown. Names in commands are quoted for the shell, and shown as they can be.

    `unscaled` are autoscalers (namespace, kind/name) that go before what they scale stops.
    """
    problem, plan = workshop.problem, workshop.plan
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
            [
                [f"kubectl label node {' '.join(map(shlex.quote, names))} {key}="]
                for key, names in workshop.labelled.items()
            ],
        ),
        ("Apply what stands around the copies, in this order.", _applied(files, "0", "4")),
        (
            "These autoscalers would start again what stops.",
            [[f"{_kubectl(space)} delete {shlex.quote(target)}"] for space, target in unscaled],
        ),
        (
            "These must end before their new copies start, so nothing serves in between. Go on when their pods are "
            "gone; where a note says that a volume does not follow, solve that first.",
            [[*map(_scaled, row.ended_first), *_gone(row.ended_first)] for row in moved if row.stops_first],
        ),
        (
            "The plan has machines that do not run yet. Copies wait until somebody has started them.",
            _started(problem, plan, workshop.node_pool_of),
        ),
        ("The new copies start.", _applied(files, "4", SHRINKING)),
        (
            "What ran before stops, once all new copies of its component run: a wait that ends in vain stops nothing. "
            "It stays, at no copies, to go back to: delete it when nobody needs it any more.",
            [_taken_over(row) for row in moved if not row.turns and _ends(row)],
        ),
        (
            "New copies of these have no room beside what they replace. So old ones end in turns, as many as may be "
            "away, and each turn waits until as many new ones serve: one that waits in vain ends nothing more. Where "
            "one waits for long, `kubectl get pods` tells which new ones are pending: scale what still runs on their "
            "machines down, copy by copy, until the turns go on. "
            "`placement transition` orders moves so that capacity holds at every step.",
            [[_READY], *map(_in_turns, _groups(moved))] if any(row.turns for row in moved) else [],
        ),
        ("All copies of the plan run then.", [_taken_over(row) for row in moved if not row.turns and not _ends(row)]),
        (
            "When all of that is done, the machines that are given back are emptied of what is left.",
            [[f"kubectl drain {shlex.quote(name)} {_DRAIN}"] for name in left],
        ),
        (
            "A machine that is empty still costs. One of Karpenter ends when its node is deleted; others are for who "
            "manages them to take away.",
            _taken_away(left, workshop.templates.labels),
        ),
        ("Karpenter may disrupt nodes again.", _applied(files, "9", ":")),
    ]
    lines = [
        f"# {escaped(problem.name or 'A plan')} on Kubernetes",
        "",
        f"{count(len(plan.assignments), 'copy', 'copies')} on {count(len(plan.instances), 'machine')}. "
        "For Kubernetes 1.34 and later (`resource.k8s.io/v1`); without claims, 1.30.",
        "",
        "## Steps",
        "",
    ]
    told = [(title, [lines for lines in commands if lines]) for title, commands in steps]
    for number, (title, commands) in enumerate((step for step in told if step[1]), 1):
        lines += [f"{number}. {title}", "", *_block(commands)]
    lines += ["## What the manifests can't say", ""]
    told_once = [told_as_one(alike) for alike in alike_notes(list(workshop.notes))]
    lines += [f"- {escaped(note)}" for note in told_once] or ["Nothing: they say all of the plan."]
    return "\n".join(lines) + "\n"


def _started(problem: Problem, plan: Plan, made: Mapping[str, str]) -> list[list[str]]:
    """Who starts the new machines of the plan, by pool."""
    new = Counter(row.pool for row in plan.instances if row.new)
    found = []
    for pool in (row for row in problem.pools if row.name in new and row.name not in made):
        key = next((key for key in pool.labels if key.endswith(GROUPS)), "")
        group = f"{key}={pool.labels[key]}" if key else ""
        who = "nothing here starts one: start it yourself, with the labels of the pool"
        if KARPENTER_POOL in pool.labels:
            who = f"Karpenter starts them for copies that wait, if the limits of {group} allow it"
        elif key:
            who = f"Cluster Autoscaler does for copies that wait; where it does not run make {group} larger"
        found.append([f"# {pool.name}: {count(new[pool.name], 'machine')}; {who}"])
    return found


def _taken_away(left: Sequence[str], nodes: Mapping[str, Mapping[str, str]]) -> list[list[str]]:
    """How machines end that the plan gives back, by who started them."""
    deleted, rest = [], []
    groups: dict[str, list[str]] = defaultdict(list)
    for name in left:
        labels = nodes.get(name, {})
        key = next((key for key in labels if key.endswith(GROUPS)), "")
        if KARPENTER_POOL in labels:
            deleted.append([f"kubectl delete node {shlex.quote(name)}"])
        elif key:
            groups[f"{key}={labels[key]}"].append(name)
        else:
            rest.append([f"# {name}: return the machine, then kubectl delete node {shlex.quote(name)}"])
    for group, names in groups.items():
        told = f"# {group}: {count(len(names), 'machine')} fewer, without {', '.join(names)}"
        rest.append([f"{told} (Cluster Autoscaler does that by itself)"])
    return [*deleted, *rest]


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
    return _chain([*waits, *_ends(row)])


def _ends(row: Handover) -> list[str]:
    """Deployments of the plan that have fewer copies then, and what stops."""
    applied = [f"kubectl apply -f {SHRINKING} -l {COMPONENT_LABEL}={slug(row.component)}"] if row.later else []
    return [*applied, *([] if row.stops_first else map(_scaled, row.stops))]


def _chain(lines: Sequence[str]) -> list[str]:
    return [f"{line} && \\" for line in lines[:-1]] + [*lines[-1:]]


def _groups(moved: Sequence[Handover]) -> list[list[Handover]]:
    """Components whose turns are taken together."""
    return [*grouped((row.turns.group, row) for row in moved if row.turns).values()]


def _in_turns(rows: Sequence[Handover]) -> list[str]:
    """Old copies end so many at a time; a turn ends when as many new ones serve, as far as the plan has them."""
    lines = []
    for row in rows:
        away, first, _ = row.turns or Turns(1, (), 0)
        lines.append(f"# {row.component}: at most {count(away, 'copy', 'copies')} away at once")
        space = [*row.stops, *row.shrinks][0].owner.namespace
        if first:
            pods = " ".join(shlex.quote(f"pod/{name}") for name in first)
            lines.append(f"{_kubectl(space)} annotate {pods} {_DELETED_FIRST}=-1 --overwrite")
    turns = [own for row in rows if (own := [*_turns(row)])]
    if len(turns) == 1:
        for scaled, wait in turns[0]:
            lines += [*scaled, *([f"until {wait}; do sleep 5; done"] if wait else [])]
    elif turns:
        lines += _side_by_side(turns)
    return [*lines, *(line for row in rows for line in _chain(_ends(row)[: len(row.later) and 1]))]


def _side_by_side(turns: Sequence[Sequence[tuple[Sequence[str], str]]]) -> list[str]:
    """A function for each component that takes one of its turns, and a loop that asks them by turns.

    No component waits for the wait of another. New copies start where they find room, so those of one may take what
    another has left; the first is ahead of its own wait then, and its next turn makes room.

    All wait at once only where each has more new copies without room than old ones that still run. As all of the plan
    fits, an old copy then stands in the way of two new ones at least: never where all copies are of one size and none
    keeps off another. Otherwise it can be: small copies wait for the places of a large one, and it for those of small
    ones, which ended on several machines. The loop ends nothing more then, and the README says the way out.
    """
    lines, over, steps = [], [], []
    for number, own in enumerate(turns, 1):
        lines += [f"turn_{number}() {{", "  case $1 in"]
        waits = ["", *(wait for _, wait in own)]
        for k, (wait, scaled) in enumerate(zip(waits, [*(scaled for scaled, _ in own), ()], strict=True)):
            lines.append(f"    {k}) {' && '.join([*([wait] if wait else []), *scaled]) or 'true'};;")
        lines += ["  esac", "}"]
        over.append(f"[ $next_{number} -gt {len(own)} ]")
        steps.append(f"  turn_{number} $next_{number} && next_{number}=$((next_{number} + 1))")
    begin = " ".join(f"next_{number}=0" for number in range(1, len(turns) + 1))
    return [*lines, begin, f"until {' && '.join(over)}; do", *steps, "  sleep 5", "done"]


def _turns(row: Handover) -> Iterator[tuple[Sequence[str], str]]:
    """Of each turn the commands that end copies, and what is true when as many new ones serve."""
    away, names = (row.turns or Turns(1, (), 0)).away, " ".join(f"deployment/{name}" for _, name in row.starts)
    ends = [*row.stops, *row.shrinks]
    most = sum(old.copies - old.stay for old in ends)
    spare = max(0, most - (row.wanted - row.ready))
    left = {old.owner: old.copies for old in ends}
    for ended in [*range(away, most, away), most] if most else []:
        missing = ended - sum(old.copies - left[old.owner] for old in ends)
        scaled = []
        for old in ends:
            fewer = min(missing, left[old.owner] - old.stay)
            if fewer:
                left[old.owner], missing = left[old.owner] - fewer, missing - fewer
                scaled.append(_scaled(old._replace(stay=left[old.owner])))
        wait = f'[ "$(ready {shlex.quote(ends[0].owner.namespace)} {names})" -ge {row.ready + ended - spare} ]'
        yield scaled, wait if row.starts and ended > spare else ""


def _scaled(old: OldOwner) -> str:
    target = shlex.quote(f"{old.owner.kind.lower()}/{old.owner.name}")
    return f"{_kubectl(old.owner.namespace)} scale {target} --replicas={old.stay}"


def _gone(ended: Sequence[OldOwner]) -> list[str]:
    return [
        f"{_kubectl(old.owner.namespace)} wait --for=delete {' '.join(map(shlex.quote, pods))} {_PATIENCE}"
        for old in ended
        for pods in old.pods
    ]


def _kubectl(space: str) -> str:
    return f"kubectl -n {shlex.quote(space)}"
