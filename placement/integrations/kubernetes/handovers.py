"""What takes the place of what: which Deployments start, which stop, and which must stop before their successors start.

Copies that their owner never lets run beside each other (`Recreate`), or that mount a volume which one node at a time
may hold, end first. A volume of one zone does not follow copies to another. A Deployment of an earlier export that has
fewer copies in the plan is changed last, as if what it loses stopped.

Owners that run copies now are ended by the steps, left as they are, or for a person to end. A StatefulSet, a
LeaderWorkerSet or a Rollout of Argo can be scaled, and is where the plan has none of its copies. What starts its pods
again by itself, such as a KServe service or another operator's object, is to be changed there.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from placement.documents import Component
from placement.grouping import grouped, in_common
from placement.integrations.kubernetes.generations import PodGeneration
from placement.integrations.kubernetes.manifests import Workshop
from placement.integrations.kubernetes.naming import NAMED, Owner
from placement.integrations.kubernetes.objects import KubeObject
from placement.integrations.kubernetes.pods import controller_of
from placement.integrations.kubernetes.side_by_side import shortage, tell_cordoned, tied
from placement.integrations.kubernetes.templates import HASH, ExportContext, Templates
from placement.integrations.kubernetes.volumes import MountedClaim
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, WrittenCopies
from placement.units import count, listed

_ENDED = ("Deployment", "ReplicaSet")  # owners that the steps scale to 0 once new copies run
_REPLACED = (*_ENDED, "Component")  # these, or an earlier export's
_SCALED = ("StatefulSet", "LeaderWorkerSet", "Rollout")  # that `kubectl scale` knows too


class OldOwner(NamedTuple):
    """What runs copies now, and ends or keeps fewer.

    `pods` are arguments that tell its pods to `kubectl wait`; `copies` run, and `stay` of them go on.
    """

    owner: Owner
    pods: tuple[tuple[str, ...], ...] = ()
    copies: int = 0
    stay: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.owner.namespace, self.owner.name


class Turns(NamedTuple):
    """Old copies that end so many at a time, since new ones have no room beside them; some of them before others.

    `group` is of components that wait for places of each other, whose turns are taken together.
    """

    away: int
    first: tuple[str, ...]  # pods
    group: int


class Handover(NamedTuple):
    """Of one component the Deployments of the plan (namespace, name), those that shrink by it, and what stops.

    `ready` copies run already in Deployments that grow or go on as they are, which have `wanted` in the plan.
    """

    component: str
    written: Sequence[tuple[str, str]]
    shrinks: Sequence[OldOwner]
    stops: Sequence[OldOwner]
    stops_first: bool = False
    ready: int = 0
    wanted: int = 0
    turns: Turns | None = None

    @property
    def starts(self) -> list[tuple[str, str]]:
        """Deployments that start, grow or go on: before anything ends, unless old copies must end first."""
        later = {row.key for row in self.later}
        return [key for key in self.written if key not in later]

    @property
    def later(self) -> Sequence[OldOwner]:
        """Deployments of the plan that are applied once others run, as they have fewer copies then."""
        return () if self.stops_first else self.shrinks

    @property
    def ended_first(self) -> list[OldOwner]:
        """What ends before any copy starts: all of it, as what stays of a Deployment starts again with the others."""
        return [row._replace(stay=0) for row in (*self.stops, *self.shrinks)] if self.stops_first else []


def handovers(workshop: Workshop, new: Sequence[WrittenCopies], replaced: Set[str]) -> list[Handover]:
    """One for each component that is replaced, then what earlier exports made of components that are no more."""
    problem, templates = workshop.problem, workshop.templates
    written = grouped((row.component, row) for row in new)
    all_written = {row.key for row in new}
    known = {row.name for row in problem.components}
    outdated = grouped(
        (component, _old(Owner("Deployment", *key), templates))
        for key, component in sorted(templates.exported.items())
        if key not in all_written and (component in replaced or component not in known)
    )
    found = []
    for row in (row for row in problem.components if row.name in replaced):
        name, own = row.name, [each.variant for each in written[row.name]]
        then = {each.key: each.variant.copies for each in written[name]}
        before = {key: _old(Owner("Deployment", *key), templates) for key in then}
        now = {key: old.copies for key, old in before.items()}
        shrinks = [before[key]._replace(stay=then[key]) for key in then if now[key] > then[key]]
        stops = [*_owner(row, sum(then.values()), templates), *outdated.pop(name, ())]
        why = _why_first(name, templates) if (stops or shrinks) and any(then[key] > now[key] for key in then) else ""
        if why:
            workshop.notes.assumed(f"component {name}", f"{why}: the steps end its old copies before new ones start")
        if own:
            _tell_volumes(own, workshop)
        goes_on = [key for key in then if now[key] <= then[key]]
        ready, wanted = sum(now[key] for key in goes_on), sum(then[key] for key in goes_on)
        found.append(Handover(name, [*then], shrinks, stops, bool(why), ready, wanted))
    found += [Handover(component, [], [], stops) for component, stops in outdated.items()]
    return _in_turns(found, workshop, new)


def _in_turns(found: list[Handover], workshop: Workshop, new: Sequence[WrittenCopies]) -> list[Handover]:
    """The same, with turns where new copies have no room beside old ones, which a note names."""
    problem, plan, templates, notes = workshop.problem, workshop.plan, workshop.templates, workshop.notes
    running = [_copies(Owner("Deployment", *row.key), templates) for row in new]
    groups = [row.variant for row in new]
    added = [row._replace(copies=max(0, row.copies - now)) for row, now in zip(groups, running, strict=True)]
    tell_cordoned(problem, plan, added, notes)
    short = shortage(problem, plan, added, {row.component for row in found if row.stops_first})
    away = {row.name: max(1, row.most_unavailable) for row in problem.components}
    without_room = {name for names in short.values() for name in names}
    waiting = [
        row.component
        for row in found
        if row.component in without_room and not row.stops_first and (row.stops or row.shrinks)
    ]
    if waiting:
        told = "new copies have no room beside those that they replace: the steps end old ones in turns"
        notes.inexact(f"{'component' if len(waiting) == 1 else 'components'} {listed(waiting)}", told)
    none_away = [row.name for row in problem.components if row.name in waiting and not row.most_unavailable]
    if none_away:
        told = "is 0, and in these turns one copy at a time is away: make room beside them first where that must not be"
        notes.inexact(f"max_unavailable of {listed(none_away)}", told)
    first = _pods_on({*short}, templates)
    turns = {
        name: Turns(away[name], first.get(name, ()), number)
        for number, names in enumerate(tied(problem, waiting, short))
        for name in names
    }
    return [row._replace(turns=turns.get(row.component)) for row in found]


def _pods_on(machines: Set[str], templates: Templates) -> dict[str, tuple[str, ...]]:
    """By component its pods on some machines, where it has others elsewhere too."""
    found = grouped((component, row.pod.name) for row, component in templates.rows if row.node in machines)
    elsewhere = {component for row, component in templates.rows if row.node not in machines}
    return {component: tuple(names) for component, names in found.items() if component in elsewhere}


def _owner(component: Component, copies: int, templates: Templates) -> Iterator[OldOwner]:
    """What ran a component before it was exported, if anything did that can be scaled."""
    owner = Owner.of(component)
    if owner.namespace and _ends_by_scaling(component, copies, templates):
        yield _old(owner, templates)
    elif owner.kind == "Component":  # an export that was applied in part: what ran before is still there
        yield from (_old(before, templates) for before in templates.beside(component.name) if before.kind in _ENDED)


def _old(owner: Owner, templates: Templates) -> OldOwner:
    return OldOwner(owner, _pods(owner, templates), _copies(owner, templates))


def _copies(owner: Owner, templates: Templates) -> int:
    """How many copies an owner wants, or else how many run."""
    found = templates.cluster.get(*owner)
    told = found.at.whole_at("spec", "replicas") if found and owner.kind != "LeaderWorkerSet" else None
    return len(templates.by_owner.get(owner, ())) if told is None else told


def _pods(owner: Owner, templates: Templates) -> tuple[tuple[str, ...], ...]:
    """Arguments that tell the pods of an owner and no others, for each ReplicaSet of it: by labels where these do.

    Its selector may take pods of others, and those that have failed, which nobody deletes.
    """
    found = grouped((controller_of(pod), pod) for pod in templates.by_owner.get(owner, ()))
    return tuple(_told(pods, templates) for pods in found.values())


def _told(pods: Sequence[KubeObject], templates: Templates) -> tuple[str, ...]:
    alike = in_common([pod.labels for pod in pods])
    near = templates.by_hash.get((pods[0].namespace, alike.get(HASH, "")), ())
    takes = [pod for pod in near if all(pod.labels.get(key) == value for key, value in alike.items())]
    if HASH in alike and len(takes) == len(pods):  # that of its ReplicaSet, so later pods of it have it too
        selector = ",".join(f"{key}={value}" for key, value in sorted(alike.items()))
        return ("pod", "-l", selector, "--field-selector", "status.phase!=Failed,status.phase!=Succeeded")
    return tuple(f"pod/{pod.name}" for pod in pods)


def _why_first(component: str, templates: Templates) -> str:
    """Why its old copies must be gone before new ones start; empty where they need not."""
    made_by = (row.deployment for row in _generations(component, templates))
    if any(row.at.text_at("spec", "strategy", "type") == "Recreate" for row in made_by if row is not None):
        return "the strategy of its Deployment is Recreate"
    volumes = [claim.place for claim in _held_by_one(component, templates)]
    return f"it mounts {listed(volumes)}, which pods of one node at a time may hold" if volumes else ""


def _generations(component: str, templates: Templates) -> list[PodGeneration]:
    return [row for (name, _), row in templates.pods.items() if name == component]


def _held_by_one(component: str, templates: Templates) -> list[MountedClaim]:
    """The claims that pods of a component mount, but for those known to be of many nodes; by name."""
    pods = (pod for row in _generations(component, templates) for pod in row.pods)
    found = {claim for pod in pods for claim in templates.volumes.mounted_by(pod) if not claim.is_of_many}
    return sorted(found, key=lambda claim: claim.place)


def _tell_volumes(groups: Sequence[PlanVariant], workshop: Workshop) -> None:
    """Notes on copies of one component that wait for a volume, as others hold it or as it is elsewhere."""
    component, plan = groups[0].component.name, workshop.plan
    volumes, notes = workshop.templates.volumes, workshop.notes
    now = {*workshop.zones_running[component]}
    zones = {row.pool.zone for row in groups} - now
    copies = sum(row.copies for row in groups)
    nodes = sorted({row.instance for row in plan.assignments if row.component == component})
    machines = Counter(row.pool for row in plan.instances)[groups[0].pool.name]
    has = f"the plan has {count(copies, 'copy', 'copies')}"
    for claim in _held_by_one(component, workshop.templates):
        place = f"component {component} {claim.place}"
        if now and zones and not volumes.is_free(claim):
            told = f"to {listed(sorted(zones))}: a volume of one zone does not follow, and new copies there wait"
            way = f"name the zones of the volume in `zones` ({listed(sorted(now))}), or move its data first"
            notes.inexact(place, f"the plan moves its copies {told}; {way}")
        if claim.is_of_one_pod and copies > 1:
            notes.inexact(place, f"{has}, and {claim.holders}: the others wait")
        elif len(nodes) > 1:
            notes.inexact(place, f"{has} on {listed(nodes)}, and {claim.holders}: those on the other nodes wait")
        elif copies > 1 and not groups[0].machine and machines > 1:
            told = f"and the scheduler may put them on several nodes of {groups[0].pool.name}; --pin node says which"
            notes.inexact(place, f"{has} on {nodes[0]}, and {claim.holders}, {told}")


def _ends_by_scaling(component: Component, copies: int, templates: Templates) -> bool:
    """Whether the steps scale a component's owner to 0: once new copies run, or where the plan has none of them."""
    if component.name in templates.services:
        return bool(copies)
    kind = Owner.of(component).kind
    return kind in _ENDED or (kind in _SCALED and not copies)


def tell_owner(component: Component, export: ExportContext) -> None:
    """What becomes of a component's owner where that is no Deployment."""
    place, owner, notes, templates = f"component {component.name}", Owner.of(component), export.notes, export.templates
    copies, running = export.planned[component.name], export.running[component.name]
    if owner.kind == "Component":
        for other in (row for row in templates.beside(component.name) if row.kind not in _ENDED):
            told = "runs copies beside what an export made: no step here ends those, so end them there"
            notes.inexact(place, f"{other.place} {told}")
    service = templates.services.get(component.name)
    if service:
        tell_service(place, service, copies, notes)
    elif not copies:
        _tell_none(place, owner, running, notes)
    elif owner.kind in NAMED:
        _tell_named(place, owner, copies, running, notes)
    elif owner.is_left_alone:
        notes.assumed(place, f"its owner is a {owner.kind}: its pods are left as they are")
    elif owner.kind not in _REPLACED and owner.namespace:
        told = f"a {owner.kind} runs its copies: no step here ends those, so end them there as new ones start"
        notes.inexact(place, told)


def tell_service(place: str, service: KubeObject, copies: int, notes: Notes) -> None:
    """A service that runs a component; `copies` are those of the plan."""
    if copies:
        told = f"{service.place} runs it, and would start again what the steps end"
        way = "point clients elsewhere and delete it once the new copies serve: its address goes with it"
        notes.inexact(place, f"{told}: {way}; or write services (export kserve)")
    else:
        space, name = shlex.quote(service.namespace), shlex.quote(service.name)
        told = f"the plan has none of its copies, and {service.place} runs on: point clients elsewhere, then delete it"
        notes.inexact(place, f"{told} (kubectl -n {space} delete {service.kind.lower()} {name})")


def _tell_none(place: str, owner: Owner, running: int, notes: Notes) -> None:
    """A component of which the plan has no copy."""
    if not running or owner.kind in _REPLACED or not owner.namespace:
        return
    if owner.kind in _SCALED:
        volumes = ", whose volumes stay unless it says otherwise" if owner.kind == "StatefulSet" else ""
        notes.assumed(place, f"the plan has none of its copies: the steps scale {owner.place} to 0{volumes}")
    else:
        told = f"the plan has none of its {count(running, 'copy', 'copies')}, and no step here ends {owner.place}"
        notes.inexact(place, f"{told}: end it there")


def _tell_named(place: str, owner: Owner, copies: int, running: int, notes: Notes) -> None:
    """Pods with names, volumes or groups of their own."""
    told = f"its pods, of a {owner.kind}, have names, volumes or groups of their own: it is left as it is"
    notes.inexact(place, f"{told}, and its places are for you to set")
    if copies == running or not owner.namespace:
        return
    told = f"the plan has {count(copies, 'copy', 'copies')}, and {running} run"
    if owner.kind == "StatefulSet":
        target = shlex.quote(f"statefulset/{owner.name}")
        command = f"kubectl -n {shlex.quote(owner.namespace)} scale {target} --replicas={copies}"
        which = ", which ends those of the highest numbers, wherever they stand" if copies < running else ""
        notes.inexact(place, f"{told}: {command}{which}")
    else:
        notes.inexact(place, f"{told}: set the groups of {owner.place}")
