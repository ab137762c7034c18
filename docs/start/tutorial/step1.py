"""Step 1: one model on one kind of machine, and copies that share a GPU."""

from placement import Accelerator, Component, InstanceType, Pool, Problem, solve

problem = Problem(
    accelerators={"L40S": Accelerator(memory_gib=48)},
    instance_types={
        "g6e.2xlarge": InstanceType(
            accelerator="L40S", accelerator_count=1, vcpus=8, memory_gib=64, price_per_hour=2.24
        )
    },
    pools=[Pool(name="small-a", instance_type="g6e.2xlarge", zone="a")],
    components=[Component(name="chat-8b", copies=5, accelerator_memory_gib=20, shared=True, vcpus=2, memory_gib=16)],
)

if __name__ == "__main__":
    print(solve(problem))
