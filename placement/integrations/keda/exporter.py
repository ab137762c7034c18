"""ScaledObjects of KEDA (keda.sh/v1alpha1) for what the exports for KServe and for Kubernetes write.

A plan says how many copies of a component run on which machines, so it chooses the hardware. What is between its copies
and those of a plan for the peak is left to KEDA, by the traffic of the component, split by what each variant serves.
"""

from __future__ import annotations

import json
from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from placement.demand.keda import to_keda
from placement.demand.rows import ScalingDefaults
from placement.errors import UsageError
from placement.integrations.exported import Exported
from placement.integrations.kserve import service_names
from placement.integrations.kubernetes.exporter import is_left_alone
from placement.integrations.kubernetes.groups import copy_groups
from placement.integrations.kubernetes.manifests import names_of
from placement.integrations.kubernetes.naming import OWNER, namespace_of
from placement.integrations.manifests import manifests
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, variants

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.documents.plan import Plan

NAME = "$NAME"  # in a query: the component's name as PromQL quotes it
QUERY = f"sum(rate(vllm:request_success_total{{model_name={NAME}}}[2m]))"


class KedaWish(NamedTuple):
    """What the plan does not say.

    Attributes
    ----------
    server : address of Prometheus.
    query : what a component is asked for, all its copies together; ``$NAME`` stands for its name in quotes.
    target : of that, for one copy; None for the throughput of each option.
    workload : what is scaled: the Deployment that KServe makes of a service, or that of the export for Kubernetes.
    """

    server: str = "http://prometheus-operated.monitoring:9090"
    query: str = QUERY
    target: float | None = None
    workload: Literal["kserve", "kubernetes"] = "kserve"


def export_keda(problem: Problem, plan: Plan, peak: Plan | None = None, wish: KedaWish = KedaWish()) -> Exported:  # noqa: B008
    """The file for ``kubectl apply``: ``scaled-objects.yaml``.

    Parameters
    ----------
    problem, plan : the plan keeps every rule of the problem; its copies are each variant's minimum.
    peak : another plan of it, whose copies are the maximum; None for the same.

    Raises
    ------
    UsageError
        A variant of the plan has more copies than in the plan for the peak, the query names no component, or an option
        has no throughput and there is no target.
    """
    if NAME not in wish.query:
        raise UsageError(f"the query must have {NAME} where the component's name goes")
    notes = Notes()
    rows = _rows(problem, plan, peak)
    if wish.target is not None and not 0 < wish.target < inf:
        raise UsageError(f"the target must be more than 0 and finite, got {wish.target}")
    if wish.workload == "kubernetes":
        for row, _ in rows:
            if is_left_alone(row.component):
                place = f"component {row.component.name}"
                notes.ignored(place, "the export for Kubernetes writes no Deployment of it, so nothing scales it")
        rows = [(row, most) for row, most in rows if not is_left_alone(row.component)]
    names = service_names([row for row, _ in rows])
    if wish.workload == "kubernetes":
        of = {
            (group.component.name, group.option, group.pool.name): names_of(group)[0]
            for group in copy_groups(problem, plan if peak is None else peak, "none")
        }
        names = [of.get(_key(row), "") for row, _ in rows]
    served = _served(rows)
    documents = []
    for (row, most), name in zip(rows, names, strict=True):
        if row.copies > most:
            where = f"{row.component.name} on {row.pool.name}"
            raise UsageError(f"{where}: {row.copies} copies in the plan, {most} in that for the peak; exchange the two")
        documents.append(_scaled(row, most, name, served[row.component.name], wish))
    _tell(rows, peak, wish, notes)
    return Exported({"scaled-objects.yaml": manifests(documents, map(str, notes))}, tuple(notes))


def _rows(problem: Problem, plan: Plan, peak: Plan | None) -> list[tuple[PlanVariant, int]]:
    """Each variant with its copies in the plan, and those at the peak."""
    now = {_key(row): row for row in variants(problem, plan, "pool")}
    if peak is None:
        return [(row, row.copies) for row in now.values()]
    then = {_key(row): row for row in variants(problem, peak, "pool")}
    rows = {key: now[key] if key in now else then[key]._replace(copies=0) for key in {**then, **now}}
    return [(row, then[key].copies if key in then else 0) for key, row in rows.items()]


def _key(row: PlanVariant) -> tuple[str, int, str]:
    return row.component.name, row.option, row.pool.name


def _served(rows: list[tuple[PlanVariant, int]]) -> dict[str, float]:
    """What the copies of each component serve at most, all its variants together; by copies where that is not known."""
    found: dict[str, float] = {}
    for row, most in rows:
        found[row.component.name] = found.get(row.component.name, 0.0) + _rate(row) * most
    return found


def _rate(row: PlanVariant) -> float:
    """What one copy serves, 1 where no option of the component says."""
    known = all(mode.throughput for mode in row.component.modes)
    return float(row.mode.throughput or 1) if known else 1.0


def _scaled(row: PlanVariant, most: int, name: str, served: float, wish: KedaWish) -> dict[str, Any]:
    target = wish.target if wish.target is not None else row.mode.throughput
    if not target:
        raise UsageError(
            f"component {row.component.name} has an option without throughput; give what a copy serves: --target"
        )
    query = wish.query.replace(NAME, _quoted(row.component.name))
    part = _rate(row) * most / served if served else 1.0
    if part < 1:
        query = f"({query}) * {part:.9g}"
    policy = ScalingDefaults(min_capacity=row.copies, max_capacity=max(1, most))
    found = to_keda(name, policy, float(target), query, wish.server)
    deployment = f"{name}-predictor" if wish.workload == "kserve" else name
    space = namespace_of(row.component.labels.get(OWNER, ""))
    if space:
        found["metadata"]["namespace"] = space
    found["spec"]["scaleTargetRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment}
    return found


def _quoted(name: str) -> str:
    """A string of PromQL, whose escapes are those of Go and so of JSON."""
    return json.dumps(name, ensure_ascii=False)


def _tell(rows: list[tuple[PlanVariant, int]], peak: Plan | None, wish: KedaWish, notes: Notes) -> None:
    if peak is None:
        notes.inexact(
            "minReplicaCount",
            "is maxReplicaCount: each variant is held at the plan's copies; a --peak plan lets it scale",
        )
    notes.assumed("serverAddress", f"is {wish.server}")
    notes.assumed("query", f"is {wish.query}, split among the variants of a component by what they serve at the peak")
    unknown = sorted(
        {row.component.name for row, _ in rows if not all(mode.throughput for mode in row.component.modes)}
    )
    if unknown:
        names = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8:,} more" if len(unknown) > 8 else "")
        notes.assumed(
            f"components {names}", "have no throughput, so a copy of one option is taken to serve what another does"
        )
    missing = [row.component.name for row, most in rows if not row.copies and most]
    if missing and wish.workload == "kserve":
        notes.inexact(
            "scaleTargetRef", "services without copies in the plan are in the export for KServe of the peak alone"
        )
    zero = [f"{row.component.name} on {row.pool.name}" for row, most in rows if not row.copies and most]
    if zero:
        notes.inexact(
            f"{', '.join(zero[:8])}{f' and {len(zero) - 8:,} more' if len(zero) > 8 else ''}",
            "starts from no copy: KEDA starts the first one when the query is above 0, not when the others are full",
        )
