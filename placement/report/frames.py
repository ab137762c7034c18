"""Results and plans as pandas data frames."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from placement.documents.plan import Plan
from placement.errors import UsageError, nearest
from placement.report.baseline import dedicated_baseline
from placement.report.facts import PlanFacts, gather
from placement.report.page.bill import split_price
from placement.report.page.search import events
from placement.solving.result import Result
from placement.units import MIB_PER_GIB, MILLI, dollars


def result_frame(result: Result, what: str) -> Any:
    """Copies, machines, components or the trace of a result."""
    if result.packing is None or result.fleet is None:
        return plan_frame(result.plan, what)
    fleet, plan = result.fleet, result.plan
    made: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "copies": lambda: _copies(gather(fleet.problem, plan, fleet)),
        "machines": lambda: _machines(gather(fleet.problem, plan, fleet)),
        "components": lambda: _components(gather(fleet.problem, plan, fleet)),
        "trace": lambda: _trace(plan),
    }
    return _frame(made, what)


def plan_frame(plan: Plan, what: str) -> Any:
    """Copies, machines or the trace of a plan, as its file tells them."""
    pools = {row.id: row.pool for row in plan.instances}
    made: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "copies": lambda: (
            {
                "component": row.component,
                "option": row.option,
                "instance": row.instance,
                "accelerators": row.accelerators,
                "pool": pools.get(row.instance),
            }
            for row in plan.assignments
        ),
        "machines": lambda: ({"instance": row.id, "pool": row.pool, "new": row.says_new} for row in plan.instances),
        "trace": lambda: _trace(plan),
    }
    return _frame(made, what)


_COLUMNS = {
    "copies": ["component", "option", "instance", "accelerators", "pool"],
    "machines": ["instance", "pool"],
    "components": ["component", "copies"],
    "trace": ["seconds", "cost", "bound", "by"],
}


def _frame(made: Mapping[str, Callable[[], Iterator[dict[str, Any]]]], what: str) -> Any:
    """The frame asked for; of no rows, one with its first columns."""
    if what not in made:
        raise UsageError(f'no frame "{what}"; {nearest(str(what), made)}')
    try:
        import pandas as pd
    except ImportError:
        raise UsageError("to_frame needs pandas: pip install pandas") from None
    rows = list(made[what]())
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=_COLUMNS[what])


def _copies(facts: PlanFacts) -> Iterator[dict[str, Any]]:
    for machine in facts.machines:
        for row in machine.load.standing:
            yield {
                "component": row.kind.component,
                "option": row.kind.option,
                "instance": machine.id,
                "accelerators": row.accelerators,
                "pool": machine.load.pool,
                "instance_type": machine.load.type,
                "zone": machine.load.zone,
                "accelerator_memory_gib": row.option.memory_mib / MIB_PER_GIB,
                "vcpus": row.option.vcpus / MILLI,
                "memory_gib": row.option.host_mib / MIB_PER_GIB,
            }


def _machines(facts: PlanFacts) -> Iterator[dict[str, Any]]:
    for machine in facts.machines:
        load = machine.load
        yield {
            "instance": machine.id,
            "pool": load.pool,
            "instance_type": load.type,
            "zone": load.zone,
            "state": machine.state,
            "price_per_hour": dollars(load.price),
            "copies": len(load.standing),
            "accelerators": len(load.devices),
            "accelerators_in_use": sum(device.copies > 0 for device in load.devices),
            "accelerator_memory_gib": sum(device.memory.room for device in load.devices) / MIB_PER_GIB,
            "accelerator_memory_needed_gib": sum(device.memory.used for device in load.devices) / MIB_PER_GIB,
            "vcpus": load.vcpus.room / MILLI,
            "vcpus_needed": load.vcpus.used / MILLI,
            "memory_gib": load.host.room / MIB_PER_GIB,
            "memory_needed_gib": load.host.used / MIB_PER_GIB,
        }


def _components(facts: PlanFacts) -> Iterator[dict[str, Any]]:
    parts, _ = split_price(facts)
    alone = dedicated_baseline(facts.fleet, [row.placed for row in facts.components])
    for row, rent in zip(facts.components, alone.rents, strict=True):
        yield {
            "component": row.name,
            "copies": row.placed,
            "wanted": row.wanted,
            "machines": row.machines,
            "zones": len(row.zones),
            "price_per_hour": dollars(parts.get(row.name, 0)),
            "alone_per_hour": None if rent is None else dollars(rent.price),
        }


def _trace(plan: Plan) -> Iterator[dict[str, Any]]:
    for event in events(plan):
        yield {
            "seconds": event.seconds,
            "cost": None if event.cost is None else dollars(event.cost),
            "bound": None if event.bound is None else dollars(event.bound),
            "by": event.by,
        }
