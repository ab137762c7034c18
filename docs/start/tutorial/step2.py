"""Step 2: three zones. Copies spread over them, and two must still run when any one zone is lost."""

from collections import Counter

from placement import Accelerator, Component, InstanceType, Pool, Problem, Spread, solve

problem = Problem(
    accelerators={"L40S": Accelerator(memory_gib=48)},
    instance_types={
        "g6e.2xlarge": InstanceType(
            accelerator="L40S", accelerator_count=1, vcpus=8, memory_gib=64, price_per_hour=2.24
        )
    },
    pools=[Pool(name=f"small-{zone}", instance_type="g6e.2xlarge", zone=zone) for zone in "abc"],
    components=[
        Component(
            name="chat-8b",
            copies=5,
            accelerator_memory_gib=20,
            shared=True,
            vcpus=2,
            memory_gib=16,
            spread=Spread(max_skew=1),
        ),
        Component(
            name="code-7b",
            copies=3,
            accelerator_memory_gib=24,
            shared=True,
            vcpus=2,
            memory_gib=16,
            min_available_on_zone_loss=2,
        ),
    ],
)

if __name__ == "__main__":
    result = solve(problem)
    print(result)
    for component in ("chat-8b", "code-7b"):
        zones = Counter(row.instance.split("/")[0] for row in result.plan.assignments if row.component == component)
        print(component, "copies in a zone:", *sorted(zones.values(), reverse=True))
