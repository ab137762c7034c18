"""Many scenarios on the screen: what to commit, what others would pay, what is proven; and what more copies cost."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from placement.report import words
from placement.report.cost_steps import CostStep, cost_picture
from placement.report.narrow import figures_table
from placement.scenarios import Committed, ScenarioOutcome, ScenarioPlan, Weighted
from placement.scenarios.headroom import Headroom, HeadroomPoint
from placement.solving.result import Status

_POLICIES = {
    "nothing": "nothing",
    "mean": "what the mean scenario needs",
    "peak": "the most that any scenario uses",
}
_STOPS = {"interrupted": "interrupted", "time": "the time is over", "gap": "as near as was asked for"}


def scenario_report(found: ScenarioPlan) -> RenderableType:
    """What is committed first, the reasons for it after."""
    parts: list[RenderableType] = []
    if found.committed and found.cost is not None:
        parts += [commitments_table(found), ""]
    parts += [scenarios_table(found), ""]
    if found.policies:
        parts += [policies_table(found), ""]
    return Group(*parts, *_summary(found))


def commitments_table(found: ScenarioPlan) -> RenderableType:
    """A row a term: how many machines, what they cost, and how busy they are."""
    heads = ["commit", "$/hour\neach", "$/hour", "pays from\nof the time", "in use\nof the time"]
    rows = [(words.shown(row.term.name), _commitment(found, row)) for row in found.committed]
    return figures_table("", heads, rows)


def _commitment(found: ScenarioPlan, row: Committed) -> list[str]:
    dearest = max(row.term.prices[pool] for pool in row.term.pools)
    total = sum(outcome.weight for outcome in found.scenarios)
    used = sum(outcome.weight * outcome.in_use(row) for outcome in found.scenarios)
    return [
        f"{row.machines:,}",
        words.plain_money(row.term.price),
        words.plain_money(row.cost),
        words.percent(row.term.price, dearest) if row.term.price < dearest else "never",
        words.percent(used, total * row.machines) if row.machines else "-",
    ]


def scenarios_table(found: ScenarioPlan) -> RenderableType:
    """A row a scenario: machines, how many of them are committed, what they cost and what no plan beats."""
    heads = ["time", "copies", "machines", "of them\ncommitted", "on demand\n$/hour", "no plan\nbelow $", "gap"]
    rows = [(words.shown(row.name), _scenario(found, row)) for row in found.scenarios]
    return figures_table("scenario", heads, rows)


def _scenario(found: ScenarioPlan, row: ScenarioOutcome) -> list[str]:
    share = words.percent(row.weight, sum(other.weight for other in found.scenarios))
    if row.plan is None or row.cost is None:
        return [share, "no plan: proven" if row.reason else "no plan found", "", "", "", "", ""]
    return [
        share,
        f"{len(row.plan.assignments):,}",
        f"{sum(row.paid):,}",
        f"{sum(row.in_use(c) for c in found.committed):,}",
        words.plain_money(row.cost),
        words.no_plan_below(row.bound, row.cost),
        "proven" if row.proven else words.gap(row.gap),
    ]


def policies_table(found: ScenarioPlan) -> RenderableType:
    """What other ways to decide would commit, and what they would cost."""
    heads = [*(words.shown(row.term.name) for row in found.committed), "$/hour\non average", "more"]
    rows = []
    for policy in found.policies:
        counts = [f"{n:,}" for n in policy.machines]
        rows.append(
            (_POLICIES[policy.name], [*counts, words.plain_money(policy.cost.micro), _more(found, policy.cost)])
        )
    if found.cost is not None:
        here = [f"{row.machines:,}" for row in found.committed]
        rows.append(("for all scenarios", [*here, words.plain_money(found.cost.micro), ""]))
    return figures_table("if one commits", heads, rows)


def _more(found: ScenarioPlan, cost: Weighted) -> str:
    if found.cost is None or not found.cost.total:
        return ""
    part = (cost.total - found.cost.total) / found.cost.total
    return "as much" if not part else f"+{100 * part:.1f}%" if part >= 0.0005 else "+<0.1%"


def _summary(found: ScenarioPlan) -> Iterator[RenderableType]:
    for row in found.scenarios:
        if row.left_out:
            parts = [f"{n:,} of {words.shown(name)}" for name, n in row.left_out.items()]
            yield Text(f"{words.shown(row.name)}: optional copies left out: {', '.join(parts)}")
    if any(found.problem.instances):
        yield Text("what runs now was set aside: scenarios are planned from nothing", style="dim")
    if found.cost is None:
        yield from (Text(line, style="yellow") for line in _without_plan(found))
        if found.bound is not None:
            yield Text(f"proven: no commitments cost less than {words.least(found.bound.at_least)} an hour on average")
        return
    on_demand = found.cost.micro - found.committed_cost
    split = f"{words.money(found.committed_cost)} committed, {words.money(on_demand)} on demand"
    yield Text.assemble((f"{words.money(found.cost.micro)} an hour on average", "bold green"), f": {split}")
    if found.moves is not None:
        moved = words.count(found.moves.moved, "copy moves", "copies move")
        yield Text(
            f"moves between scenarios: {words.money(round(found.moves.per_hour))} an hour more; {moved} in "
            f"{found.moves.round_hours:g} hours"
        )
    yield from _proven(found)


def _without_plan(found: ScenarioPlan) -> Iterator[str]:
    for row in found.scenarios:
        if row.reason:
            yield words.shown(f"scenario {row.name} can't be served: {row.reason}")
    open_ones = [row.name for row in found.scenarios if row.plan is None and not row.reason]
    if open_ones:
        ended = f"; {_STOPS[found.stop.value]}" if found.stop.value in _STOPS else ""
        yield f"no plan was found for {words.listed(open_ones, 8)}{ended}"
    if any(row.plan for row in found.scenarios):
        yield "plans of the others are those with nothing committed"


def _proven(found: ScenarioPlan) -> Iterator[RenderableType]:
    assert found.cost is not None
    if found.status is Status.OPTIMAL:
        yield Text("proven: no commitments and plans cost less", style="green")
    elif found.bound is not None:
        least = words.least(found.bound.at_least)
        yield Text(f"proven: no commitments and plans cost less than {least}; gap {words.gap(found.gap)}")
    if found.wait_and_see is not None and found.committed:
        saved = found.cost.total - found.wait_and_see.total
        most = words.money(saved // found.cost.weights)
        yield Text(f"knowing each scenario before its machines are committed would save at most {most}", style="dim")
    ended = _STOPS.get(found.stop.value, "done")
    rounds = words.count(found.rounds, "master program")
    yield Text(f"{words.seconds(found.seconds)}; {rounds}, {words.count(found.cuts, 'cut')}; {ended}", style="dim")


_HEADS = ("copies", "machines", "cost $", "more $", "more", "no plan\nbelow $", "gap")


def headroom_table(found: Headroom, *, full: bool = False) -> RenderableType:
    """A row a factor, and what is proven of all of them; `full`: every component that grows by its name."""
    rows = [(f"{point.factor:g}", _cells(found, point)) for point in found.points]
    return Group(figures_table("times", _HEADS, rows, "times "), "", *_notes(found, None if full else 8))


def _cells(found: Headroom, point: HeadroomPoint) -> list[str]:
    if point.cost is None:
        return ["no plan: proven" if point.status.value == "infeasible" else "none found", *[""] * 6]
    more, base = found.more(point), found.base
    part = more / base.cost if more is not None and base is not None and base.cost else None
    return [
        f"{len(point.plan.assignments):,}",
        f"{len(point.plan.instances):,}",
        words.plain_money(point.cost),
        "" if more is None or point.factor == 1 else words.plain_money(more),
        "" if part is None or point.factor == 1 else f"{100 * part:+.1f}%",
        words.no_plan_below(point.bound, point.cost),
        "proven" if point.status.value == "optimal" else words.gap(point.gap),
    ]


def _notes(found: Headroom, most: int | None) -> Iterator[Text]:
    for point in found.points:
        if point.left_out:
            yield Text(
                f"times {point.factor:g}: {words.count(point.left_out, 'optional copy', 'optional copies')} left out"
            )
    for point in found.points:
        if point.status.value == "infeasible":
            yield Text(
                f"times {point.factor:g}: {words.shown(point.plan.reason or 'there is no plan')}", style="yellow"
            )
            break
    if len(found.components) < len(found.problem.components):
        yield Text(f"grow: {words.listed(found.components, most)}; the others stay as they are", style="dim")
    hours = found.problem.objective.horizon_hours
    over = "an hour" if hours == 1 else f"over {hours:g} hours, with moves"
    ended = {"proved": "every point is proven", "interrupted": "interrupted", "time": "the time is over"}
    yield Text(f"cost {over}; {words.seconds(found.seconds)}; {ended.get(found.stop.value, 'done')}", style="dim")


def headroom_picture(found: Headroom, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels: cost and bound by factor. Raises UsageError: no point has a plan."""
    steps = [
        CostStep(f"{point.factor:g}", point.cost, point.bound, words.money(point.cost))
        for point in found.points
        if point.cost is not None
    ]
    title = "By times the copies and demand of today"
    return cost_picture(found.problem.name, "what surviving more costs", title, steps, theme)
