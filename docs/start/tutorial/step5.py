"""Step 5: the plan of step 2 runs today. The fullest machine must be left, a model comes, and each move has a price."""

from collections import Counter

from step2 import problem as before

from placement import Component, Instance, Objective, Placement, Problem, solve

today = solve(before)
copies_on = Counter(row.instance for row in today.plan.assignments)
fullest = max(copies_on, key=copies_on.__getitem__)
problem = Problem(
    accelerators=before.accelerators,
    instance_types=before.instance_types,
    pools=before.pools,
    components=[
        *before.components,
        Component(name="guard-3b", copies=1, accelerator_memory_gib=8, shared=True, vcpus=1, memory_gib=8),
    ],
    instances=[
        Instance(id=row.id, pool=row.pool, state="draining" if row.id == fullest else "active")
        for row in today.plan.instances
    ],
    placements=[
        Placement(component=row.component, instance=row.instance, accelerators=row.accelerators)
        for row in today.plan.assignments
    ],
    objective=Objective(horizon_hours=24, move_cost=0.5),  # a day's rent against half a dollar a move
)

if __name__ == "__main__":
    result = solve(problem)
    print(result)
    print("copies on the machine that must be left:", sum(row.instance == fullest for row in result.plan.assignments))
