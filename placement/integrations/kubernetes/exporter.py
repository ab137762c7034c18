"""A plan as manifests in the order in which they are applied, and the steps around them."""

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from placement.documents import Component, Plan, Problem
from placement.errors import UsageError, printable
from placement.grouping import grouped
from placement.integrations.exported import Exported
from placement.integrations.kubernetes.autoscalers import rescaled
from placement.integrations.kubernetes.claiming import claims_for
from placement.integrations.kubernetes.cleaning import tell_unknown
from placement.integrations.kubernetes.handovers import handovers, tell_owner
from placement.integrations.kubernetes.importer import Wishes, import_cluster
from placement.integrations.kubernetes.karpenter import (
    frozen,
    kept_pools,
    made_pools,
    node_pools_of,
    tell_what_new_nodes_lack,
)
from placement.integrations.kubernetes.manifests import ExportWishes, Workshop, copy_groups, deployment, pool_labels
from placement.integrations.kubernetes.mixed import mixed_of
from placement.integrations.kubernetes.naming import Owner, is_namespace, is_object_name
from placement.integrations.kubernetes.objects import Json, read_cluster
from placement.integrations.kubernetes.protection import budget_of, tell_counts, tell_kept_budgets, tell_quotas
from placement.integrations.kubernetes.resource_sums import tell_resources_beyond
from placement.integrations.kubernetes.roll_outs import tell_roll_outs
from placement.integrations.kubernetes.steps import SHRINKING, steps_text
from placement.integrations.kubernetes.templates import ExportContext, Templates, templates_of
from placement.integrations.manifests import manifest_text
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, WrittenCopies
from placement.units import count, listed

FREEZE, POOLS, GUARDS, CLAIMS, WORK, SCALERS, SETTLE, STEPS = (
    *("00-freeze-node-pools.yaml", "10-node-pools.yaml", "20-disruption-budgets.yaml", "30-claims.yaml"),
    *("40-workloads.yaml", "50-autoscalers.yaml", "90-settle-node-pools.yaml", "README.md"),
)
# `avoid`, `dedicated`, `max_unavailable` and the most copies on one machine are in the manifests.
_IN_NO_MANIFEST = (
    *("demand", "priority", "zones", "min_available_on_zone_loss", "min_available_on_pool_loss"),
    *("min_available_on_instance_loss", "move_cost", "startup_seconds"),
)
_OF_SPREAD = ("max_skew", "min_zones", "max_per_zone")
_OF_OPTIONS = ("on", "instance_types", "throughput")
_KEEP = "an import of the cluster afterwards does not know them, so keep the problem; convert --running joins the two"


def export_kubernetes(problem: Problem, plan: Plan, wishes: ExportWishes | None = None) -> Exported:
    """Manifests of a plan that keeps every rule, which the caller has checked.

    O(copies log copies).
    Raises DocumentError: the cluster's files are damaged.
    Raises UsageError: something that the manifests need is not told: who shares accelerators, which ones a node has.
    """
    wishes = wishes or ExportWishes()
    if not is_namespace(wishes.namespace):
        raise UsageError(f"--namespace must be a name such as serving, got {printable(wishes.namespace)}")
    if wishes.node_class and not is_object_name(wishes.node_class):
        raise UsageError(f"--node-class must be a name such as default, got {printable(wishes.node_class)}")
    notes = Notes()
    plan = plan.telling_new({row.id for row in problem.instances})
    templates, now = _read(wishes)
    made = made_pools(problem, plan) if wishes.node_class else {}
    standing = {row.pool for row in plan.instances if not row.new}
    groups = [row for row in copy_groups(problem, plan, wishes.pin) if not Owner.of(row.component).is_left_alone]
    same = _unchanged(problem, plan) if wishes.changed else set()
    workshop = Workshop(problem, plan, templates, notes, wishes.zone_label, wishes, made, standing)
    copies = workshop.planned
    for component in (row for row in problem.components if row.name not in same):
        tell_owner(component, workshop)
    if wishes.changed:
        groups = [row for row in groups if row.component.name not in same]
        for name in sorted(same):
            notes.assumed(f"component {name}", "its copies stay where they are, so nothing is written for it")
    _check_sharing(groups, workshop)
    claims, new = _workloads(groups, workshop)
    made_of = {row.component.name: templates.of(row.component, row.option) for row in groups}
    tell_unknown((name for name, row in made_of.items() if row and row.has_deployment and not row.deployment), notes)
    named = {row.component.name for row in groups}
    guards = [*filter(None, (budget_of(row, workshop) for row in problem.components if row.name in named))]
    node_pools = node_pools_of(workshop)
    tell_what_new_nodes_lack(groups, node_pools, workshop)
    replaced = named | {row.name for row in problem.components if not copies[row.name]} - same
    moved = handovers(workshop, new, replaced)
    scalers = rescaled(workshop, moved, new)
    later = {old.key for row in moved for old in row.later}
    kept = kept_pools(templates.cluster)
    if kept:
        told = "the one that there is has" if len(kept) == 1 else f"the {len(kept)} that there are have"
        notes.assumed("NodePools", f"{told} budgets of 0 nodes during the move")
    files = {
        FREEZE: [frozen(row) for row in kept],
        POOLS: [frozen(row) for row in node_pools.values()],
        GUARDS: guards,
        CLAIMS: claims,
        WORK: [row.document for row in new if row.key not in later],
        SCALERS: scalers.documents,
        SHRINKING: [row.document for row in new if row.key in later],
        SETTLE: [*kept, *node_pools.values()],
    }
    _tell_limits(groups, workshop)
    tell_resources_beyond(workshop)
    tell_roll_outs(problem, plan, new, notes)
    tell_kept_budgets(workshop, new)
    _tell_not_returning(workshop, named, now)
    tell_quotas(workshop, new, replaced)
    tell_counts(workshop, [*guards, *claims, *(row.document for row in new), *scalers.documents])
    texts = {name: manifest_text(rows) for name, rows in files.items() if rows}
    texts[STEPS] = steps_text(workshop, list(texts), moved, scalers.deleted)
    return Exported(texts, tuple(notes))


def _read(wishes: ExportWishes) -> tuple[Templates, Problem | None]:
    """Templates of pods, and the problem that an import of the same files makes now."""
    if not wishes.cluster:
        return Templates(), None
    cluster = read_cluster(wishes.cluster, Notes())
    made = import_cluster(cluster, Wishes(zone_label=wishes.zone_label), Notes())
    return templates_of(cluster, wishes.zone_label), made.problem


def _unchanged(problem: Problem, plan: Plan) -> set[str]:
    """Components that run on the same machines as in the plan, with as many copies on each."""
    now, then = (
        Counter((row.component, row.instance) for row in rows) for rows in (problem.placements, plan.assignments)
    )
    changed = {key[0] for key in (*now, *then) if now[key] != then[key]}
    return {row.name for row in problem.components} - changed


def _check_sharing(groups: Sequence[PlanVariant], workshop: Workshop) -> None:
    for group in groups:
        if mixed_of(workshop.accelerator(group.pool)):
            continue  # its device plugins count two kinds of accelerators, which are no shared one
        known = workshop.templates.of(group.component, group.option) is not None
        if group.mode.shared and group.mode.accelerators and not known and workshop.wishes.sharing == "none":
            name = printable(group.component.name)
            raise UsageError(
                f"copies of {name} share accelerators, which Kubernetes alone can't: name who does it with "
                "--sharing hami, kai or dra, or give --cluster with pods that run"
            )


def _workloads(groups: Sequence[PlanVariant], workshop: Workshop) -> tuple[list[Json], list[WrittenCopies]]:
    claims: list[Json] = []
    work: list[WrittenCopies] = []
    for group in groups:
        uuids = _uuids(group, workshop) if group.accelerators else ()
        made = claims_for(group, workshop, uuids)
        claims += made.documents
        manager = workshop.manager(group)
        of_hami = uuids if manager == "hami" else ()
        if group.accelerators and not made.binds and not of_hami:
            told = "nothing binds a copy to its accelerators there: copies are pinned to the node"
            if manager in ("", "plugin"):
                told = "its device plugin binds no accelerator: copies are pinned to the node"
            workshop.notes.inexact(f"node {group.machine}", told)
        document = deployment(group, workshop, made.references, of_hami)
        template = document["spec"]["template"]
        work.append(WrittenCopies(group, document, template["metadata"]["labels"], template["spec"]))
    return claims, work


def _uuids(group: PlanVariant, workshop: Workshop) -> tuple[str, ...]:
    """Names of the accelerators of a copy, as its node's manager knows them; none where it knows none."""
    if workshop.manager(group) in ("", "plugin"):
        return ()
    known = dict(enumerate(workshop.templates.machines[group.machine or ""].held.uuids))
    found = tuple(known.get(index, "") for index in group.accelerators or ())
    if not all(found):
        told = "no accelerator of it is known by name: copies are pinned to the node"
        workshop.notes.inexact(f"node {group.machine}", told)
    return found if all(found) else ()


def _tell_limits(groups: Sequence[PlanVariant], workshop: Workshop) -> None:
    """What manifests leave to the scheduler, in words."""
    problem, notes, pin = workshop.problem, workshop.notes, workshop.wishes.pin
    machines = Counter(row.pool for row in workshop.plan.instances)
    sizes = grouped((row.pool.name, (row.component.name, row.option)) for row in groups if not row.machine)
    for pool, kinds in sizes.items():
        if machines[pool] > 1:
            told = f"the scheduler picks among its {count(machines[pool], 'node')}"
            told += "; copies of different sizes may then not all fit" if len({*kinds}) > 1 else ""
            notes.inexact(f"pool {pool}", f"{told}; --pin node says which" if pin == "none" else told)
    used = (row for row in problem.pools if row.name in machines)
    same = grouped((frozenset(pool_labels(row, workshop).items()), row.name) for row in used)
    for names in same.values():
        if len(names) > 1 and pin == "none":
            notes.inexact(f"pools {', '.join(names)}", "their nodes have the same labels: the scheduler sees one pool")
    if any(row.spread.max_skew or row.spread.min_zones or row.min_available_on_zone_loss for row in problem.components):
        notes.inexact("rules over zones", "are kept by the counts of Deployments; scaling one may break them")
    if pin != "none":
        notes.inexact("pinned copies", "wait while their node is away: run the export again after nodes were replaced")


def _tell_not_returning(export: ExportContext, exported: Set[str], now: Problem | None) -> None:
    """Notes of components with rules that an import after the export does not read back, and of those that are gone.

    Rules that the pods had before come back, since the exported pods carry them. So what was imported is compared with
    what the cluster's files say `now`: what somebody changed in between, or wrote by hand, is in the problem alone.
    """
    problem, placed, notes = export.problem, export.planned, export.notes
    known = {row.name: row for row in now.components} if now else {}
    running = {*export.running, *known}
    gone = [row.name for row in problem.components if row.name in running and not placed[row.name]]
    if gone:
        notes.inexact(f"components {listed(gone)}", f"have no copy in the plan: {_KEEP}")
    lost = []
    for row in (row for row in problem.components if row.name in exported):
        before = known.get(row.name)
        names = _lost(row, before, placed[row.name])
        if len(row.modes) > 1 and not (now and before and _options(row, problem) == _options(before, now)):
            names.append("options that no copy runs by")
        if names:
            lost.append((", ".join(names), row.name))
    for rules, components in grouped(lost).items():
        told = f"{rules} are in no manifest: {_KEEP}"
        notes.inexact(f"component{'s' if len(components) > 1 else ''} {listed(components)}", told)


def _lost(row: Component, known: Component | None, placed: int) -> list[str]:
    found = [name for name in _IN_NO_MANIFEST if _differs(row, known, name)]
    found += [f"spread.{name}" for name in _OF_SPREAD if _differs(row.spread, known and known.spread, name)]
    if row.copies is not None and (placed < row.copies or row.min_copies not in (None, row.copies)):
        found.append("copies that need not run")
    if known is None:
        found += [name for name in _OF_OPTIONS if any(getattr(mode, name) is not None for mode in row.modes)]
    return found


def _options(row: Component, problem: Problem) -> set[str]:
    """The options of a component in no order, types by their machines that run: names and order are those of a file."""
    type_of = {pool.name: pool.instance_type for pool in problem.pools}
    machines = grouped((type_of[each.pool], each.id) for each in problem.instances)
    found = set()
    for mode in row.modes:
        types = sorted(str(sorted(machines[name]) or name) for name in mode.instance_types or ())
        found.add(str(mode.model_dump(mode="json") | {"on": sorted(mode.on or ()), "instance_types": types}))
    return found


def _differs(row: Any, known: Any, name: str) -> bool:
    """Whether a field says anything but what the cluster does; what it does not know has the default."""
    before = type(row).model_fields[name].default if known is None else getattr(known, name)
    return bool(getattr(row, name) != before)
