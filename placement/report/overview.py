"""A problem before it is solved: how big, what may be rented, which rules, what runs now, what it costs at least."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from placement.bounds import volume_bound, why_infeasible
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.documents import Commitment, Component, InstanceType, Limit, Pool, Problem
from placement.documents.doubts import doubts
from placement.documents.rows import LIMITED
from placement.errors import FAULTS
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.report import words
from placement.report.group_words import amount, labelled
from placement.report.left_out import optional_copies
from placement.report.narrow import Fitting, Flow, PlainTable, labelled_lines
from placement.units import MILLI, micro_dollars

_Supply = tuple[str, InstanceType, list[Pool]]


_ROWS, _ZONES = 40, 24  # of instance types, and of zones of one, that are shown unless all are asked for


def overview(problem: Problem, *, full: bool = False) -> RenderableType:
    """All that is said of a problem: supply by instance type, then a line for each other fact.

    `full`: every instance type, zone and warning, however many.
    """
    supply = _supply(problem)
    shown = supply if full else supply[:_ROWS]
    prefix = words.common_prefix(pool.zone for pool in problem.pools)
    table = PlainTable()
    table.words("instance type")
    table.names("accelerators")
    table.figures("vCPU", "GiB", "$/hour")
    table.words(f"quota by zone\n{words.shown(prefix)}\N{HORIZONTAL ELLIPSIS}" if prefix else "quota by zone")
    for name, kind, pools in shown:
        table.add_row(
            words.shown(name),
            f"{kind.accelerator_count} x {words.shown(kind.accelerator)}" if kind.accelerator else "none",
            f"{kind.vcpus:g}",
            f"{kind.memory_gib:,.0f}",
            " to ".join(words.plain_money(price) for price in _ends(map(problem.price_of, pools))),
            Flow(_quotas(pools, prefix), None if full else _ZONES),
        )
    cut = words.count(len(supply) - len(shown), "more instance type")
    rest = [Text(f"and {cut}; --full lists each", style="dim")] if len(shown) < len(supply) else []
    lines = _lines(problem, compile_fleet(problem), None if full else FAULTS)
    return Group(Fitting(table), *rest, Text(), labelled_lines(lines))


def _quotas(pools: Sequence[Pool], prefix: str) -> Iterator[str]:
    """Zones with their quotas, then those without one."""
    quota: dict[str, int | None] = {}
    for pool in pools:
        so_far = quota.get(pool.zone, 0)
        quota[pool.zone] = None if so_far is None or pool.max_instances is None else so_far + pool.max_instances
    named = {words.shown(zone.removeprefix(prefix)): most for zone, most in quota.items()}
    yield from (f"{zone} {most}" for zone, most in named.items() if most is not None)
    free = [zone for zone, most in named.items() if most is None]
    yield from (f"no limit in {zone}" if zone == free[0] else zone for zone in free)


def _supply(problem: Problem) -> list[_Supply]:
    """Instance types that some pool rents, with these pools. O(pools)."""
    pools: dict[str, list[Pool]] = defaultdict(list)
    for pool in problem.pools:
        pools[pool.instance_type].append(pool)
    return [(name, kind, pools[name]) for name, kind in problem.instance_types.items() if name in pools]


def _ends(dollars: Iterable[float]) -> list[int]:
    """The least and the most of some amounts, one where they are the same; micro-dollars."""
    found = list(dollars)
    return list(dict.fromkeys((micro_dollars(min(found)), micro_dollars(max(found)))))


def _lines(problem: Problem, fleet: Fleet, most: int | None) -> Iterator[tuple[str, RenderableType]]:
    if problem.name:
        yield "problem", words.shown(problem.name)
    yield "components", _components(problem)
    yield "need", _need(fleet)
    rules = Counter(rule for component in problem.components for rule in rules_of(component))
    yield "rules", Flow(f"{rule} ({n})" for rule, n in rules.items()) if rules else "none but room"
    zones = words.count(len(fleet.zones), "zone")
    yield "supply", f"{words.count(len(fleet.pools), 'pool')} in {zones}{_minimum(problem)}"
    if problem.limits:
        yield "limits", Flow(_limit(row) for row in problem.limits)
    if problem.commitments:
        yield "committed", Flow(_commitment(row) for row in problem.commitments)
    if problem.instances:
        yield "running", _running(problem)
    yield "objective", _objective(problem)
    reason = why_infeasible(fleet)
    if reason is not None:
        yield "bound", Text(f"infeasible: {words.shown(reason)}", style="bold red")
    else:
        yield "bound", _bound(fleet)
    found = [Text(str(doubt), style="yellow") for doubt in doubts(problem)]
    yield from labelled("warnings", found[:most])
    if most is not None and len(found) > most:
        yield "", f"and {words.count(len(found) - most, 'more warning')}; --full lists each"


def _bound(fleet: Fleet) -> str:
    """What volumes prove: at list prices, less all that commitments can pay. Names the rules that it does not count."""
    linear = LinearPrices.of(fleet, Multipliers.none(fleet))
    least = fleet.cost(max(0, volume_bound(linear.fleet) - linear.keeps_bound.less))
    if fleet.commitments and not least:
        return "commitments may pay for all of it, by volume alone; bound and solve find better"
    how = "by volume alone"
    if fleet.commitments:
        how += ", at list prices less all that commitments can pay"
    ignored = [rule for rule in named_fleet_rules(fleet) if rule != "commitments"]
    if ignored:
        how += f", without {', '.join(ignored)}"
    top = words.on_top(committed=bool(fleet.commitments))
    return f"no plan costs less than {words.least(least)}{top} ({how}; solve finds better)"


def _components(problem: Problem) -> str:
    rows = problem.components
    required = sum(row.required_copies for row in rows)
    parts = [words.count(len(rows), "component"), f"{words.count(required, 'copy', 'copies')} required"]
    for priority, copies in sorted(optional_copies(problem).items(), reverse=True):
        parts.append(f"{copies:,} optional of priority {priority}")
    by_demand = sum(row.demand is not None for row in rows)
    if by_demand:
        parts.append(f"{by_demand} sized by demand")
    return ", ".join(parts)


def _need(fleet: Fleet) -> str:
    """The least that required copies take, resource by resource, each by the option that takes least of it."""
    owned = shared = vcpus = host = 0
    for component in fleet.components:
        options = [option for option in component.options if option.pools] or list(component.options)
        copies = component.required
        owned += copies * min(0 if option.shared else option.accelerators for option in options)
        shared += copies * min(option.accelerators * option.memory_mib if option.shared else 0 for option in options)
        vcpus += copies * min(option.vcpus for option in options)
        host += copies * min(option.host_mib for option in options)
    parts = []
    if owned:
        parts.append(f"{words.count(owned, 'whole accelerator')}")
    if shared:
        parts.append(f"{words.gib(shared)} GiB on shared accelerators")
    parts += [f"{vcpus / MILLI:,.0f} vCPUs", f"{words.gib(host)} GiB of host memory"]
    return "at least " + ", ".join(parts)


def rules_of(component: Component) -> Iterator[str]:
    """Names of the rules that a component uses beyond copies and room."""
    spread = component.spread
    used = {
        "shared": any(mode.shared for mode in component.modes),
        "accelerator_share": any(mode.accelerator_share for mode in component.modes),
        "options": len(component.modes) > 1,
        "on": any(mode.on is not None for mode in component.modes),
        "instance_types": any(mode.instance_types is not None for mode in component.modes),
        "zones": component.zones is not None,
        "max_skew": spread.max_skew is not None,
        "min_zones": spread.min_zones is not None,
        "max_per_zone": spread.max_per_zone is not None,
        "max_per_instance": spread.max_per_instance is not None,
        "min_available_on_zone_loss": component.min_available_on_zone_loss > 0,
        "min_available_on_pool_loss": component.min_available_on_pool_loss > 0,
        "min_available_on_instance_loss": component.min_available_on_instance_loss > 0,
        "dedicated": component.dedicated,
        "avoid": bool(component.avoid),
        "move_cost": component.move_cost is not None,
    }
    yield from (rule for rule, is_used in used.items() if is_used)


def _limit(row: Limit) -> str:
    numbers = ((key, getattr(row, key)) for key in LIMITED)
    most = " and ".join(f"{key} {amount(value, key)}" for key, value in numbers if value is not None)
    return f"{words.shown(row.name)}: {most} over {words.count(len(row.pools), 'pool')}"


def _commitment(row: Commitment) -> str:
    if row.price_per_hour is None:
        paid = words.count(row.instances or 0, "machine")
    else:
        paid = f"{amount(row.price_per_hour, 'price_per_hour')} an hour"
    return f"{words.shown(row.name)}: {paid} in {words.count(len(row.pools), 'pool')}"


def _minimum(problem: Problem) -> str:
    paid = sum(pool.min_instances for pool in problem.pools)
    return f", {words.count(paid, 'machine')} paid for in any case" if paid else ""


def _running(problem: Problem) -> str:
    states = Counter(instance.state for instance in problem.instances)
    parts = [f"{states[state]:,} {state}" for state in ("active", "cordoned", "draining") if states[state]]
    fixed = sum(not instance.removable for instance in problem.instances)
    if fixed:
        parts.append(f"{fixed:,} not removable")
    copies = words.count(len(problem.placements), "copy", "copies")
    pinned = sum(row.pinned for row in problem.placements)
    machines = words.count(len(problem.instances), "machine")
    return f"{copies}{f' ({pinned:,} pinned)' if pinned else ''} on {machines} ({', '.join(parts)})"


def _objective(problem: Problem) -> str:
    hours = problem.objective.horizon_hours
    text = f"price over {hours:g} {'hour' if hours == 1 else 'hours'}"
    moves = {problem.objective.move_cost if row.move_cost is None else row.move_cost for row in problem.components}
    if any(moves):
        text += f" + {' to '.join(map(words.money, _ends(moves)))} a moved copy"
    most = problem.objective.max_moves
    return text if most is None else f"{text}, at most {words.count(most, 'move')}"
