"""Small fleets that tests of transitions have in common."""

from __future__ import annotations

from typing import Any

from placement.documents import Problem
from placement.documents.plan import Plan

Place = tuple[str, str, int]  # component, machine, accelerator


def fleet(
    now: list[Place], pools: list[dict[str, Any]] | None = None, *, accelerators: int = 1, **more: Any
) -> Problem:
    """Machines of so many accelerators that run copies of 70 GiB, each alone on its accelerator."""
    names = dict.fromkeys(component for component, _, _ in now)
    copies = {name: sum(component == name for component, _, _ in now) for name in names}
    components = more.pop("components", {})
    machines = more.pop("machines", sorted({machine for _, machine, _ in now}))
    return Problem(
        accelerators={"A": {"memory_gib": 80}},
        instance_types={
            "m": {
                "accelerator": "A",
                "accelerator_count": accelerators,
                "vcpus": 8,
                "memory_gib": 64,
                "price_per_hour": 2,
            }
        },
        pools=pools or [{"name": "p", "instance_type": "m", "zone": "z", "max_instances": len(machines)}],
        components=[
            {"name": name, "copies": copies[name], "accelerator_memory_gib": 70} | components.get(name, {})
            for name in names
        ],
        instances=[row if isinstance(row, dict) else {"id": row, "pool": "p"} for row in machines],
        placements=[
            {"component": component, "instance": machine, "accelerators": [k]} for component, machine, k in now
        ],
        **more,
    )


def plan(then: list[Place], pools: dict[str, str] | None = None) -> Plan:
    """The plan with these copies; machines are of pool `p` but for those in `pools`."""
    machines = sorted({machine for _, machine, _ in then})
    return Plan(
        instances=[{"id": machine, "pool": (pools or {}).get(machine, "p")} for machine in machines],
        assignments=[
            {"component": component, "instance": machine, "accelerators": [k]} for component, machine, k in then
        ],
    )
