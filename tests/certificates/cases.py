"""Certificates made by hand for tiny problems, each of which proves the optimum and not a micro-dollar more."""

from __future__ import annotations

from typing import Any, NamedTuple

Doc = dict[str, Any]
A, B = "a", "b"  # pools
EMPTY: Doc = {"leaf": "prices", "use": []}


class Case(NamedTuple):
    """A problem, its certificate without a claim, and the optimum in micro-dollars (None: no plan)."""

    problem: Doc
    certificate: Doc
    optimum: int | None

    def claiming(self, cost: int | None) -> Doc:
        """The certificate with a claim."""
        claim = {"infeasible": True} if cost is None else {"cost": [cost, 1]}
        top = {"format": "placement-certificate/v1", "problem": self.problem["name"], "unit": 1, "claim": claim}
        return {**top, **self.certificate}


def machine(price: float, accelerators: int = 2, **more: Any) -> Doc:
    """An instance type with accelerators of 4 GiB, 8 vCPUs and 8 GiB."""
    accelerator = {"accelerator": "acc", "accelerator_count": accelerators} if accelerators else {}
    return {**accelerator, "vcpus": 8, "memory_gib": 8, "price_per_hour": price, **more}


def problem(
    name: str, types: dict[str, Doc], components: list[Doc], pools: list[Doc] | None = None, **more: Any
) -> Doc:
    """A problem with a pool of each type, or with these pools."""
    pools = pools or [{"name": key, "instance_type": key, "zone": "z"} for key in types]
    top = {"format": "placement/v1", "name": name, "accelerators": {"acc": {"memory_gib": 4}}}
    return {**top, "instance_types": types, "pools": pools, "components": components, **more}


def component(name: str, copies: int, **more: Any) -> Doc:
    """A component that needs an accelerator of 3 GiB for itself or, at most, with what takes 1 GiB."""
    needs = {} if "options" in more or "accelerators" in more else {"accelerator_memory_gib": 3, "shared": True}
    return {"name": name, "copies": copies, **needs, **more}


def items(pools: list[str], *priced: tuple[list[int], int], own: int = 0) -> Doc:
    """Prices of a class."""
    return {"accelerators": [{"pools": pools, "own": own, "copies": [[need, price] for need, price in priced]}]}


def use(*prices: int) -> Doc:
    """A leaf by some prices."""
    return {"leaf": "prices", "use": [[i, 1, 1] for i in prices]}


def machines(pools: list[str], at_most: int, below: int, above: int) -> Doc:
    """A split on machines."""
    return {"split": {"machines": pools}, "at_most": at_most, "below": below, "above": above}


ONE = [3072, 0, 0, 0]  # what a copy of `component` puts on an accelerator
HALF = 500_000

CASES: dict[str, Case] = {}


def case(document: Doc, prices: list[Doc], nodes: list[Doc], optimum: int | None, **more: Any) -> None:
    """Note a case by the name of its problem."""
    CASES[document["name"]] = Case(document, {"prices": prices, "nodes": nodes, **more}, optimum)


case(  # five accelerators are two and a half machines
    problem("one class", {A: machine(1)}, [component("m", 5)]),
    [items([A], (ONE, HALF))],
    [use(0)],
    3_000_000,
)
case(  # two machines of two accelerators, where three accelerators for 5 look cheaper by the piece
    problem("machines", {A: machine(5, 3), B: machine(4, 2)}, [component("m", 4)]),
    [
        {"accelerators": [*items([A], (ONE, n))["accelerators"], *items([B], (ONE, n))["accelerators"]]}
        for n in (2_000_000, 1)
    ],
    [
        machines([A], 0, 1, 2),
        use(0),
        machines([A], 1, 3, 4),
        machines([B], 0, 5, 6),
        EMPTY,
        {**use(1), "infeasible": True},
        EMPTY,
    ],
    8_000_000,
)
case(  # three copies: two on a machine of two accelerators, one on a machine of one
    problem(
        "copies",
        {A: machine(2), B: machine(1.5, 1)},
        [
            component(
                "m", 3, options=[{"accelerators": 1, "instance_types": [A]}, {"accelerators": 1, "instance_types": [B]}]
            )
        ],
    ),
    [
        {
            "accelerators": [
                {"pools": [A], "own": 1_000_000},
                {"pools": [B], "copies": [[[4096, 1000, 0, 0], 1_500_000 if price < 0 else 0]]},
            ],
            "copies": [[{"component": "m", "option": 0, "pools": [A]}, price]],
        }
        for price in (-500_000, 1_000_000)
    ],
    [
        {
            "split": {"copies": {"component": "m", "option": 0, "pools": [A]}},
            "at_most": 2,
            "below": 1,
            "above": 2,
        },
        use(0),
        machines([A], 1, 3, 4),
        {**use(1), "infeasible": True},
        EMPTY,
    ],
    3_500_000,
)
case(  # a wide copy takes both accelerators, so an owner needs another machine, though a narrow copy needs as little
    problem(
        "own item",
        {A: machine(1)},
        [
            *(
                component(name, 1, accelerators=n, accelerator_memory_gib=1, shared=True)
                for name, n in (("w", 2), ("n", 1))
            ),
            component("own", 1, accelerators=1),
        ],
    ),
    [{"accelerators": [{"pools": [A], "own": HALF, "copies": [[[1024, 0, 0, 0], "w", HALF]]}]}],
    [use(0)],
    2_000_000,
)
STACKED = [2048, 0, 0, 0]  # of a copy on each of two accelerators, which hold two such
WIDE = component("w", 2, accelerators=2, accelerator_memory_gib=2, shared=True, memory_gib=5)
case(  # two copies need two machines for their host memory; each alone, it stands on each accelerator but once
    problem(
        "repeated",
        {A: machine(2)},
        [WIDE],
        [{"name": name, "instance_type": A, "zone": name} for name in (A, B)],
    ),
    [
        {
            "accelerators": [
                {"pools": [name], "copies": [[STACKED, 1_000_000]], "grid": [[0, 1024, 1]]} for name in (A, B)
            ]
        },
        {"per_instance": [["w", name, 2_000_000] for name in (A, B)]},
    ],
    [
        {"split": {"copies": {"component": "w", "option": 0, "pools": [A]}}, "at_most": 1, "below": 1, "above": 2},
        {"split": {"copies": {"component": "w", "option": 0, "pools": [B]}}, "at_most": 1, "below": 3, "above": 4},
        use(1),
        use(0),
        use(1),
    ],
    4_000_000,
)
case(  # machines of two pools together, by a price of any sign
    problem(
        "sets",
        {A: machine(1)},
        [component("m", 3)],
        [{"name": name, "instance_type": A, "zone": "z", "max_instances": 3} for name in (A, B)],
    ),
    [{**items([A, B], (ONE, HALF)), "machines": [[[A, B], 0]]}, {"machines": [[[A, B], -1_000_000]]}],
    [machines([A, B], 1, 1, 2), {**use(0), "infeasible": True}, use(1)],
    2_000_000,
)
case(
    problem(
        "no room",
        {A: machine(1)},
        [component("m", 3)],
        [{"name": A, "instance_type": A, "zone": "z", "max_instances": 1}],
    ),
    [items([A], (ONE, 1))],
    [{**use(0), "infeasible": True}],
    None,
)
case(
    problem("fits nowhere", {A: machine(1)}, [component("m", 1, accelerators=4)]),
    [],
    [{"leaf": "counting", "component": "m"}],
    None,
)
case(
    problem("zone lost", {A: machine(1)}, [component("m", 2, min_available_on_zone_loss=1)]),
    [],
    [{"leaf": "counting", "component": "m"}],
    None,
)
case(  # two machines half empty: a move costs less than a machine
    problem(
        "running",
        {A: machine(2)},
        [component("m", 2, accelerators=1)],
        instances=[{"id": i, "pool": A} for i in ("i", "j")],
        placements=[{"component": "m", "instance": i, "accelerators": [0]} for i in ("i", "j")],
        objective={"move_cost": 0.5},
    ),
    [items([A], own=750_000)],
    [{"leaf": "running", "prices": 0, "rewards": [["m", HALF]]}],
    2_500_000,
)
case(  # two of three copies are placed at least, each on a machine of its own
    problem("within", {A: machine(1, 1)}, [component("m", 3, min_copies=1)]),
    [{**items([A], ([3072, 0, 0, 0], 1_000_000)), "optional": {"0": 1_000_000}}],
    [use(0)],
    2_000_000,
    within={"0": 1},
)
case(
    problem("demand", {A: machine(1, 1)}, [{"name": "m", "demand": 5, "throughput": 2, "accelerators": 1}]),
    [items([A], ([4096, 1000, 0, 0], 1_000_000))],
    [use(0)],
    3_000_000,
)
case(  # three copies of which two stand on a machine, which is theirs alone; beside these another copy
    problem(
        "dedicated",
        {A: machine(1)},
        [component("m", 3, dedicated=True), component("n", 1)],
    ),
    [items([A], (ONE, HALF), own=HALF)],
    [use(0)],
    3_000_000,
)
case(  # of four copies two are in the dear zone
    problem(
        "zones",
        {A: machine(1, 1), B: machine(3, 1)},
        [component("m", 4, spread={"max_skew": 1})],
        [{"name": A, "instance_type": A, "zone": "y"}, {"name": B, "instance_type": B, "zone": "z"}],
    ),
    [
        {
            "accelerators": [
                *items([A], ([3072, 0, 0, 0], 1_000_000))["accelerators"],
                *items([B], ([3072, 0, 0, 0], 3_000_000))["accelerators"],
            ]
        }
    ],
    [use(0)],
    8_000_000,
)
case(  # two copies of 3 vCPUs fit on a machine of 8
    problem("whole machine", {A: machine(1, 0)}, [component("m", 5, accelerators=0, vcpus=3)]),
    [items([A], ([0, 0, 3000, 0], HALF))],
    [use(0)],
    3_000_000,
)
case(  # volumes: 10 GiB of 8 a machine
    problem("volumes", {A: machine(1)}, [component("m", 5, accelerators=0, memory_gib=2)]),
    [{"volumes": [[A, "memory", 122]]}],
    [use(0)],
    2_000_000,
)
case(  # at most one copy on a machine
    problem("per instance", {A: machine(1)}, [component("m", 3, spread={"max_per_instance": 1})]),
    [{"per_instance": [["m", A, 1_000_000]]}],
    [use(0)],
    3_000_000,
)
case(  # three that never share a machine: by name, by group, and as one is dedicated; one of them needs two machines
    problem(
        "cliques",
        {A: machine(1), B: machine(3)},
        [
            {"name": "m", "copies": 3, "accelerators": 1, "avoid": ["n"], "groups": ["g"]},
            {"name": "n", "copies": 1, "accelerators": 0},
            {"name": "o", "copies": 1, "accelerators": 0, "dedicated": True},
            {"name": "q", "copies": 1, "accelerators": 0, "avoid": ["group:g", "n"], "instance_types": [B]},
        ],
    ),
    [{"clique": [["m", 1_000_000], ["n", 1_000_000], ["o", 1_000_000], ["q", 3_000_000]]}],
    [use(0)],
    7_000_000,
)
case(  # three zones, though one machine would hold all
    problem(
        "clique of one",
        {A: machine(1)},
        [{"name": "m", "copies": 3, "accelerators": 0, "spread": {"min_zones": 3}}],
        [{"name": name, "instance_type": A, "zone": name} for name in (A, B, "c")],
    ),
    [{"clique": [["m", 1_000_000]]}],
    [use(0)],
    3_000_000,
)
case(  # one machine must be paid for, which may be the one that runs; the quota has room for another one
    problem(
        "running quota",
        {A: machine(2), B: machine(10)},
        [component("m", 4, accelerators=1)],
        [
            {"name": A, "instance_type": A, "zone": "z", "min_instances": 1, "max_instances": 2},
            {"name": B, "instance_type": B, "zone": "z"},
        ],
        instances=[{"id": "i", "pool": A}],
        placements=[{"component": "m", "instance": "i", "accelerators": [0]}],
        objective={"move_cost": 5},
    ),
    [{"accelerators": [*items([A], own=2_000_000)["accelerators"], *items([B], own=2_000_000)["accelerators"]]}],
    [{"leaf": "running", "prices": 0}],
    4_000_000,
)
case(  # what is known of copies on one pool of a class is not known of the other, where both stand on one machine
    problem(
        "half a class",
        {A: machine(4), B: machine(2)},
        [component("w", 2, accelerators=2, accelerator_memory_gib=2, shared=True)],
    ),
    [
        items([A, B], (STACKED, HALF)),
        {"copies": [[{"component": "w", "option": 0, "pools": [A]}, 1]], "per_instance": [["w", A, 1]]},
    ],
    [
        {"split": {"copies": {"component": "w", "option": 0, "pools": [A]}}, "at_most": 1, "below": 1, "above": 2},
        use(0),
        machines([A], 0, 3, 4),
        {**use(1), "infeasible": True},
        EMPTY,
    ],
    2_000_000,
)
