"""Resources of nodes that no rule of a problem counts, summed over components: network adapters, and the most pods.

A problem has `max_per_instance` for the copies of one component alone. So an import says of which types a node may get
copies that ask for more together, and an export on which machines its plan has such: the scheduler leaves some of them
pending.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from placement.documents import Component, Problem
from placement.integrations.kubernetes.classes import NodeClass
from placement.integrations.kubernetes.objects import ANY_AMOUNT, EPHEMERAL, HUGE_PAGES
from placement.integrations.kubernetes.pods import PodRow, PodShape
from placement.integrations.kubernetes.side_by_side import Amounts, asked_on, room_of
from placement.integrations.kubernetes.standing import Candidates
from placement.integrations.kubernetes.templates import ExportContext
from placement.integrations.notes import Notes
from placement.units import BYTES_PER_GIB, listed

_PODS = "pods"  # each pod takes one; a node that does not say how many it runs takes any number


class _Asking(NamedTuple):
    """Copies of a component that may stand on a node, the least room that one takes, and the most that one asks for."""

    copies: int
    takes: Amounts
    amount: Fraction


def tell_resources_uncounted(
    problem: Problem, classes: Sequence[NodeClass], standing: Candidates, notes: Notes
) -> None:
    """A note on each resource of a type of nodes of which copies that may stand on one ask for more than it has.

    O(types x resources x components log components).
    """
    names = sorted({name for workload in standing.workloads for shape in workload.shapes for name, _ in shape.other})
    for row in classes:
        room = room_of(problem, problem.instance_types[row.name])
        for name in (_PODS, *names):
            has = min(_limit({**machine.other, _PODS: Fraction(machine.pods)}, name) for machine in row.machines)
            come = max(_asked(standing.comes_with(machine), name) for machine in row.machines)
            asking = _asking(problem, row, standing, name)
            most = int(min(_most(asking, k, each) for k, each in enumerate(room)))
            if asking and most + come > has:
                beside = f", of which pods that come with it ask for {_said(come, name)}" if come else ""
                wanted = _said(Fraction(most), name)
                told = f"a node has {_said(has, name)}{beside}, and a plan may put copies on one that ask for {wanted}"
                place = f"instance type {row.name} status.allocatable.{name}"
                notes.ignored(place, f"{told}: no rule adds up what several components ask for")


def tell_resources_beyond(export: ExportContext) -> None:
    """A note on each pool where copies of the plan on a machine ask for more of a resource than its node has.

    Where pods of a component differ, each copy asks for the most of any.
    """
    templates = export.templates
    read = templates.cluster.read_kind("Node", lambda node: node.at.amounts("status", "allocatable"))
    has = {node.name: found for node, found in read}
    come: dict[str, list[PodRow]] = defaultdict(list)
    asks: dict[str, dict[str, Fraction]] = defaultdict(lambda: {_PODS: Fraction(1)})
    for pod, component in templates.rows:
        if not component:
            come[pod.node].append(pod)
            continue
        for name, amount in pod.shape.other:
            asks[component][name] = max(amount, asks[component].get(name, Fraction(0)))
    names = sorted({_PODS, *(name for asked in asks.values() for name in asked)})
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for copy in export.plan.assignments:
        held[copy.instance][copy.component] += 1
    found: dict[tuple[str, str, Fraction], list[str]] = defaultdict(list)
    for row in export.plan.instances:
        alike = [node for node in ([row.id] if row.id in has else export.nodes_of_pool[row.pool]) if node in has]
        for name in names if alike else ():
            free = min(_limit(has[node], name) - _asked(come[node], name) for node in alike)
            asked = Fraction(sum(n * asks[component].get(name, 0) for component, n in held[row.id].items()))
            if asked > free:
                found[row.pool, name, free].append(f"{row.id} ({_said(asked, name)})")
    for (pool, name, free), machines in found.items():
        there = f"a node has {_said(free, name)} {name} for copies"
        told = f"{there}, and those of the plan ask for more on {listed(machines)}"
        export.notes.inexact(f"pool {pool}", f"{told}: those beyond wait, or go to other nodes of the pool")


def _limit(held: Mapping[str, Fraction], name: str) -> Fraction:
    return held.get(name) or (ANY_AMOUNT if name in (_PODS, EPHEMERAL) else Fraction(0))


def _amount(shape: PodShape, name: str) -> Fraction:
    return Fraction(1) if name == _PODS else dict(shape.other).get(name, Fraction(0))


def _asking(problem: Problem, row: NodeClass, standing: Candidates, name: str) -> list[_Asking]:
    """Components that may stand on nodes of a type and ask for a resource."""
    asks: dict[str, Fraction] = {}
    for w, workload in enumerate(standing.workloads):
        for s, shape in enumerate(workload.shapes):
            amount = _amount(shape, name)
            stands = amount > asks.get(workload.name, 0) and standing.may(row.machines[0].name, (w, s))  # as on others
            if stands:
                asks[workload.name] = amount
    found = []
    for component in (component for component in problem.components if component.name in asks):
        least = _least_taken(component, problem, row.name)
        if least is not None:
            found.append(_Asking(*least, asks[component.name]))
    return found


def _least_taken(component: Component, problem: Problem, name: str) -> tuple[int, Amounts] | None:
    """How many copies of a component may stand on a machine of a type, and the least that one takes; None: none may."""
    kind = problem.instance_types[name]
    room = room_of(problem, kind)
    asked = []
    for mode in component.modes:
        is_kind = not mode.accelerators or mode.on is None or kind.accelerator in mode.on
        if is_kind and (mode.instance_types is None or name in mode.instance_types):
            takes = asked_on(mode, kind, problem)
            if all(a <= has for a, has in zip(takes, room, strict=True)):
                asked.append(takes)
    if not asked:
        return None
    copies = component.copies or 0
    most = component.spread.max_per_instance
    least = (min(row[0] for row in asked), min(row[1] for row in asked), min(row[2] for row in asked))
    return (copies if most is None else min(copies, most)), least


def _most(asking: Iterable[_Asking], k: int, room: int) -> Fraction:
    """How much copies ask for at most within one kind of room, where copies could be cut: those that ask most first."""
    found, left = Fraction(0), Fraction(room)

    def each(row: _Asking) -> Fraction:
        return row.takes[k] / row.amount

    for copies, takes, amount in sorted(asking, key=each):
        fit = min(Fraction(copies), left / takes[k]) if takes[k] else Fraction(copies)
        found, left = found + fit * amount, left - fit * takes[k]
    return found


def _asked(rows: Iterable[PodRow], name: str) -> Fraction:
    """What pods ask for together."""
    return sum((_amount(row.shape, name) for row in rows), Fraction(0))


def _said(amount: Fraction, name: str) -> str:
    """Bytes as GiB, all else as it is."""
    if name == EPHEMERAL or name.startswith(HUGE_PAGES):
        return f"{float(amount / BYTES_PER_GIB):.6g} GiB"
    return f"{float(amount):.12g}"
