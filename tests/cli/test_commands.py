"""The other commands: verify, convert, schema, solvers, info, completion."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

import placement
from placement.cli.app import app
from placement.cli.schema import document_schema
from tests.cli.test_solve import CODEGEN, TINY, run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PLAN = {
    "format": "placement-plan/v1",
    "instances": [{"id": "a/new-1", "pool": "a"}, {"id": "a/new-2", "pool": "a"}],
    "assignments": [
        {"component": "chat-8b", "instance": "a/new-1", "accelerators": [0]},
        {"component": "chat-8b", "instance": "a/new-1", "accelerators": [0]},
        {"component": "chat-8b", "instance": "a/new-2", "accelerators": [0]},
    ],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a problem and a plan that someone else made."""
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    return tmp_path


# --- a plan that is of no use


@pytest.mark.parametrize(
    "command",
    [
        ("solve", "tiny.json", "--hint", "plan.json"),
        ("bound", "tiny.json", "plan.json"),
        ("transition", "tiny.json", "plan.json"),
        ("report", "tiny.json", "plan.json"),
        ("report", "tiny.json", "plan.json", "--picture", "map.svg"),
        ("show", "plan.json", "--problem", "tiny.json"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"assignments": PLAN["assignments"][:2]}, "$.assignments: breaks a rule of the problem"),
        ({"assignments": [PLAN["assignments"][0]] * 3}, "$.instances[0]: breaks a rule of the problem"),
        ({"assignments": [*PLAN["assignments"], {"component": "x", "instance": "a/new-1"}]}, "$.assignments[3]: "),
    ],
    ids=["copies", "memory", "row"],
)
def test_a_plan_that_breaks_a_rule_is_told_of_its_file(
    files: Path, command: tuple[str, ...], broken: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file, the place in it, the rule with its figures, and where all of them are told; nothing is written."""
    monkeypatch.chdir(files)
    Path("plan.json").write_text(json.dumps(PLAN | broken))

    done = run(*command)

    assert done.exit_code == 2
    assert done.stderr.startswith(f"placement: plan.json at {said}"), done.stderr
    assert done.stderr.endswith("; `placement verify` tells all\n")
    assert sorted(path.name for path in files.iterdir()) == ["plan.json", "tiny.json"]


@pytest.mark.parametrize(
    "command",
    [
        ("solve", "tiny.json", "--hint", "plan.json"),
        ("bound", "tiny.json", "plan.json"),
        ("report", "tiny.json", "plan.json"),
    ],
    ids=" ".join,
)
def test_a_plan_of_another_problem_is_told_as_that(
    files: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both names: the first of the many rules that it breaks here would send its reader astray."""
    monkeypatch.chdir(files)
    rows = [{**row, "component": "other"} for row in PLAN["assignments"]]  # type: ignore[dict-item]
    Path("plan.json").write_text(json.dumps(PLAN | {"problem": "fleet-b", "assignments": rows}))

    done = run(*command)

    assert done.exit_code == 2
    start = 'placement: plan.json at $.problem: is a plan of the problem "fleet-b", this is "tiny", of which it breaks '
    assert done.stderr.startswith(start), done.stderr
    assert "give it with its own problem" in done.stderr


def test_a_hint_of_a_problem_that_was_renamed_is_taken(files: Path) -> None:
    """It keeps every rule, so its name does not matter."""
    (files / "plan.json").write_text(json.dumps(PLAN | {"problem": "yesterday"}))

    assert run("bound", files / "tiny.json", files / "plan.json").exit_code == 0


def test_verify_names_another_problem_first(files: Path) -> None:
    """Before all that follows from it, of which only some lines are shown."""
    rows = [{**row, "pool": "b"} for row in PLAN["instances"]]  # type: ignore[dict-item]
    (files / "plan.json").write_text(json.dumps(PLAN | {"problem": "fleet-b", "instances": rows}))

    done = run("verify", files / "tiny.json", files / "plan.json")

    assert done.exit_code == 1
    assert done.stdout.startswith('plan: is a plan of the problem "fleet-b", this is "tiny" [claimed-problem]\n')


def test_what_a_plan_says_untrue_of_itself_is_no_rule_of_the_problem(files: Path) -> None:
    """A price that it does not have: the page would show it."""
    (files / "plan.json").write_text(json.dumps(PLAN | {"price_per_hour": 1.0}))

    done = run("show", "-", "--problem", files / "tiny.json", stdin=(files / "plan.json").read_text())

    assert done.exit_code == 2
    assert done.stderr.startswith("placement: standard input: says something untrue, so it can't be shown: plan: ")


# --- verify


def test_verify_prices_anyones_plan(files: Path) -> None:
    """A plan by hand, without any figure of its own."""
    done = run("verify", files / "tiny.json", files / "plan.json")

    assert done.exit_code == 0
    assert done.stdout == "every rule is kept: 3 copies on 2 machines, $4.48 an hour, 0 moves, cost $4.48\n"


def test_prices_on_top_of_what_is_committed_are_said_to_be_that(files: Path) -> None:
    """Two machines at $2.24, one of which is paid for: $2.24 is no figure of what the fleet costs."""
    paid = {**TINY, "commitments": [{"name": "reserved", "pools": ["a"], "instances": 1}]}
    (files / "paid.json").write_text(json.dumps(paid))

    done = run("verify", files / "paid.json", files / "plan.json")
    told = run("bound", files / "paid.json", files / "plan.json")

    assert "on 2 machines, $2.24 an hour on top of what is committed, 0 moves, cost $2.24\n" in done.stdout
    assert told.stdout.startswith("no plan costs less than $2.24 on top of what is committed (proven by ")


def test_verify_names_each_broken_rule(files: Path) -> None:
    """One line each, with the rule's name; exit 1."""
    rows = [*PLAN["assignments"][:2], {**PLAN["assignments"][2], "instance": "a/new-1"}]  # type: ignore[dict-item]
    (files / "plan.json").write_text(json.dumps({**PLAN, "assignments": rows, "price_per_hour": 1.0}))

    done = run("verify", files / "tiny.json", files / "plan.json")

    assert done.exit_code == 1
    *lines, last = done.stdout.splitlines()
    assert [line.rpartition("[")[2] for line in lines] == ["accelerator-memory]", "claimed-price]"]
    assert last.startswith("2 broken rules: 3 copies on 2 machines, $4.48 an hour")


def test_verify_reads_one_of_two_from_stdin(files: Path) -> None:
    """Either may be piped in, not both."""
    assert run("verify", files / "tiny.json", "-", stdin=json.dumps(PLAN)).exit_code == 0
    assert run("verify", "-", files / "plan.json", stdin=json.dumps(TINY)).exit_code == 0
    both = run("verify", "-", "-", stdin=json.dumps(TINY))
    assert (both.exit_code, both.stderr) == (2, "placement: only one of FILE and PLAN can be standard input\n")


def test_verify_tells_documents_apart(files: Path) -> None:
    """Arguments the wrong way round are bad input, not a broken rule."""
    done = run("verify", files / "plan.json", files / "tiny.json")

    assert done.exit_code == 2
    assert "this is a plan; a problem is wanted" in done.stderr


def test_verify_has_nothing_to_check_in_the_news_that_there_is_no_plan(files: Path) -> None:
    """Said in words, exit 0."""
    (files / "plan.json").write_text(json.dumps({"format": "placement-plan/v1", "status": "infeasible"}))

    done = run("verify", files / "tiny.json", files / "plan.json")

    assert (done.exit_code, done.stdout) == (0, "nothing to check: the plan says infeasible and places nothing\n")


def test_verify_cuts_very_many_lines(files: Path) -> None:
    """The first fifty, and how many more; all of them with ``--full``."""
    rows = [{"component": f"no-{k}", "instance": "a/new-1"} for k in range(80)]
    (files / "plan.json").write_text(json.dumps({**PLAN, "assignments": rows}))

    short, full = (run("verify", files / "tiny.json", files / "plan.json", *more).stdout for more in ([], ["--full"]))

    more = len(full.splitlines()) - 1 - 50
    assert more > 30
    assert short.splitlines()[50] == f"and {more} more; --full lists each"
    assert len(short.splitlines()) == 52


def test_verify_tells_required_copies_from_optional_ones(files: Path) -> None:
    """A component without optional copies leaves none out."""
    (files / "plan.json").write_text(json.dumps({**PLAN, "assignments": PLAN["assignments"][:2]}))
    required = run("verify", files / "tiny.json", files / "plan.json").stdout
    component = {**TINY["components"][0], "min_copies": 2}  # type: ignore[index]
    (files / "tiny.json").write_text(json.dumps({**TINY, "components": [component]}))
    optional = run("verify", files / "tiny.json", files / "plan.json").stdout

    assert required.endswith("wanted copies not placed: 1 of priority 0\n")
    assert optional.endswith("optional copies left out: 1 of priority 0\n")


# --- convert


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "instances").glob("*.yaml")))
def test_convert_there_and_back_means_the_same(name: str, tmp_path: Path) -> None:
    """YAML to JSON to YAML: the same problem."""
    original = ROOT / "instances" / name

    assert run("convert", original, tmp_path / "a.json").exit_code == 0
    assert run("convert", tmp_path / "a.json", tmp_path / "b.yaml").exit_code == 0

    json.loads((tmp_path / "a.json").read_text())
    assert placement.read(tmp_path / "b.yaml") == placement.read(original)


def test_convert_takes_plans_and_pipes(files: Path) -> None:
    """A dash on both sides; the document's own format says what it is."""
    done = run("convert", "-", "-", stdin=json.dumps(PLAN))

    assert done.exit_code == 0
    assert json.loads(done.stdout) == PLAN
    assert json.loads(run("convert", files / "tiny.json").stdout) == TINY


def test_convert_checks_on_the_way(tmp_path: Path) -> None:
    """A document with faults is not passed on."""
    (tmp_path / "bad.json").write_text(json.dumps({**TINY, "pool": []}))

    done = run("convert", tmp_path / "bad.json", tmp_path / "out.json")

    assert done.exit_code == 2
    assert 'unknown key; did you mean "pools"?' in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_convert_does_not_write_over_what_it_reads(tmp_path: Path) -> None:
    """Comments would be lost."""
    path = tmp_path / "p.yaml"
    text = f"# why\n{json.dumps(TINY)}\n"
    path.write_text(text)

    done = run("convert", path, path)

    assert (done.exit_code, path.read_text()) == (2, text)
    assert f"OUT {path} is the same file as FILE" in done.stderr
    assert "keeps no comments" in done.stderr


def test_convert_to_the_fleet_once_a_plan_is_carried_out(files: Path) -> None:
    """Its machines and copies run, so the plan of that fleet moves nothing and opens nothing."""
    assert run("convert", files / "tiny.json", files / "run.yaml", "--running", files / "plan.json").exit_code == 0

    problem = placement.read(files / "run.yaml")
    assert [row.id for row in problem.instances] == ["a/new-1", "a/new-2"]
    assert [(row.instance, row.accelerators) for row in problem.placements] == [
        ("a/new-1", (0,)),
        ("a/new-1", (0,)),
        ("a/new-2", (0,)),
    ]
    assert placement.solve(problem, "greedy").plan.moves == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"problem": "other"}, 'plan.json at $.problem: is a plan of the problem "other", this is "tiny"'),
        ({"assignments": PLAN["assignments"][:2]}, "plan.json at $.assignments: breaks a rule of the problem"),
        ({"status": "infeasible", "assignments": [], "instances": []}, "plan.json at $.status: is infeasible"),
    ],
    ids=["other", "broken", "none"],
)
def test_convert_takes_no_plan_that_can_not_run(files: Path, change: dict[str, Any], said: str) -> None:
    """Of another problem, against its rules, or the news that there is none; nothing is written."""
    (files / "plan.json").write_text(json.dumps(PLAN | change))

    done = run("convert", files / "tiny.json", files / "run.yaml", "--running", files / "plan.json")

    assert done.exit_code == 2
    assert said in done.stderr
    assert not (files / "run.yaml").exists()


def test_convert_wants_a_problem_for_a_plan_to_run_by(files: Path) -> None:
    """Two plans are told by what the first is; only one of two files is standard input; neither is written over."""
    plan = files / "plan.json"
    assert "this is a plan; a problem is wanted" in run("convert", plan, "-", "--running", plan).stderr
    assert "only one of FILE and --running" in run("convert", "-", "-", "--running", "-").stderr
    refused = run("convert", files / "tiny.json", plan, "--running", plan)
    assert (refused.exit_code, json.loads(plan.read_text())) == (2, PLAN)


def test_convert_a_problem_that_was_kept_to_what_runs_by_another(files: Path) -> None:
    """As an import writes it; what the kept one does not have is told with the name of the other's file."""
    rows = {"instances": [{"id": "i-7", "pool": "a"}], "placements": [{"component": "chat-8b", "instance": "i-7"}]}
    (files / "now.json").write_text(json.dumps(TINY | {"name": "cluster"} | rows))
    command = ("convert", files / "tiny.json", files / "run.yaml", "--running", files / "now.json")
    assert run(*command).exit_code == 0
    found = placement.read(files / "run.yaml")
    assert (found.name, [row.id for row in found.instances], len(found.placements)) == ("tiny", ["i-7"], 1)

    other = [{"name": "chat-8", "copies": 1, "accelerator_memory_gib": 20}]
    (files / "now.json").write_text(
        json.dumps(TINY | rows | {"components": other} | {"placements": [{"component": "chat-8", "instance": "i-7"}]})
    )
    refused = run(*command)
    assert refused.exit_code == 2
    assert 'now.json at $.placements[0].component: is none that was kept; did you mean "chat-8b"?' in refused.stderr


@pytest.mark.parametrize("name", ["p.toml", "p.yamll", "p.csv"])
def test_convert_to_what_it_can_not_write_is_refused(files: Path, name: str) -> None:
    """It wrote JSON into it."""
    done = run("convert", files / "tiny.json", files / name)

    assert done.exit_code == 2
    assert done.stderr.endswith(f"{name}: the suffix says what is written, and must be .json, .yaml or .yml\n")
    assert not (files / name).exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("solve", "policy.json"), "this is a scaling policy; a problem is wanted"),
        (("verify", "tiny.json", "policy.json"), "this is a scaling policy; a plan is wanted"),
        (("convert", "policy.json"), "this is a scaling policy; a problem or a plan is wanted"),
        (("transition", "tiny.json", "tiny.json"), "this is a problem; a plan is wanted"),
        (("scenarios", "tiny.json", "tiny.json"), "this is a problem; scenarios are wanted"),
        (("scale", "tiny.json", "plan.json", "--rates", "x.csv"), "this is a plan; a scaling policy is wanted"),
        (
            ("report", "tiny.json", "plan.json", "--transition", "tiny.json"),
            "this is a problem; a transition is wanted",
        ),
        (("import", "kubernetes", "tiny.json"), "this is a problem; what kubectl get nodes,pods"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_document_of_another_kind_is_told_by_what_it_is(
    files: Path, command: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line: that its keys are others would be said of each of them."""
    monkeypatch.chdir(files)
    policy = {"format": "placement-scaling/v1", "components": [{"name": "chat-8b", "target_value": 1}]}
    Path("policy.json").write_text(json.dumps(policy))

    done = run(*command)

    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- schema


@pytest.mark.parametrize(("kind", "version"), [("problem", "placement/v1"), ("plan", "placement-plan/v1")])
def test_schema_is_json_with_every_key(kind: str, version: str) -> None:
    """The keys of the schema are the keys of the document."""
    schema = json.loads(run("schema", kind).stdout)

    model: Any = placement.Problem if kind == "problem" else placement.Plan
    assert schema["title"] == schema["properties"]["format"]["const"] == version
    assert set(schema["properties"]) == {*model.model_fields, *getattr(model, "later", ())}
    assert schema["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("scaling", ["format"]),
        ("frontier", ["format", "stop", "points"]),
        ("room", ["format", "status", "plan", "asked"]),
        ("headroom", ["format", "components", "stop", "points"]),
    ],
)
def test_schema_of_later_documents(kind: str, wanted: list[str]) -> None:
    """What their readers can't do without."""
    schema = json.loads(run("schema", kind).stdout)
    assert schema["title"] == f"placement-{kind}/v1"
    assert set(schema["required"]) >= set(wanted)


def test_schema_of_a_problem_refuses_unknown_keys_and_wants_the_format() -> None:
    """As the reader does."""
    schema = document_schema("problem")

    assert schema["additionalProperties"] is False
    assert schema["required"] == ["format", "instance_types", "pools", "components"]
    assert all(row["additionalProperties"] is False for row in schema["$defs"].values())


def test_schema_of_something_else_is_refused() -> None:
    """With the nearest there is."""
    done = run("schema", "plam")

    assert (done.exit_code, done.stderr) == (2, 'placement: no document "plam"; did you mean "plan"?\n')


# --- warnings

MISSPELT = {**TINY, "components": [{**TINY["components"][0], "zones": ["us-east-1a", "us-east-1b"]}]}  # type: ignore[index]
DOUBT = (
    "$.components[0].zones[1]: names a zone that no pool is in, so it allows nothing; "
    'did you mean "us-east-1a"?, got "us-east-1b"'
)


@pytest.mark.parametrize("command", ["solve", "verify", "bound", "convert"])
def test_a_zone_without_a_pool_is_warned_of(files: Path, command: str) -> None:
    """On stderr, with its place and the nearest zone; the document is valid, and the command does what it does."""
    (files / "tiny.json").write_text(json.dumps(MISSPELT))
    more = [files / "plan.json"] if command in ("verify", "bound") else []

    done = run(command, files / "tiny.json", *more)

    assert (done.exit_code, done.stderr) == (0, f"warning: {files / 'tiny.json'} at {DOUBT}\n")
    assert run(command, "-", *more, stdin=json.dumps(TINY)).stderr == ""


def test_memory_in_mib_is_warned_of(files: Path) -> None:
    """As drivers tell it, 80 GiB are 81559 MiB: such a machine would hold everything. No number is refused for it."""
    document = json.loads(json.dumps(TINY))
    (kind,) = document["instance_types"].values()
    kind["memory_gib"] = 2_097_152
    document["accelerators"][kind["accelerator"]]["memory_gib"] = 81_559
    (files / "tiny.json").write_text(json.dumps(document))

    done = run("convert", files / "tiny.json")
    assert done.exit_code == 0
    assert "memory_gib: counts GiB, and no machine has 81,559; where these are MiB, write 79.6475\n" in done.stderr
    assert "memory_gib: counts GiB, and no machine has 2,097,152; where these are MiB, write 2048\n" in done.stderr


def test_a_quiet_solve_warns_of_nothing(files: Path) -> None:
    """As asked."""
    (files / "tiny.json").write_text(json.dumps(MISSPELT))

    assert run("solve", files / "tiny.json", "--quiet").stderr == ""


def test_info_lists_warnings(files: Path) -> None:
    """Beside the facts; of very many the first."""
    (files / "tiny.json").write_text(json.dumps(MISSPELT))
    assert "did you mean" in run("info", files / "tiny.json").stdout

    zones = [f"z{k}" for k in range(50)]
    (files / "tiny.json").write_text(
        json.dumps({**TINY, "components": [{**TINY["components"][0], "zones": ["us-east-1a", *zones]}]})  # type: ignore[index]
    )
    assert "and 30 more warnings; --full lists each" in run("info", files / "tiny.json").stdout
    assert "30 more of that kind; --full lists each" in run("solve", files / "tiny.json").stderr
    assert len(run("solve", files / "tiny.json", "--full").stderr.splitlines()) == 50


# --- solvers and info


def test_solvers_lists_every_solver_with_every_option() -> None:
    """With defaults, and with the text that stands beside the option in the code."""
    text = run("solvers").stdout

    for name, solver in placement.SOLVERS.items():
        assert re.search(rf"^{re.escape(name)} +{'yes' if solver.proves else 'no'} ", text, re.MULTILINE)
        for field in dataclasses.fields(solver.default_options()):
            assert f"{name}.{field.name}={getattr(solver.default_options(), field.name)}" in text


def test_every_option_is_explained() -> None:
    """A field that is no `option` would stand bare in the list."""
    from placement.report.solvers import options_of

    for solver in placement.SOLVERS.values():
        for name, _, meaning in options_of(solver.default_options()):
            assert meaning, f"{solver.name}.{name}"


def test_info_looks_before_solving() -> None:
    """Sizes and a bound, without a search."""
    done = run("info", CODEGEN)

    assert done.exit_code == 0
    assert "12 components" in done.stdout
    assert "ml.p5en.48xlarge" in done.stdout
    assert re.search(r"no plan costs less than \$\d+", done.stdout)


# --- the program itself


def test_version() -> None:
    """The one the package has."""
    assert run("--version").stdout == f"placement {placement.__version__}\n"


COMMANDS = (
    "diff",
    "audit",
    "solve",
    "bound",
    "verify",
    "report",
    "show",
    "convert",
    "schema",
    "solvers",
    "info",
    "size",
    "catalogue",
    "import",
    "export",
    "apply",
    "init",
    "profile",
    "scale",
    "simulate",
    "replan",
    "transition",
    "rollout",
    "make-room",
    "hybrid",
    "scenarios",
    "headroom",
)


def parameters_of(command: Any, called: str = "placement") -> Iterator[tuple[str, str]]:
    """Each argument and option of a command and of those below it, and what its help says."""
    for parameter in command.params:
        yield f"{called} {parameter.name}", getattr(parameter, "help", None) or ""
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters_of(below, f"{called} {name}")


def test_help_is_sentences() -> None:
    """Not half ones, of which a reader has to guess the beginning: "Of the pictures.", "Until a copy is ready."."""
    found = dict(parameters_of(typer.main.get_command(app)))
    assert len(found) > 200
    halves = (
        "Of ",
        "On ",
        "Until ",
        "Between ",
        "Such as ",
        "With",
        "Absent",
        "Most ",
        "Whose ",
        "Where files ",
        "In ",
    )
    for name, said in found.items():
        assert said.endswith("."), name
        assert not said.startswith(halves) or said.startswith("With --"), f"{name}: {said}"
        assert "Absent:" not in said, f"{name}: {said}"
        assert "Without:" not in said, f"{name}: {said}"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    """Every command says what it does; solve and verify name their exit codes."""
    done = run(command, "--help")

    assert done.exit_code == 0
    if command in ("solve", "verify"):
        assert "Exit codes: 0" in done.stdout


@pytest.mark.parametrize(
    ("words", "cword", "expected"),
    [
        ("placement ", 1, set(COMMANDS)),
        ("placement solve --solver cp", 3, {"cp-sat"}),
        ("placement solve --set milp.e", 3, {"milp.engine="}),
        ("placement schema p", 2, {"problem", "plan"}),
        ("placement solve inst", 2, set()),  # nothing of ours: the shell goes on with file names
    ],
)
def test_completion(words: str, cword: int, expected: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What bash is told to offer."""
    from typer.testing import CliRunner

    from placement.cli.app import app

    environment = {"COMP_WORDS": words, "COMP_CWORD": str(cword), "_PLACEMENT_COMPLETE": "complete_bash"}
    done = CliRunner().invoke(app, [], env=environment, prog_name="placement")

    assert set(done.stdout.split()) == expected


# --- one command alone


def test_a_command_line_makes_no_other_command_ready() -> None:
    """That of all takes a tenth of a second. What names no command gets all: the help, and what was meant."""
    every = typer.main.get_command(app)
    assert isinstance(every, typer.core.TyperGroup)
    assert len(every.commands) > 25
    for name, command in every.commands.items():
        alone = typer.main.get_command(app.with_command([name, "--help"]))
        assert isinstance(alone, typer.core.TyperGroup)
        assert {row.name for row in alone.commands.values()} == {name} == {command.name}
    for words in ([], ["--help"], ["slove"]):
        assert app.with_command(words) is app
    again = typer.main.get_command(app)
    assert isinstance(again, typer.core.TyperGroup)
    assert again.commands.keys() == every.commands.keys()


def test_a_plan_that_was_carried_out_is_told_to_be_that(tmp_path: Path) -> None:
    """All its new machines run by the problem: three are told, and which commands take it so."""
    fleet, plan, running = (tmp_path / name for name in ("fleet.json", "plan.json", "running.json"))
    problem = placement.Problem(
        instance_types={"m": {"vcpus": 8, "memory_gib": 64, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "m", "zone": "z"}],
        components=[{"name": "a", "copies": 5, "accelerators": 0, "vcpus": 8}],
    )
    placement.write(problem.to_document(), fleet)
    assert run("solve", fleet, "--output", plan).exit_code == 0
    assert run("convert", fleet, running, "--running", plan).exit_code == 0

    done = run("verify", running, plan)
    *_, last_new, more, hint, counted = done.stdout.splitlines()
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 6)
    assert "is said to be new" in last_new
    assert more == "and 2 more; --full lists each"
    assert "`placement audit FILE PLAN`" in hint
    assert counted.startswith("5 broken rules: 5 copies on 5 machines")
    assert len(run("verify", running, plan, "--full").stdout.splitlines()) == 7
    shown = run("report", running, plan, "--html", tmp_path / "page.html")
    assert (shown.exit_code, "was the plan carried out?" in shown.stderr) == (2, True)
    assert run("audit", running, plan, "--time-limit", "0").exit_code == 0
    again = run("replan", running, "--max-moves", "0", "--output", tmp_path / "now.json")
    assert again.exit_code == 0
    assert run("verify", running, tmp_path / "now.json").exit_code == 0
