"""The ways through the solvers that a problem can be sent on, as a table.

A path names a solver, what is asked of it, and the thresholds that it lowers so that a problem of a few rows goes where
only large fleets go. `reaches` names functions of the package; a run counts as taken when it entered one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from placement.heuristics import GreedyOptions, HeuristicOptions
from placement.solving.schedule import DEAR, FEW_LARGE, FEW_SMALL, FIRST, LARGE, RUNNING, TURNS, Turn
from tests.fuzz import blind

if TYPE_CHECKING:
    from collections.abc import Mapping


_CG_ROOM = "placement.solvers.column_generation"
_PARTS_ROOM = "placement.solvers.decomposition"
_AUTO_ROOM = "placement.solvers.portfolio"
_GROUPING = "placement.reductions.restricting_aggregation"


@dataclass(frozen=True)
class Path:
    """One way through the code.

    Attributes
    ----------
    solver : a name of the registry, "bound" for `placement.bound`, or "scenarios" for `placement.plan_scenarios` on
        scenarios that are drawn of the problem, "headroom" for `placement.headroom`, "any prices" for no solve at all.
    weight : how often it is drawn, beside the others; `likes` are weights in single families.
    work : limits on work, one of which is drawn; none for a limit on time alone.
    seconds : of the time limit; on the fuzzer's clock, which moves by looks at it, unless `real`.
    stop : "interrupt" at a random look at the clock, "time" is up at a random look, "timer" after real seconds.
    looks : power of ten of the latest such look.
    lowers : values for names of modules, ``module:NAME``; on top of `QUICK`, unless `patient`.
    certify : why the bound holds is written down and checked, too.
    """

    name: str
    solver: str
    weight: float = 10.0
    likes: Mapping[str, float] = field(default_factory=dict)
    reaches: tuple[str, ...] = ()
    work: tuple[int, ...] = ()
    seconds: float | None = None
    threads: int | None = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    draws_options: bool = False
    hint: bool = False
    stop: str = ""
    looks: float = 3.0
    real: bool = False
    again: bool = False
    executor: str = ""
    lowers: Mapping[str, Any] = field(default_factory=dict)
    patient: bool = False
    certify: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """What names of modules are set to."""
        return {**({} if self.patient else QUICK), **self.lowers}

    def weight_in(self, family: str) -> float:
        """How often it is drawn in a family."""
        return self.likes.get(family, self.weight)


WORK: dict[str, tuple[int, ...]] = {
    "ffd": (1, 3),
    "best-fit": (1, 3),
    "greedy": (1, 3),
    "column-generation": (1, 3),
    "bin-packing": (1, 5, 50),
    "decomposition": (1, 20, 100),
    "cp-sat": (1, 100),
    "milp": (1, 100),
    "auto": (1, 20, 200),
    "demand": (1, 20, 100),
}

# Values that are worth trying of every option of every solver.
OPTION_VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "auto": {
        "direct_terms": (0, 100, 20_000),
        "direct_terms_few_moves": (0, 100, 100_000),
        "direct_terms_rules": (0, 100, 100_000),
        "direct_terms_demand": (0, 100, 5_000),
        "decompose_from": (0, 1, 4, 3_000),
    },
    "ffd": {"restarts": (1, 9), "ejections": (0, 3, 400)},
    "best-fit": {"restarts": (1, 9), "ejections": (0, 3, 400)},
    "greedy": {"restarts": (1, 9), "ejections": (0, 3, 400), "rounds": (0, 5, 200)},
    "column-generation": {
        "bound_share": (0.0, 0.01, 0.3, 1.0),
        "second": (False, True),
        "steps": (0, 1, 20),
    },
    "bin-packing": {},
    "demand": {"solver": ("auto", "ffd", "greedy", "cp-sat", "column-generation", "milp")},
    "decomposition": {
        "copies": (1, 2, 4, 250),
        "solver": ("auto", "ffd", "greedy", "cp-sat", "column-generation", "milp"),
        "groups": (0, 1, 2, 400),
        "rounds": (0, 1, 5),
    },
    "cp-sat": {
        "workers": (1, 8),
        "first_phase": (0.001, 2.0),
        "max_terms": (0, 60, 3_000_000),
        "small": (0, 3_000),
        "start": (True, False),
    },
    "milp": {"engine": ("highs",), "max_terms": (0, 60, 400_000), "start": (True, False)},
}

# A campaign sees more problems where heuristics try little; and a poor first plan leaves the exact searches more to do.
_FEW_TRIES = partial(GreedyOptions, restarts=1, ejections=10, rounds=2)
_STEPS = 100_000_000  # for a unit of work: a tenth of a second
QUICK: dict[str, Any] = {
    "placement.solving.budget:PER_SECOND": _STEPS,
    "placement.heuristics.solve:GreedyOptions": _FEW_TRIES,
    "placement.heuristics.solve:HeuristicOptions": partial(HeuristicOptions, restarts=1, ejections=10),
    "parameters:heuristics.solve.turn": 5,
    "parameters:heuristics.prices.rounds": 4,
    f"{_AUTO_ROOM}:TURNS": {
        **TURNS,
        FIRST: tuple(replace(turn, options={**turn.options, "restarts": 1}) for turn in TURNS[FIRST]),
    },
    "placement.heuristics.first_plan:_QUICK": _FEW_TRIES(),
    "parameters:heuristics.first_plan.restarts": 1,
    "parameters:local_search.refill.most_steps": 200,
    "parameters:heuristics.repair.ejections": 10,
    "parameters:local_search.large_neighbourhood.work": 0.75,
    "parameters:column_generation.pack.tries": 3,
    "parameters:local_search.optional_copies.tries": 2,
    "parameters:local_search.variable_neighbourhood.tries": 4,
    "parameters:local_search.variable_neighbourhood.steps": 3,
    "placement.certificates.search:_MOST_NODES": 200,
}
# As if the direct models could take no turns: the searches of large fleets.
_LARGE = {"direct_terms": 0, "direct_terms_few_moves": 0}
_RUNNING = {  # a poor plan, then whole solutions with what runs
    f"{_AUTO_ROOM}:TURNS": {
        **TURNS,
        FIRST: (Turn("ffd", 1.0, options={"restarts": 1}),),
        **dict.fromkeys((FEW_SMALL, FEW_LARGE, DEAR, LARGE), (Turn(RUNNING, 1.0, 10),)),
    }
}
_DIVES = {"parameters:column_generation.pack.dive_from": 1}
_COARSE_GRID = {
    "parameters:patterns.grid.finest": 8,
    "parameters:patterns.grid.states": 20,
    "parameters:patterns.listing.most_table": 40,
    "parameters:patterns.enumeration.most_patterns": 3,
}
_SPANNING = {"parameters:patterns.formulation.most_items": 0, "parameters:patterns.formulation.most_apart": 0}
_FEW_AGGREGATES = {
    "parameters:patterns.formulation.most_aggregates": 1,
    "parameters:patterns.dedicated.most_copies": 1,
}
_NO_MIXES = {f"{_CG_ROOM}.combinatorial_benders:may_decide": blind.never}
_NARROW = {f"{_CG_ROOM}.whole_solutions:is_large": blind.always}
_DIVE = (f"{_CG_ROOM}.diving.dive:Dive.run",)
_ZONES = (f"{_CG_ROOM}.zone_packing:ZonePacking._put",)
_ZONES_FROM = {
    "parameters:column_generation.zone_packing.copies_from": 1,
    "parameters:column_generation.zone_packing.components_from": 5,
    "parameters:column_generation.pack.dive_from": 1,
}
_ZONED = {"zoned": 200, "zones": 40, "fleets": 25, "moves": 10}
_NO_PLAN = {"placement.heuristics.first_plan:first_plan": blind.no_plan}
_POOR_PLAN = {"placement.heuristics.first_plan:first_plan": blind.poor_plan}
_NO_REASON = {"placement.bounds.infeasible:why_infeasible": blind.no_reason}
_NO_VOLUME = {
    "placement.bounds.volume:volume_bound": blind.no_volume,
    "placement.bounds.instant:raise_instant_bounds": blind.no_bounds,
}
_BLIND = _NO_PLAN | _NO_REASON | _NO_VOLUME
_CORE = "placement.vector_packing"
_BLIND_CORE = {
    f"{_CORE}.heuristics:first_packings": blind.nothing,
    f"{_CORE}.dual_feasible:volume_cuts": blind.no_cuts,
    f"{_CORE}.dual_feasible:dual_feasible_cuts": blind.no_cuts,
    f"{_CORE}.solve:_count": blind.nothing,
}
_CORE_RUN = (f"{_CORE}.solve:solve_vector_packing",)
_DIVERS = {"fleets": 40, "alike": 40, "wide": 15, "edges": 15, "zones": 12, "avoid": 12}
_CG = "column-generation"
_SECOND_IN_THREAD = {
    "parameters:column_generation.helper.least": 0.0,
    "placement.parallel.helper:start_worker": blind.InThread,
}
_ANY_WORK = (1, 20, 200)
SCENARIOS = "scenarios"
HEADROOM = "headroom"
ANY_PRICES = "any prices"
_NO_FLEETS = {"fleets": 0, "wide": 1}  # too many copies to try all commitments

PATHS: tuple[Path, ...] = (
    # heuristics
    Path("ffd", "ffd", 4, work=WORK["ffd"]),
    Path("best-fit", "best-fit", 4, work=WORK["best-fit"]),
    Path("greedy", "greedy", 3, work=WORK["greedy"]),
    Path("greedy-patient", "greedy", 0.5, patient=True),
    Path(
        "heuristics-small-rooms",
        "greedy",
        3,
        work=(2,),
        lowers={
            "placement.heuristics.machine_rows:_FIRST_ROWS": 1,
            "parameters:heuristics.relabel.most_pairs": 0,
            "parameters:heuristics.repair.machines": 1,
            "parameters:heuristics.ruin.most_machines": 2,
        },
    ),
    # the direct models
    Path("cp-sat", "cp-sat", 10, work=(8, 25), seconds=600.0),
    Path("cp-sat-outline", "cp-sat", 8, work=(100,), options={"small": 0, "start": False}),
    Path("cp-sat-clock", "cp-sat", 3, seconds=30.0, options={"first_phase": 0.001, "workers": 2}),
    Path("milp", "milp", 10, likes={"fleets": 0}, work=(100,)),
    Path("milp-short", "milp", 1, work=(5,), seconds=600.0),
    Path("milp-cold", "milp", 5, likes={"fleets": 0}, work=(100,), options={"start": False}),
    Path("milp-cbc", "milp", 0.6, work=(100,), options={"engine": "cbc", "start": False}),
    # auto, as it is and as it is for large fleets
    Path("auto", "auto", 10, seconds=60.0),
    Path("auto-patient", "auto", 0.3, seconds=60.0, patient=True),
    Path("auto-work", "auto", 4, work=WORK["auto"], seconds=5.0),
    Path("auto-scale", "auto", 8, work=(1, 3), options=_LARGE),
    Path("auto-scale-clock", "auto", 5, seconds=1.0, options=_LARGE),
    Path("auto-scale-dives", "auto", 4, seconds=1.0, options=_LARGE, lowers=_DIVES),
    Path(
        "auto-scale-beside",
        "auto",
        0.5,
        seconds=0.2,
        real=True,
        threads=2,
        options=_LARGE,
        reaches=("placement.parallel.thread:BackgroundSearch.__init__",),
        lowers=_DIVES,
    ),
    Path(
        "auto-parts",
        "auto",
        4,
        work=(1, 20),
        options={"decompose_from": 0},
        reaches=(f"{_PARTS_ROOM}.solve:solve_decomposition",),
    ),
    Path(
        "auto-running",
        "auto",
        6,
        likes={"moves": 60, "held": 30, "all-drain": 10},
        work=(5, 50),
        options=_LARGE,
        reaches=(f"{_CG_ROOM}.running_solutions:RunningSolutions._pack",),
        lowers=_RUNNING,
    ),
    Path(
        "auto-running-clock",
        "auto",
        3,
        likes={"moves": 60, "held": 30, "all-drain": 10},
        seconds=3.0,
        options=_LARGE,
        reaches=(f"{_CG_ROOM}.running_solutions:RunningSolutions._pack",),
        lowers=_RUNNING,
    ),
    Path("auto-cut-short", "auto", 1, work=(5,), seconds=1.0, lowers={"placement.planner:_SHORT": 0}),
    # column generation
    Path("cg", _CG, 10, work=(1, 3)),
    Path("cg-patient", _CG, 0.3, work=(2,), patient=True),
    Path(
        "cg-mixes",
        _CG,
        12,
        work=(3,),
        reaches=(f"{_CG_ROOM}.combinatorial_benders:CombinatorialBenders._decide",),
    ),
    Path(
        "cg-packing",
        _CG,
        6,
        work=(2,),
        reaches=(f"{_CG_ROOM}.pack:FleetMixPacking._pack",),
        lowers=_NO_MIXES,
    ),
    Path(
        "cg-dives",
        _CG,
        8,
        likes={"fleets": 60, "alike": 25, "wide": 20},
        work=(2,),
        reaches=_DIVE,
        lowers=_DIVES | _NO_MIXES,
    ),
    Path(
        "cg-zones",
        _CG,
        8,
        likes=_ZONED,
        work=(2,),
        reaches=_ZONES,
        lowers=_BLIND | _POOR_PLAN | _ZONES_FROM | _NO_MIXES,
    ),
    Path(
        "cg-zones-clock",
        _CG,
        3,
        likes=_ZONED,
        seconds=1.0,
        reaches=_ZONES,
        lowers=_BLIND | _POOR_PLAN | _ZONES_FROM | _NO_MIXES,
    ),
    Path(
        "cg-covering",
        _CG,
        5,
        likes={"fleets": 60, "alike": 25, "zones": 20},
        work=(2,),
        reaches=("placement.local_search.content_program:ContentProgram.packing",),
        lowers=_DIVES | _NO_MIXES,
    ),
    Path(
        "cg-scarce",
        _CG,
        6,
        work=(2,),
        reaches=(
            "placement.local_search.optional_copies:OptionalCopies._turn",
            "placement.patterns.left_out:LeftOutBound.run",
            "placement.solvers.column_generation.wanted_copies:pack_wanted",
        ),
        lowers=_POOR_PLAN,
        certify=True,
    ),
    Path("cg-coarse-grid", _CG, 5, work=(3,), lowers=_COARSE_GRID),
    Path("cg-spanning", _CG, 5, work=(3,), lowers=_SPANNING),
    Path("cg-few-aggregates", _CG, 5, work=(3,), lowers=_FEW_AGGREGATES),
    Path("cg-clock", _CG, 5, seconds=1.0),
    Path(
        "cg-dives-clock",
        _CG,
        3,
        likes={"fleets": 25, "alike": 10},
        seconds=1.0,
        reaches=_DIVE,
        lowers=_DIVES | _NO_MIXES,
    ),
    Path("cg-blind", _CG, 8, work=(2,), lowers=_BLIND),
    Path(
        "cg-mixes-poor",
        _CG,
        8,
        work=(3,),
        reaches=(f"{_CG_ROOM}.combinatorial_benders:CombinatorialBenders._decide",),
        lowers=_POOR_PLAN,
    ),
    Path(
        "cg-narrow",
        _CG,
        12,
        work=(5, 50),
        reaches=(f"{_CG_ROOM}.whole_solutions:WholeSolutions._completed",),
        lowers=_POOR_PLAN | _NARROW,
    ),
    Path(
        "cg-packing-blind",
        _CG,
        6,
        work=(2,),
        reaches=(f"{_CG_ROOM}.pack:FleetMixPacking._pack",),
        lowers=_BLIND | _NO_MIXES,
    ),
    Path("cg-dives-blind", _CG, 6, likes=_DIVERS, work=(2,), reaches=_DIVE, lowers=_BLIND | _DIVES | _NO_MIXES),
    Path(
        "cg-dives-poor",
        _CG,
        5,
        likes=_DIVERS | {"moves": 20, "all-drain": 15, "held": 15},
        work=(2,),
        reaches=_DIVE,
        lowers=_POOR_PLAN | _DIVES | _NO_MIXES,
    ),
    Path(
        "cg-dives-blind-clock",
        _CG,
        2,
        likes={k: w / 3 for k, w in _DIVERS.items()},
        seconds=1.0,
        reaches=_DIVE,
        lowers=_BLIND | _DIVES | _NO_MIXES,
    ),
    Path(
        "cg-dives-grid",
        _CG,
        2,
        likes={k: w / 3 for k, w in _DIVERS.items()},
        work=(2,),
        reaches=_DIVE,
        lowers=_BLIND | _DIVES | _NO_MIXES | _COARSE_GRID | _SPANNING,
    ),
    Path(
        "cg-dear-moves",
        _CG,
        3,
        likes={"moves": 25, "all-drain": 10, "held": 10, "fleets": 10},
        work=(2,),
        reaches=("placement.patterns.running.kept_copies:KeptCopiesBound.run",),
        lowers=_POOR_PLAN
        | _DIVES
        | {"parameters:patterns.bound.stake": 0.0, "parameters:reductions.greenfield.cheap": 0.0},
    ),
    Path(
        "cg-running",
        _CG,
        3,
        likes={"zoned": 40, "moves": 15, "fleets": 25},
        work=(2,),
        reaches=(f"{_CG_ROOM}.running_solutions:RunningSolutions.run",),
        lowers=_POOR_PLAN | {"parameters:patterns.bound.stake": 0.0},
    ),
    # in parts
    Path(
        "parts",
        "decomposition",
        4,
        work=(1, 20),
        options={"copies": 2},
        reaches=(f"{_PARTS_ROOM}.solve:_Decomposition._round",),
    ),
    Path(
        "parts-greedy",
        "decomposition",
        4,
        work=(2,),
        options={"copies": 1, "solver": "greedy"},
        reaches=(f"{_PARTS_ROOM}.solve:_Decomposition._round",),
    ),
    Path(
        "parts-groups",
        "decomposition",
        3,
        likes={"alike": 20},
        work=(2,),
        options={"copies": 1, "groups": 2, "solver": "ffd"},
        reaches=(f"{_GROUPING}:RestrictingAggregation.lift",),
        lowers={
            "parameters:decomposition.tasks.groups": (1, 2, 4),
            "parameters:reductions.restricting_aggregation.few": 10,
        },
    ),
    Path(
        "parts-clock",
        "decomposition",
        2,
        likes={"alike": 8},
        seconds=0.5,
        options={"copies": 1, "groups": 2},
        lowers={
            "parameters:decomposition.tasks.groups": (1, 2, 4),
            "parameters:reductions.restricting_aggregation.few": 10,
        },
    ),
    Path(
        "parts-elsewhere",
        "decomposition",
        2,
        work=(2,),
        options={"copies": 2, "solver": "greedy"},
        executor="pickling",
        reaches=(f"{_PARTS_ROOM}.tasks:_Elsewhere.run",),
    ),
    Path(
        "parts-processes",
        "decomposition",
        0.3,
        work=(2,),
        options={"copies": 2, "solver": "greedy"},
        executor="processes",
        reaches=(f"{_PARTS_ROOM}.tasks:_Elsewhere.run",),
    ),
    # demands as counts
    Path(
        "demand",
        "demand",
        0.4,
        likes={"demand": 150},
        work=WORK["demand"],
        reaches=("placement.patterns.counts.bound:CountBound.run",),
    ),
    Path(
        "demand-few-rounds",
        "demand",
        0.2,
        likes={"demand": 60},
        work=(1, 20),
        options={"solver": "greedy"},
        reaches=("placement.patterns.counts.bound:CountBound.run",),
        lowers={
            "parameters:patterns.counts.rounds": 1,
            "parameters:patterns.counts.tight": 2.0,
        },
    ),
    # bin packing
    Path(
        "bin-packing",
        "bin-packing",
        0.3,
        likes={"bins": 120},
        work=WORK["bin-packing"],
        reaches=("placement.vector_packing.solve:solve_vector_packing",),
    ),
    Path(
        "bin-packing-large",
        "bin-packing",
        0.2,
        likes={"bins": 80},
        work=(50,),
        reaches=("placement.vector_packing.solve:solve_vector_packing",),
        lowers={
            "parameters:vector_packing.states.most_states": 3,
            "parameters:vector_packing.states.beams": (2, 4),
            "parameters:vector_packing.listed.most": 0,
            "parameters:vector_packing.pricing.most_cells": 0,
            "parameters:vector_packing.cover.most_loads": 2,
        },
    ),
    Path(
        "bin-packing-blind",
        "bin-packing",
        0.2,
        likes={"bins": 80, "hard-bins": 80},
        work=(50,),
        reaches=_CORE_RUN,
        lowers=_BLIND_CORE | {f"{_CORE}.full_bins:cover_by_full_bins": blind.nothing},
    ),
    Path(
        "bin-packing-full-bins",
        "bin-packing",
        0.2,
        likes={"bins": 40, "hard-bins": 60},
        work=(50,),
        reaches=(f"{_CORE}.full_bins:cover_by_full_bins",),
        lowers={f"{_CORE}.heuristics:first_packings": blind.nothing, f"{_CORE}.solve:_count": blind.nothing},
    ),
    Path(
        "bin-packing-reversed",
        "bin-packing",
        0.2,
        likes={"bins": 80, "hard-bins": 80},
        work=(50,),
        reaches=_CORE_RUN,
        lowers=_BLIND_CORE
        | {f"{_CORE}.full_bins:cover_by_full_bins": blind.nothing, f"{_CORE}.solve:_steps": blind.steps_reversed},
    ),
    Path(
        "bin-packing-listed",
        "bin-packing",
        0.2,
        likes={"bins": 20, "hard-bins": 30},
        work=(50,),
        reaches=(f"{_CORE}.listed:list_patterns",),
        lowers=_BLIND_CORE
        | {
            f"{_CORE}.full_bins:cover_by_full_bins": blind.nothing,
            f"{_CORE}.patterns:PatternSearch": blind.Nearsighted,
            "parameters:vector_packing.pricing.most_cells": 0,
        },
    ),
    Path(
        "bin-packing-blind-large",
        "bin-packing",
        0.2,
        likes={"bins": 40, "hard-bins": 40},
        work=(50,),
        reaches=_CORE_RUN,
        lowers=_BLIND_CORE
        | {
            f"{_CORE}.full_bins:cover_by_full_bins": blind.nothing,
            f"{_CORE}.solve:_steps": blind.steps_reversed,
            "parameters:vector_packing.states.most_states": 3,
            "parameters:vector_packing.states.beams": (1, 1),
            "parameters:vector_packing.listed.most": 0,
            "parameters:vector_packing.pricing.most_cells": 0,
        },
    ),
    Path("cp-sat-blind", "cp-sat", 5, work=(25,), options={"small": 0}, lowers=_BLIND),
    Path("milp-blind", "milp", 5, work=(100,), likes={"fleets": 0}, lowers=_BLIND),
    Path("auto-blind", "auto", 5, seconds=60.0, lowers=_NO_REASON | _NO_VOLUME),
    Path("auto-scale-blind", "auto", 5, work=(2,), options=_LARGE, lowers=_BLIND | _DIVES),
    Path(
        "parts-poor",
        "decomposition",
        4,
        likes={"alike": 15, "fleets": 15},
        work=(2,),
        options={"copies": 2, "solver": "cp-sat"},
        reaches=(f"{_PARTS_ROOM}.solve:_Decomposition._round",),
        lowers=_POOR_PLAN | _NO_VOLUME,
    ),
    # scenarios of the problem
    Path("scenarios", SCENARIOS, 2, likes=_NO_FLEETS, work=(5,)),
    Path("scenarios-short", SCENARIOS, 1, likes=_NO_FLEETS, work=(1,)),
    Path("scenarios-blind", SCENARIOS, 1.5, likes=_NO_FLEETS, work=(2,), lowers=_BLIND),
    Path("scenarios-interrupt", SCENARIOS, 1, likes=_NO_FLEETS, seconds=60.0, stop="interrupt"),
    Path("scenarios-cut-short", SCENARIOS, 1, likes=_NO_FLEETS, stop="time"),
    Path(
        "scenarios-separate",
        SCENARIOS,
        1,
        likes=_NO_FLEETS,
        work=(5,),
        reaches=("placement.scenarios.recourse:Recourse.separate",),
    ),
    Path(
        "scenarios-moves",
        SCENARIOS,
        1,
        likes=_NO_FLEETS,
        work=(5,),
        options={"moves": True},
        reaches=("placement.scenarios.moves:few_moves",),
    ),
    Path("headroom", HEADROOM, 1, likes=_NO_FLEETS, work=(5,)),
    Path("headroom-interrupt", HEADROOM, 0.5, likes=_NO_FLEETS, seconds=60.0, stop="interrupt"),
    # prices that no solve comes to
    Path("any-prices", ANY_PRICES, 4, likes={"fleets": 0, "same": 40, "twins": 15}),
    # bounds alone
    Path("bound", "bound", 8, seconds=1.0),
    Path("bound-of-plan", "bound", 6, seconds=1.0, hint=True),
    Path("bound-blind", "bound", 6, seconds=1.0, lowers=_NO_REASON | _NO_VOLUME),
    Path("bound-coarse", "bound", 3, seconds=1.0, lowers=_NO_REASON | _NO_VOLUME | _COARSE_GRID | _SPANNING),
    Path("bound-cut-short", "bound", 5, stop="time"),
    # starts and ends
    Path("hint", "auto", 5, work=(1, 200), seconds=5.0, hint=True),
    Path("hint-scale", _CG, 5, work=(1, 3), hint=True),
    Path("hint-parts", "decomposition", 2, work=(1,), hint=True, options={"copies": 2, "solver": "greedy"}),
    Path("interrupt", "auto", 6, seconds=60.0, stop="interrupt"),
    Path("interrupt-scale", "auto", 6, seconds=60.0, options=_LARGE, stop="interrupt", lowers=_DIVES),
    Path("interrupt-parts", "decomposition", 2, seconds=60.0, options={"copies": 1}, stop="interrupt", looks=2.5),
    Path("interrupt-hint", "auto", 3, seconds=60.0, stop="interrupt", hint=True),
    Path("time-up", "auto", 5, stop="time"),
    Path("time-up-scale", "auto", 5, stop="time", options=_LARGE, lowers=_DIVES),
    Path("timer", "auto", 1, seconds=60.0, stop="timer", threads=2),
    Path("timer-scale", "auto", 1, seconds=60.0, stop="timer", threads=2, options=_LARGE, lowers=_DIVES),
    # every option of every solver
    *(
        Path(
            f"options-{solver}",
            solver,
            2.5 if solver != "bin-packing" else 0.1,
            work=WORK[solver],
            seconds=5.0,
            draws_options=True,
        )
        for solver in OPTION_VALUES
    ),
    # the same again
    Path("again-auto", "auto", 1, work=(100,), again=True),
    Path("again-scale", "auto", 1, work=(2,), options=_LARGE, again=True),
    Path("again-parts", "decomposition", 0.5, work=(2,), options={"copies": 2}, again=True),
    # certificates
    Path("certificate", "auto", 6, work=(20, 200), seconds=5.0, certify=True),
    Path("certificate-scale", _CG, 6, work=(1, 3), certify=True),
    Path("certificate-bound", "bound", 3, stop="time", certify=True, hint=True),
    # a second process; and the same at the other end of a pipe, in this process
    Path(
        "second-in-thread",
        _CG,
        2,
        likes={"fleets": 15, "alike": 15},
        seconds=0.4,
        threads=2,
        real=True,
        reaches=("placement.parallel.helper:_HelperProcess._do",),
        options={"steps": 20},
        lowers=_BLIND | _DIVES | _SECOND_IN_THREAD,
    ),
    Path(
        "second-in-thread-zones",
        _CG,
        2,
        likes=_ZONED,
        seconds=0.4,
        threads=2,
        real=True,
        reaches=_ZONES,
        options={"steps": 20},
        lowers=_BLIND | _POOR_PLAN | _ZONES_FROM | _NO_MIXES | _SECOND_IN_THREAD,
    ),
    Path(
        "second-in-thread-parts",
        "decomposition",
        1,
        likes=_ZONED,
        seconds=0.4,
        threads=2,
        real=True,
        options={"copies": 1, "groups": 2, "solver": "ffd", "rounds": 1},
        reaches=_ZONES,
        lowers=_ZONES_FROM | _SECOND_IN_THREAD | {"parameters:decomposition.zones.groups": 2},
    ),
    Path(
        "second-process",
        _CG,
        0.1,
        seconds=6.0,
        real=True,
        threads=2,
        reaches=("placement.parallel.helper:start_worker",),
        lowers=_DIVES | {"parameters:column_generation.helper.least": 0.0},
    ),
)
BY_NAME = {path.name: path for path in PATHS}
