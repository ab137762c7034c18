"""What a plan means on SageMaker, as a page: who shares which endpoint, on which machines, and how surely it fits."""

from collections.abc import Iterable, Mapping, Sequence

from placement.integrations.notes import Note, alike_notes, told_as_one
from placement.integrations.sagemaker import machine_mix
from placement.integrations.sagemaker.groups import PlanView, ServingGroup
from placement.integrations.sagemaker.serving import Deployment, Served, is_home
from placement.integrations.sagemaker.steps import Step
from placement.markdown import escaped
from placement.units import count, micro_dollars, money

PAGE = "advice.md"
_SURE = {
    "any order": "yes, proved for any order and any choice of machines",
    "simulated": "yes, simulated",
    "no": "**not sure**",
}


def lines(view: PlanView, deployment: Deployment) -> list[str]:
    """A line for each variant: endpoint, machines, components with copies, and how surely the packing fits."""
    found = []
    for group in deployment.groups:
        shared = ", ".join(_components(view, deployment, group)) or "no copies"
        fits = {"any order": "fits in any order", "simulated": "fits as simulated", "no": "may not fit"}
        reason = f" ({group.fit.reason})" if group.fit.strength == "no" else ""
        found.append(f"{group.place}: {_machines(view, group)}: {shared}: {fits[group.fit.strength]}{reason}")
    return found


def _machines(view: PlanView, group: ServingGroup) -> str:
    kinds = group.kinds or dict.fromkeys((view.kind(pool.name) for pool in group.pools[:1]), 0)
    told = _counted(kinds)
    if group.others is not None:
        most = "up to " if group.others.most else ""
        return f"{most}{_counted(group.others.kinds)} (the plan has {told})"
    return f"{told}, else {', '.join(group.fallbacks)}" if group.fallbacks else told


def _counted(kinds: Mapping[str, int]) -> str:
    return " + ".join(f"{count} x {kind}" for kind, count in kinds.items())


def _components(view: PlanView, deployment: Deployment, group: ServingGroup) -> list[str]:
    """Components with the copies that the plan has on a group; one that runs may be bound to several groups."""
    found = {each.name: _copies(view, each, group) for each in deployment.served}
    return [f"{copies} x {name}" for name, copies in found.items() if copies]


def _copies(view: PlanView, served: Served, group: ServingGroup) -> int:
    if not served.runs:
        return served.copies if served.group == group else 0
    own = sum(copies for unit, copies in group.copies.items() if unit.component == served.component)
    return own if is_home(view.components[served.component], group) else 0


def page(
    view: PlanView, deployment: Deployment, steps: Sequence[Step], notes: Iterable[Note], price_per_hour: float | None
) -> str:
    rows = [
        f"| {escaped(group.endpoint)} | {escaped(group.variant)} | {escaped(_machines(view, group))} "
        f"| {escaped(', '.join(_components(view, deployment, group)) or 'none')} | {_fits(group)} |"
        for group in deployment.groups
    ]
    endpoints = len({group.endpoint for group in deployment.groups})
    machines = sum(group.machines for group in deployment.groups)
    price = "" if price_per_hour is None else f" It costs {money(micro_dollars(price_per_hour))} an hour."
    price += _other_price(view, deployment)
    text = [
        f"# {escaped(view.problem.name or 'A plan')} on SageMaker",
        "",
        f"The plan has {count(machines, 'machine')} on {count(endpoints, 'endpoint')}.{price}",
        "",
        "| endpoint | variant | machines | components | does SageMaker's own packing fit them? |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "SageMaker places copies itself: no call binds a copy to a machine or an accelerator. What is sent are numbers",
        "of machines and copies, and policies. A copy gets whole accelerators; their memory is no part of the calls.",
        "",
        "## Calls, in order",
        "",
        *(
            [
                f"{number}. {escaped(step.purpose)}: `{step.file(number, len(steps))}`"
                + (f" First: {escaped(step.before)}." if step.before else "")
                for number, step in enumerate(steps, 1)
            ]
            or ["None."]
        ),
        "",
        "## What to know",
        "",
        *([f"- {escaped(told_as_one(alike))}" for alike in alike_notes(list(notes))] or ["Nothing was left out."]),
        "",
    ]
    return "\n".join(text)


def _other_price(view: PlanView, deployment: Deployment) -> str:
    """What machines that will run in place of the plan's cost more or less, as a sentence."""
    price = machine_mix.price_per_hour
    others = [(group, group.others) for group in deployment.groups if group.others is not None]
    more = sum(price(view, group, other.kinds) - price(view, group, group.kinds) for group, other in others)
    words = f"{money(abs(more))} an hour {'more' if more > 0 else 'less'}, at list prices"
    if any(other.most for _, other in others):
        words += ", where none of them is given back"
    return f" The machines that will run in place of some of the plan's cost {words}." if more else ""


def _fits(group: ServingGroup) -> str:
    told = _SURE[group.fit.strength]
    return told if group.fit.strength == "any order" else f"{told}: {escaped(group.fit.reason)}"
