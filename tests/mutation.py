"""Mutation testing: small faults are planted in the modules that proofs rest on, and tests must notice each of them.

    python3 dev.py mutate                          every module of `MODULES`, as far as they are not decided yet
    python3 dev.py mutate placement/compiled/packing.py     only these modules
    python3 dev.py mutate --survivors              those that survived, or took too long, once more
    python3 dev.py mutate --sample 100             at most so many mutants of each module
    python3 dev.py mutate --list                   what is known so far, and runs nothing

The tool is mutmut. Each module has a folder of its own under `.mutation`, with its results, so that a run that is
broken off goes on where it ended. With `--sample` those mutants are taken whose names have the least hashes: the same
on every machine. Strings are left as they are: words are no proofs.
Survivors that are argued to be equivalent stand in docs/develop/mutation.md, and are known by their code.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import types
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Change = tuple[str, str]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".mutation"
PAGE = ROOT / "docs" / "develop" / "mutation.md"
IDLE = 20  # times the clock may show what a process may take of a processor's time: another one may have the machine
EVERY = 1_000_000  # mutants of a module: more than any has
NEEDED = ("placement", "tests", "instances", "pyproject.toml", "dev.py")

VOLUMES = ("tests/bounds/test_volume.py", "tests/bounds/test_bounds.py")
CUTS = ("tests/patterns/test_certificate.py",)
SETTLING = ("tests/patterns/test_enumeration.py",)
INFEASIBLE = ("tests/bounds/test_infeasible.py",)
REASONS = ("tests/certificates/test_reasons.py",)
VERDICTS = ("tests/test_verify.py",)
WRITTEN = ("tests/certificates/test_builder.py",)
ROWS = ("tests/direct/test_model.py",)
GROUPS = ("tests/patterns/test_group_bound.py", "tests/compiled/test_group_use.py")

# Each module, and the tests that its mutants are run against.
MODULES: dict[str, tuple[str, ...]] = {
    "placement/referee/standing.py": VERDICTS,
    "placement/referee/rows.py": VERDICTS,
    "placement/referee/machines.py": VERDICTS,
    "placement/referee/components.py": VERDICTS,
    "placement/referee/fleet.py": VERDICTS,
    "placement/referee/money.py": VERDICTS,
    "placement/referee/claims.py": VERDICTS,
    "placement/referee/judge.py": VERDICTS,
    "placement/compiled/fleet.py": ("tests/compiled/test_fleet.py", "tests/documents/test_documents.py"),
    "placement/compiled/packing.py": ("tests/compiled/test_packing.py",),
    "placement/compiled/groups.py": (*GROUPS, "tests/solvers/test_whole_plan.py::test_rows_of_groups_are_the_rules"),
    "placement/compiled/survival.py": ("tests/compiled/test_survival.py", *GROUPS),
    "placement/direct/rules/groups.py": ROWS,
    "placement/direct/rules/losses.py": ROWS,
    "placement/direct/rules/running.py": ROWS,
    "placement/reductions/linear_prices.py": GROUPS,
    "placement/reductions/free_machines.py": ("tests/reductions/test_free_machines.py", "tests/reductions/test_all.py"),
    "placement/patterns/committed.py": GROUPS,
    "placement/patterns/group_bound.py": GROUPS,
    "placement/bounds/overload.py": ("tests/bounds/test_overload.py",),
    "placement/bounds/moves.py": VOLUMES,
    "placement/bounds/cutoff.py": ("tests/bounds/test_cutoff.py",),
    "placement/compiled/capacity.py": INFEASIBLE,
    "placement/bounds/infeasible.py": (*INFEASIBLE, "tests/bounds/test_clock.py"),
    "placement/bounds/cliques.py": ("tests/bounds/test_cliques.py",),
    "placement/bounds/dual_feasible.py": VOLUMES,
    "placement/bounds/volume.py": VOLUMES,
    "placement/patterns/certificate.py": CUTS,
    "placement/patterns/covering.py": CUTS,
    "placement/patterns/dedicated.py": (
        "tests/patterns/test_patterns.py::test_the_cheapest_whole_machines_are_those_of_all",
        "tests/patterns/test_patterns.py::test_whose_machines_are_counted_whole",
    ),
    "placement/patterns/enumeration/reduced_costs.py": (f"{SETTLING[0]}::test_the_slack_leaves_just_what_it_pays_for",),
    "placement/patterns/enumeration/listing.py": (
        f"{SETTLING[0]}::test_all_patterns_worth_enough_are_listed",
        f"{SETTLING[0]}::test_patterns_worth_quintillions_are_listed_to_the_unit",
        f"{SETTLING[0]}::test_many_small_items_keep_a_large_one_out",
        f"{SETTLING[0]}::test_the_limits_of_listing",
    ),
    "placement/patterns/multiplicity.py": (
        f"{SETTLING[0]}::test_no_accelerator_holds_more_copies_than_there_may_be_in_all",
        f"{SETTLING[0]}::test_copies_that_patterns_count_twice",
    ),
    "placement/patterns/enumeration/nodes.py": (
        f"{SETTLING[0]}::test_enumerated_nodes_are_never_above_the_optimum",
        f"{SETTLING[0]}::test_settling_proves_what_the_tree_can_not",
        f"{SETTLING[0]}::test_too_many_patterns_are_left_to_the_tree",
        f"{SETTLING[0]}::test_an_engine_that_fails_leaves_the_box_to_the_tree",
        f"{SETTLING[0]}::test_a_node_without_plans_in_half_of_the_gap_stays_to_be_split",
        f"{SETTLING[0]}::test_a_node_tells_its_cheapest_machines_and_what_the_engine_was_asked",
        f"{SETTLING[0]}::test_a_program_that_is_not_solved_raises_the_bound_alone",
        f"{SETTLING[0]}::test_a_solution_tells_copies_and_which_of_them_patterns_repeat",
        f"{SETTLING[0]}::test_an_accelerator_that_no_machine_may_bring_leaves_the_others",
        f"{SETTLING[0]}::test_patterns_of_all_accelerators_together_may_be_so_many",
        f"{SETTLING[0]}::test_after_too_many_patterns_nodes_of_a_smaller_gap_are_tried",
        f"{SETTLING[0]}::test_copies_that_a_node_does_not_allow_make_no_pattern_dearer",
    ),
    "placement/patterns/enumeration/program.py": (
        f"{SETTLING[0]}::test_an_optimal_plan_is_never_ruled_out",
        f"{SETTLING[0]}::test_enumerated_nodes_are_never_above_the_optimum",
        f"{SETTLING[0]}::test_settling_proves_what_the_tree_can_not",
        f"{SETTLING[0]}::test_a_pool_that_costs_too_much_does_not_drown_the_others",
        f"{SETTLING[0]}::test_the_last_digits_of_a_verdict_are_asked_for_one_by_one",
        f"{SETTLING[0]}::test_the_program_proves_the_cheapest_counts_and_none_below",
        f"{SETTLING[0]}::test_the_program_over_all_patterns_comes_to_the_optimum_of_most_small_problems",
        f"{SETTLING[0]}::test_an_engine_is_asked_within_the_tightest_tolerances_and_what_is_left_of_the_time",
        f"{SETTLING[0]}::test_an_engine_that_refuses_a_program_proves_nothing",
        f"{SETTLING[0]}::test_a_program_begins_at_the_solution_that_is_given",
        f"{SETTLING[0]}::test_last_digits_that_are_not_known_to_be_free_are_no_proof",
        f"{SETTLING[0]}::test_a_program_stops_when_it_is_told_or_time_is_over",
        f"{SETTLING[0]}::test_a_presolve_that_lies_proves_nothing",
        f"{SETTLING[0]}::test_a_run_that_fails_proves_nothing",
        f"{SETTLING[0]}::test_what_the_loss_of_a_pool_leaves_is_a_row_of_the_program",
        f"{SETTLING[0]}::test_what_is_asked_of_an_engine_reaches_it",
        f"{SETTLING[0]}::test_limits_on_sums_of_copies_are_rows_of_the_program",
        f"{SETTLING[0]}::test_what_was_proven_in_time_is_a_bound_without_a_solution",
        f"{SETTLING[0]}::test_a_limit_over_pools_is_a_row_of_the_program",
        f"{SETTLING[0]}::test_what_tolerances_may_hide_is_counted_for_all_that_a_solution_has",
        f"{SETTLING[0]}::test_an_engine_that_found_nothing_in_time_has_not_proven_that_there_is_nothing",
        f"{SETTLING[0]}::test_an_accelerator_that_no_machine_may_bring_leaves_the_others",
        "tests/test_rounding_errors.py::test_rows_of_large_numbers_are_rounded_to_ask_for_less",
    ),
    "placement/patterns/branch_and_price.py": (
        "tests/patterns/test_tree.py",
        "tests/patterns/test_patterns.py::test_whole_machines_by_branching",
        "tests/patterns/test_patterns.py::test_few_copies_on_one_machine",
        "tests/patterns/test_patterns.py::test_one_accelerator_holds_no_more_than_its_zone",
        "tests/patterns/test_patterns.py::test_a_wide_copy_stands_once_on_each_accelerator",
        "tests/patterns/test_patterns.py::test_whole_wide_copies_by_branching",
        "tests/patterns/test_patterns.py::test_branching_on_the_sum_over_zones",
    ),
    "placement/patterns/running/state.py": (
        "tests/patterns/test_kept_copies.py::test_the_bound_is_what_the_checker_makes_of_the_same_prices",
        "tests/patterns/test_kept_copies.py::test_moves_that_no_plan_avoids_are_paid_for_however_dear",
    ),
    "placement/solvers/column_generation/combinatorial_benders.py": (
        "tests/solvers/test_combinatorial_benders.py",
        "tests/bounds/test_cutoff.py",
    ),
    "placement/certificates/build.py": ("tests/certificates/test_build.py",),
    "placement/certificates/cliques.py": ("tests/certificates/test_cliques.py",),
    "placement/certificates/covering.py": (
        f"{WRITTEN[0]}::test_covering_proves_the_cheapest_whole_counts_and_no_more",
        f"{WRITTEN[0]}::test_covering_passes_over_what_asks_for_nothing_and_gives_up_without_an_engine",
    ),
    "placement/certificates/names.py": REASONS,
    "placement/certificates/nodes.py": REASONS,
    "placement/certificates/reasons.py": REASONS,
    "placement/certificates/search.py": (
        *WRITTEN,
        "tests/certificates/test_search.py",
        "tests/certificates/test_search_order.py",
    ),
    "placement/engines/cp_sat.py": ("tests/engines/test_cp_sat.py",),
    "placement/check_certificate.py": (
        "tests/certificates/test_checker.py",
        "tests/certificates/test_checker_parts.py",
        "tests/certificates/test_checker_words.py",
        "tests/certificates/test_rules.py",
    ),
}
# Tests of seconds, of which others say the same in less: they would make each survivor cost a minute.
LEFT_OUT = (
    f"{SETTLING[0]}::test_enumerated_nodes_are_never_above_the_optimum[all]",
    "tests/certificates/test_reasons.py::test_prices_are_written_by_name_where_they_are_not_0[all]",
    *(f"tests/bounds/test_bounds.py::test_bounds_are_below_the_optimum[{block}]" for block in (1, 2, 3)),
    "tests/bounds/test_bounds.py::test_mixes_that_lack_machines_raise_the_bound",
    "tests/solvers/test_combinatorial_benders.py::test_small_fleets_are_proven",
    "tests/bounds/test_cutoff.py::test_mixes_one_by_one_where_all_that_runs_must_move",
    *(
        f"tests/certificates/test_checker.py::{test}"  # in other processes, without the tool
        for test in (
            "test_a_plan_is_held_beside_the_bound",
            "test_a_word_below_the_claim_is_not_enough",
            "test_an_engines_word_is_told_apart",
            "test_another_engine_is_asked",
            "test_the_command_in_a_process",
            "test_the_script_works_alone",
            "test_what_no_engine_can_be_asked_is_not_decided",
            "test_bug_columns_that_are_alike_do_not_end_the_recheck",
        )
    ),
    "tests/certificates/test_checker.py::test_no_tree_proves_more_than_the_optimum",
    "tests/certificates/test_checker.py::test_damage_to_what_the_library_writes_proves_nothing_false",
    "tests/certificates/test_checker.py::test_no_prices_prove_more_than_the_optimum_nor_less_than_the_package[all]",
    "tests/certificates/test_checker.py::test_no_prices_and_rewards_prove_more_than_the_optimum_with_what_runs[all]",
    "tests/certificates/test_checker.py::test_any_value_anywhere_gives_a_sentence",
    "tests/certificates/test_checker.py::test_the_small_certificate_of_the_page",  # of a folder that is not copied
    "tests/certificates/test_builder.py::test_the_command_writes_a_certificate_beside_the_plan",
    "tests/certificates/test_builder.py::test_a_demand_is_rounded_as_all_throughputs_allow",
    "tests/certificates/test_builder.py::test_most_proofs_of_small_problems_rest_on_no_engine[all]",
    *(
        "tests/certificates/test_builder.py::"
        f"test_the_checker_accepts_what_is_written_and_it_claims_no_more_than_is_true[{case}]"
        for case in ("all-auto", "all-column-generation", "all-cp-sat")
    ),
)

SETTINGS = """\
[mutmut]
source_paths=placement
only_mutate={module}
also_copy={copied}
pytest_add_cli_args={arguments}
pytest_add_cli_args_test_selection={tests}
process_isolation=forkserver
timeout_multiplier=1
timeout_constant=4
use_git_change_detection=false
on_dependency_change=ignore
track_dependencies=false
"""


def main(arguments: Sequence[str]) -> int:
    """Exit 0 when each mutant is killed or argued to be equivalent, 1 when one survived, 2 for unknown modules."""
    parser = argparse.ArgumentParser(prog="dev.py mutate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"some of {', '.join(MODULES)}")
    parser.add_argument("--survivors", action="store_true", help="run those that survived, or took too long, once more")
    parser.add_argument("--sample", type=int, default=EVERY, help="most mutants of each module (all)")
    parser.add_argument("--list", action="store_true", help="what is known, without running anything")
    parser.add_argument("--folder", help=argparse.SUPPRESS)  # the child that works in one module's folder
    chosen = parser.parse_args(arguments)
    if chosen.folder:
        return mutate(Path(chosen.folder), chosen.sample, chosen.survivors)
    unknown = [name for name in chosen.modules if name not in MODULES]
    if unknown:
        parser.error(f"no tests are named for {', '.join(unknown)}; add a row to MODULES in tests/mutation.py")
    names = [name for name in MODULES if name in chosen.modules or not chosen.modules]
    if not chosen.list:
        for name in names:
            run(name, chosen.sample, chosen.survivors)
    return report(names, chosen.sample)


def folder_of(name: str) -> Path:
    """Where one module's mutants and results are kept."""
    return FOLDER / name.removesuffix(".py").replace("/", ".")


def module_of(folder: Path) -> str:
    """The module that a folder is for."""
    return folder.name.replace(".", "/") + ".py"


def run(name: str, sample: int, again: bool) -> None:
    """Make one module's folder and run its mutants there, in a process of its own."""
    folder, settings = folder_of(name), settings_of(name)
    folder.mkdir(parents=True, exist_ok=True)
    for entry in NEEDED:
        link = folder / entry
        if not link.is_symlink():
            link.symlink_to(ROOT / entry)
    file = folder / "setup.cfg"
    if file.exists() and file.read_text("utf-8") != settings:  # verdicts of other tests
        shutil.rmtree(folder / "mutants", ignore_errors=True)
    file.write_text(settings, "utf-8")
    print(f"== {name}", flush=True)
    command = [sys.executable, "-m", "tests.mutation", "--folder", str(folder), "--sample", str(sample)]
    subprocess.run([*command, *(["--survivors"] if again else [])], cwd=ROOT, check=True)


def settings_of(name: str) -> str:
    """What mutmut is told of one module."""
    files = {of(test) for test in MODULES[name]}
    lines = {
        "module": [name],
        "copied": list(NEEDED),
        "arguments": [
            "-p",
            "no:cacheprovider",
            "-m",
            "not long",
            *(f"--deselect={test}" for test in LEFT_OUT if of(test) in files),
        ],
        "tests": list(MODULES[name]),
    }
    return SETTINGS.format(**{key: "".join(f"\n    {row}" for row in rows) for key, rows in lines.items()})


def of(test: str) -> str:
    """The file that a test is in."""
    return test.partition("::")[0]


def mutate(folder: Path, sample: int, again: bool) -> int:
    """Run what is not decided among the sampled mutants of the module that `folder` is for."""
    os.chdir(folder)
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    from mutmut import __main__ as tool
    from mutmut.mutation import mutators
    from mutmut.utils import file_utils
    from mutmut.workers import isolation

    isolation.PytestRunner = collecting_once(isolation.PytestRunner)
    by_clock = isolation.register_timeout
    isolation.register_timeout = lambda pid, timeout_s: by_clock(pid, IDLE * timeout_s)
    operators: list[Any] = mutators.mutation_operators
    operators[:] = [row for row in operators if row[1] is not mutators.operator_string]
    if again:
        (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)  # which test runs what has changed
    (folder / "mutants").mkdir(exist_ok=True)
    with tool.CatchOutput(spinner_title="Generating mutants"):
        file_utils.copy_src_dir()
        file_utils.copy_also_copy_files()
        file_utils.setup_source_paths()
        tool.create_mutants(1)
    verdicts = read_verdicts(folder)
    undecided = {None, 2, *([code for code in STATES if STATES[code] in ("survived", "timeout")] if again else [])}
    waiting = [name for name in sampled(folder, verdicts, sample) if verdicts[name] in undecided]
    print(f"{len(verdicts)} mutants, {len(waiting)} to run", flush=True)
    if waiting:
        tool.cli(["run", "--max-children", "1", *waiting], standalone_mode=False)
    return 0


def collecting_once(base: Any) -> Any:
    """A runner of tests that collects them once, before any mutant: most of them live less long than that takes.

    The quickest tests come first.
    """
    import pytest
    from _pytest.config import _prepareconfig
    from mutmut.mutation.trampoline import set_mutant_under_test
    from mutmut.state import state
    from mutmut.utils.file_utils import change_cwd
    from mutmut.workers.isolation import run_in_fork

    class Runner(base):  # type: ignore[misc]
        session: pytest.Session | None = None

        def warm_up(self) -> None:
            """Collect; and see that all tests pass this way with nothing planted: else each mutant looks noticed."""
            words = ["--rootdir=.", "--tb=native", "-q", "-p", "no:randomly", "-p", "no:random-order"]
            with change_cwd("mutants"):
                settings = _prepareconfig(
                    [*words, *self._pytest_add_cli_args_test_selection, *self._pytest_add_cli_args]
                )
                settings._do_configure()  # noqa: SLF001 - what `pytest.main` does, but for running the tests
                self.session = pytest.Session.from_config(settings)
                settings.hook.pytest_sessionstart(session=self.session)
                settings.hook.pytest_collection(session=self.session)
            set_mutant_under_test("")
            if run_in_fork(self.run_tests, mutant_name=None, tests=[item.nodeid for item in self.session.items]):
                raise RuntimeError("tests fail in a forked process that pass elsewhere")

        def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
            """Run some of what was collected until one fails: 1 if one does, and 0 if none does."""
            if self.session is None:  # in a process of another purpose
                return int(super().run_tests(mutant_name=mutant_name, tests=tests))
            kept = sys.stdout, sys.stderr  # open until the end: pytest makes an error of a file that is left to rot
            items = {item.nodeid: item for item in self.session.items}
            chosen = [items[test] for test in sorted(tests, key=lambda test: (state().duration_by_test[test], test))]
            if mutant_name is not None:
                plant(mutant_name)
            with change_cwd("mutants"):
                for item, after in zip(chosen, [*chosen[1:], None], strict=True):
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                    if self.session.testsfailed:
                        return 1
            del kept
            return 0

    return Runner


def plant(mutant: str) -> None:
    """Call a mutant, and all else that is not changed, without asking each time which it is: that takes longest.

    What was imported by name from the module before goes on to ask.
    """
    name, _, chosen = mutant.rpartition(".")
    module = sys.modules[name]
    for attribute, versions in list(vars(module).items()):
        if not attribute.startswith("mutants_x") or not isinstance(versions, dict):
            continue
        path = attribute.removeprefix("mutants_").removesuffix("__mutmut")
        *owners, function = path.split("ǁ") if "ǁ" in path else ("", path.removeprefix("x_"))
        owner = getattr(module, owners[1]) if len(owners) > 1 else module
        if isinstance(vars(owner).get(function), types.FunctionType):
            setattr(owner, function, versions.get(chosen, versions["_mutmut_orig"]))


def read_verdicts(folder: Path) -> dict[str, int | None]:
    """Exit code of pytest for each mutant, None for those not run yet."""
    found: dict[str, int | None] = {}
    for meta in sorted((folder / "mutants").rglob("*.py.meta")):
        found.update(json.loads(meta.read_text())["exit_code_by_key"])
    return found


def sampled(folder: Path, verdicts: dict[str, int | None], most: int) -> dict[str, Change]:
    """The mutants with the least hashes and what they change, in the order of the source; guards do not count."""
    changes = {name: change for name, change in read_changes(folder, verdicts) if change[0] != change[1]}
    chosen = set(sorted(changes, key=lambda name: hashlib.sha256(name.encode()).digest())[:most])
    return {name: change for name, change in changes.items() if name in chosen}


def report(names: Sequence[str], sample: int) -> int:
    """A row a module, as docs/develop/mutation.md has them, and the survivors' code that nobody argued for."""
    argued = set(read_argued(PAGE.read_text("utf-8"))) if PAGE.exists() else set()
    rows, survivors = [], []
    for name in names:
        verdicts = read_verdicts(folder_of(name))
        states: Counter[str] = Counter()
        for mutant, change in sampled(folder_of(name), verdicts, sample).items():
            state = STATES.get(verdicts[mutant], "killed")
            if state == "survived":
                state = "equivalent" if (name, *change) in argued else "survived"
                if state == "survived":
                    survivors.append((mutant, *change))
            states[state] += 1
        of = f"{states.total() - states['not run']} of {len(sampled(folder_of(name), verdicts, EVERY))}"
        rows.append(f"| `{name}` | {of} | " + " | ".join(str(states[state]) for state in COLUMNS) + " |")
    for mutant, before, after in survivors:
        print(f"\n{mutant}\n  - {before}\n  + {after}")
    print(f"\n| module | mutants | {' | '.join(COLUMNS)} |\n|---{'|---' * (len(COLUMNS) + 1)}|", *rows, sep="\n")
    return 1 if survivors else 0


COLUMNS = ("killed", "timeout", "equivalent", "survived")
GUARD = re.compile(
    r",\s*strict=\w+(?=\))|,\s+(?=\))"
)  # zip(..., strict=True) stops our own mistakes, and changes no result
STATES: dict[int | None, str] = {None: "not run", 2: "not run", 0: "survived", 5: "survived", 33: "survived"}
STATES.update(dict.fromkeys((36, -24, 24, 152, 255, -9), "timeout"))


def read_changes(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, Change]]:
    """Each mutant with the code that it takes away and what stands there instead, each on one line, without guards."""
    mutated = folder / "mutants" / module_of(folder)
    if not mutated.exists():  # not begun
        return
    lines = mutated.read_text("utf-8").splitlines()
    spans = json.loads(mutated.with_name(f"{mutated.name}.spans").read_text("utf-8"))["spans"]
    for name in names:
        stem, number = name.rpartition(".")[2].split("__mutmut_")
        before, after = (
            [line.strip().replace(f"__mutmut_{which}", "") for line in lines[first - 1 : last]]
            for which in ("orig", number)
            for first, last in [spans[f"{stem}__mutmut_{which}"]]
        )
        rows = [row for row in difflib.ndiff(before, after) if row[0] in "-+"]
        yield name, (join(row[2:] for row in rows if row[0] == "-"), join(row[2:] for row in rows if row[0] == "+"))


def join(rows: Iterable[str]) -> str:
    """Several lines of code as one, without guards."""
    return GUARD.sub("", " ".join(rows))


def read_argued(page: str) -> Iterator[tuple[str, str, str]]:
    r"""Module, code and mutated code of each row of the page that argues for a mutant.

    >>> list(read_argued(r"| `a.py` | `x < y` | `x <= y` | both give y |"))
    [('a.py', 'x < y', 'x <= y')]
    """
    for row in re.findall(r"^\| (`[^`]+\.py`) \| (`.*?`) \| (`.*?`) \| ", page, re.MULTILINE):
        module, before, after = (cell.strip("`").strip().replace(r"\|", "|") for cell in row)
        yield module, before, after


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
