"""Step 4: quotas are short. A demand is served by as many copies as it takes, and a batch runs where room is left."""

from step3 import problem as before

from placement import Component, Pool, Problem, Spread, solve

embed = Component(  # 900 requests a second; a copy serves 250
    name="embed",
    demand=900,
    throughput=250,
    accelerator_memory_gib=6,
    shared=True,
    vcpus=1,
    memory_gib=8,
    spread=Spread(min_zones=2),
)
batch = Component(  # ten copies at best, none of them needed
    name="nightly-batch", copies=10, min_copies=0, accelerator_memory_gib=16, shared=True, vcpus=1, memory_gib=8
)
problem = Problem(
    accelerators=before.accelerators,
    instance_types=before.instance_types,
    pools=[Pool(name=f"small-{zone}", instance_type="g6e.2xlarge", zone=zone, max_instances=2) for zone in "abc"],
    components=[*before.components, embed, batch],
)

if __name__ == "__main__":
    result = solve(problem)
    print(result)
    print("copies of embed:", sum(row.component == "embed" for row in result.plan.assignments))
    for row in result.plan.unplaced:
        print(f"{row.copies} copies of {row.component} are left out")
