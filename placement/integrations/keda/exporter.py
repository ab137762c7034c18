"""ScaledObjects of KEDA (keda.sh/v1alpha1) for what the exports for KServe and for Kubernetes write.

A plan says how many copies of a component run on which machines, so it chooses the hardware. What is between its copies
and those of a plan for the peak is left to KEDA, by the traffic of the component, split by what each variant serves.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from math import inf
from typing import Any, Literal, NamedTuple

from placement.demand import ScalingPolicy, compile_rules
from placement.demand.keda import to_keda
from placement.demand.parts import policy_parts
from placement.demand.rows import Metric, ScalingDefaults
from placement.demand.rules import target_of
from placement.documents import Plan, Problem
from placement.errors import UsageError
from placement.integrations.exported import Exported
from placement.integrations.kserve import service_names
from placement.integrations.kubernetes.manifests import names_of
from placement.integrations.kubernetes.naming import Owner
from placement.integrations.manifests import manifest_text
from placement.integrations.notes import Notes
from placement.integrations.serving import model_name_of
from placement.integrations.variants import PlanVariant, variants
from placement.units import count, listed

NAME = "$NAME"  # in a query: the component's name as PromQL quotes it
NAMED = "keda.name"  # label of a component: its name in queries, where that is another
QUERIES: Mapping[Metric, str] = {
    "requests_per_second": f"sum(rate(vllm:request_success_total{{model_name={NAME}}}[2m]))",
    "requests_in_flight": f'sum({{__name__=~"vllm:num_requests_(running|waiting)",model_name={NAME}}})',
}
_LONGEST_WAIT = 3600  # seconds, of a HorizontalPodAutoscaler


class KedaWish(NamedTuple):
    """What the plan does not say.

    `server`: address of Prometheus.
    `query`: what a component is asked for, all its copies together; ``$NAME`` stands for its name in quotes: its label
        ``keda.name``, else what its command serves, else its name without the namespace that it was imported from. None
        for what vLLM tells of the policy's metric.
    `target`: of that, for one copy; None for the throughput of each option.
    `workload`: what is scaled: the Deployment that KServe makes of a service, or that of the export for Kubernetes.
    `policy`: its limits, targets, waits and schedules are written; None for a range between two plans.
    """

    server: str = "http://prometheus-operated.monitoring:9090"
    query: str | None = None
    target: float | None = None
    workload: Literal["kserve", "kubernetes"] = "kserve"
    policy: ScalingPolicy | None = None


def export_keda(problem: Problem, plan: Plan, peak: Plan | None = None, wish: KedaWish = KedaWish()) -> Exported:  # noqa: B008
    """The file for ``kubectl apply``: ``scaled-objects.yaml``.

    `problem`, `plan`: the plan keeps every rule of the problem; its copies are each variant's minimum, without a
        policy.
    `peak`: another plan of it, whose copies are the maximum; None for the same. With a policy, the limits of a
        component are split among its variants as the copies of `peak` are, or those of `plan` without one.
    Raises DocumentError: the policy does not fit the problem.
    Raises UsageError: a variant of the plan has more copies than in the plan for the peak, the query names no
    component, or an option has no throughput and there is no target.
    """
    if wish.query is not None and NAME not in wish.query:
        raise UsageError(f"the query must have {NAME} where the component's name goes")
    notes = Notes()
    rows = _rows(problem, plan, peak)
    if wish.target is not None and not 0 < wish.target < inf:
        raise UsageError(f"the target must be more than 0 and finite, got {wish.target}")
    what = "Deployment" if wish.workload == "kubernetes" else "service"
    for row in (row for row, _ in rows if Owner.of(row.component).is_left_alone):
        told = f"export {wish.workload} writes no {what} of it, so nothing scales it"
        notes.ignored(f"component {row.component.name}", told)
    rows = [(row, most) for row, most in rows if not Owner.of(row.component).is_left_alone]
    for row, most in ((row, most) for row, most in rows if row.copies > most):
        told = f"{count(row.copies, 'copy', 'copies')} in the plan, {most} in that for the peak"
        way_out = "make the plan for the peak from the same running copies by placement replan --max-moves 0"
        raise UsageError(f"{row.component.name} on {row.pool.name}: {told}; {way_out}, or exchange the two")
    chosen = [row for row, _ in rows]
    names = [names_of(row)[0] for row in chosen] if wish.workload == "kubernetes" else service_names(chosen)
    scalings = _by_plans(rows, wish) if wish.policy is None else _by_policy(problem, rows, wish.policy, notes)
    scaled = [(row, name, each) for (row, _), name, each in zip(rows, names, scalings, strict=True) if each is not None]
    documents = [_scaled(row, name, scaling, wish) for row, name, scaling in scaled]
    _tell(rows, [row for row, _, scaling in scaled if not scaling.row.min_capacity], peak, wish, notes)
    return Exported({"scaled-objects.yaml": manifest_text(documents, map(str, notes))}, tuple(notes))


def _rows(problem: Problem, plan: Plan, peak: Plan | None) -> list[tuple[PlanVariant, int]]:
    """Each variant with its copies in the plan, and those at the peak."""
    now = {_key(row): row for row in variants(problem, plan, "pool")}
    if peak is None:
        return [(row, row.copies) for row in now.values()]
    then = {_key(row): row for row in variants(problem, peak, "pool")}
    rows = {key: row._replace(copies=0) for key, row in then.items()} | now
    return [(row, then[key].copies if key in then else 0) for key, row in rows.items()]


def _key(row: PlanVariant) -> tuple[str, int, str]:
    return row.component.name, row.option, row.pool.name


def _is_measured(row: PlanVariant) -> bool:
    """Whether it is known what copies of its component serve, by each option."""
    return all(mode.throughput for mode in row.component.modes)


def _rate(row: PlanVariant) -> float:
    """What one copy serves, 1 where no option of the component says."""
    return float(row.mode.throughput or 1) if _is_measured(row) else 1.0


class _Scaling(NamedTuple):
    """The limits, waits and schedule of a variant, its target, and its part of what the component is asked for."""

    row: ScalingDefaults
    target: float
    part: float


def _by_plans(rows: list[tuple[PlanVariant, int]], wish: KedaWish) -> list[_Scaling | None]:
    """From the copies of the plan to those of the plan for the peak."""
    found: list[_Scaling | None] = []
    served: dict[str, float] = defaultdict(float)  # by component, at most and by all its variants together
    for row, most in rows:
        served[row.component.name] += _rate(row) * most
    for row, most in rows:
        target = wish.target if wish.target is not None else row.mode.throughput
        if not target:
            raise UsageError(
                f"component {row.component.name} has an option without throughput; give what a copy serves: --target"
            )
        all_of_it = served[row.component.name]
        part = _rate(row) * most / all_of_it if all_of_it else 1.0
        limits = ScalingDefaults(min_capacity=row.copies, max_capacity=max(1, most))
        found.append(_Scaling(limits, float(target), part))
    return found


def _by_policy(
    problem: Problem, rows: list[tuple[PlanVariant, int]], policy: ScalingPolicy, notes: Notes
) -> list[_Scaling | None]:
    """Each variant's part of its component's policy, None for one without copies; what KEDA has otherwise is noted."""
    compile_rules(problem, policy)  # tells all that is wrong at once
    found: list[_Scaling | None] = [None] * len(rows)
    absent = []
    for component in problem.components:
        row, own = policy.row(component.name), [k for k, (each, _) in enumerate(rows) if each.component == component]
        if not own:
            absent.append(component.name)
            continue
        parts = policy_parts(row, [rows[k][1] for k in own])
        for k, part in zip(own, parts, strict=True):
            if part.max_capacity:
                share = part.max_capacity / row.max_capacity  # a copy of any variant has the same target
                found[k] = _Scaling(part, target_of(component, row) or 0, share)
            else:
                where = f"component {component.name} on {rows[k][0].pool.name}"
                notes.inexact(where, f"no part of max_capacity {row.max_capacity} is left for it: it is not scaled")
    if absent:
        reason = "no workload is exported, so there is nothing to scale; where the plan has no copy, export one with it"
        notes.ignored(f"policy of {listed(absent)}", reason)
    _tell_policies({row.component.name: policy.row(row.component.name) for row, _ in rows}, notes)
    return found


def _tell_policies(policies: Mapping[str, ScalingDefaults], notes: Notes) -> None:
    """What KEDA and its autoscaler do otherwise than Application Auto Scaling, which is what is simulated."""
    said: dict[tuple[str, str], list[str]] = {}
    for name, row in policies.items():
        wait = max(row.scale_in_after, row.scale_in_cooldown)
        floors = [action.min_capacity for action in row.schedule if action.min_capacity is not None]
        for holds, key, reason in (
            (row.scale_out_cooldown, "scale_out_cooldown", "the autoscaler adds copies at once, as often as it looks"),
            (wait > _LONGEST_WAIT, "scale_in_after", f"above one copy the autoscaler waits {_LONGEST_WAIT} s at most"),
            (
                any(action.max_capacity is not None for action in row.schedule),
                "schedule",
                "KEDA knows no max_capacity by the clock: that of the component holds",
            ),
            (
                any(floor < row.min_capacity for floor in floors),
                "schedule",
                "KEDA keeps min_capacity also where an action lowers it",
            ),
        ):
            if holds:
                said.setdefault((key, reason), []).append(name)
    for (key, reason), names in said.items():
        notes.inexact(f"{key} of {listed(names)}", reason)


def _scaled(row: PlanVariant, name: str, scaling: _Scaling, wish: KedaWish) -> dict[str, Any]:
    space = Owner.of(row.component).namespace
    # What serves has no namespace in front of its model's name. PromQL has the escapes of Go, and so of JSON.
    own = row.component.labels.get(NAMED, "") or model_name_of(row.component, row.option)
    told = own or row.component.name.removeprefix(f"{space}/" if space else "")
    quoted = json.dumps(told, ensure_ascii=False)
    query = _query(wish, scaling.row.metric).replace(NAME, quoted)
    if scaling.part < 1:
        query = f"({query}) * {scaling.part:.9g}"
    found = to_keda(name, scaling.row, scaling.target, query, wish.server)
    deployment = f"{name}-predictor" if wish.workload == "kserve" else name
    if space:
        found["metadata"]["namespace"] = space
    found["spec"]["scaleTargetRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment}
    return found


def _query(wish: KedaWish, metric: Metric) -> str:
    return QUERIES[metric] if wish.query is None else wish.query


def _tell(
    rows: list[tuple[PlanVariant, int]], waking: list[PlanVariant], peak: Plan | None, wish: KedaWish, notes: Notes
) -> None:
    if peak is None and wish.policy is None:
        told = "is maxReplicaCount: each variant is held at the plan's copies; a --peak plan lets it scale"
        notes.inexact("minReplicaCount", told)
    if wish.server == KedaWish().server:
        notes.assumed("serverAddress", f"is {wish.server}")
    policy = wish.policy
    metrics = {"requests_per_second" if policy is None else policy.row(row.component.name).metric for row, _ in rows}
    for query in sorted({_query(wish, metric) for metric in metrics}):
        by = "what they serve at the peak" if policy is None else "their most copies"
        name = f"{NAME} is a component's label {NAMED}, else what its command serves, else its name without a namespace"
        told = "" if wish.query is not None else f"is {query}, "
        notes.assumed("query", f"{told}split among the variants of a component by {by}; {name}")
    unknown = sorted({row.component.name for row, _ in rows if not _is_measured(row)})
    if unknown and policy is None:
        told = "have no throughput, so a copy of one option is taken to serve what another does"
        notes.assumed(f"components {listed(unknown)}", told)
    missing = [row.component.name for row, most in rows if not row.copies and most]
    if missing and wish.workload == "kserve":
        told = "services without copies in the plan are in the export for KServe of the peak alone"
        notes.inexact("scaleTargetRef", told)
    _tell_zero([f"{row.component.name} on {row.pool.name}" for row in waking], wish, notes)


def _tell_zero(places: list[str], wish: KedaWish, notes: Notes) -> None:
    if not places:
        return
    told = "starts from no copy: KEDA starts it when the query is above 0, not when the others are full"
    notes.inexact(listed(places), told)
    if wish.query is None:
        told = "is asked of the copies themselves, and of none it finds nothing: from zero, ask a gateway (--query)"
        notes.inexact("query", told)
