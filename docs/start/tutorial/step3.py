"""Step 3: a large model with two options, and a second type of machine."""

from step2 import problem as before

from placement import Component, InstanceType, Option, Pool, Problem, solve

large = Component(
    name="writer-34b",
    copies=2,
    options=(
        Option(name="tp2", accelerators=2, accelerator_memory_gib=40, vcpus=8, memory_gib=64),
        Option(name="int4", accelerator_memory_gib=24, shared=True, vcpus=4, memory_gib=32),
    ),
    min_available_on_zone_loss=1,
)
problem = Problem(
    accelerators=before.accelerators,
    instance_types={
        **before.instance_types,
        "g6e.24xlarge": InstanceType(
            accelerator="L40S", accelerator_count=4, vcpus=96, memory_gib=768, price_per_hour=15.07
        ),
    },
    pools=[*before.pools, *(Pool(name=f"large-{zone}", instance_type="g6e.24xlarge", zone=zone) for zone in "abc")],
    components=[*before.components, large],
)

if __name__ == "__main__":
    result = solve(problem)
    print(result)
    print(
        "writer-34b:", *(large.modes[row.option].name for row in result.plan.assignments if row.component == large.name)
    )
